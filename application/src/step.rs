//! The steps of a request, for whoever traces it. Nothing here knows whether anybody does: a span that nobody wants costs nothing.

use tracing::Span;

/// The target of spans that are steps of a trace. They say what was done, with which outcome; never a token, a path or a person.
pub const STEP: &str = "grantlink_step";

/// A command, by its use case.
pub(crate) fn command(name: &str) -> Span {
    tracing::info_span!(target: STEP, "command", name, failed = tracing::field::Empty)
}

/// One decision of a command; a conflict is followed by another one.
pub(crate) fn decide() -> Span {
    tracing::info_span!(target: STEP, "decide", failed = tracing::field::Empty)
}

/// One commit.
pub(crate) fn commit(events: usize) -> Span {
    tracing::info_span!(target: STEP, "commit", events, position = tracing::field::Empty, failed = tracing::field::Empty)
}

/// Notes what came of a step.
pub(crate) fn ended<T, E>(span: &Span, outcome: &Result<T, E>) {
    if outcome.is_err() {
        span.record("failed", true);
    }
}

/// A type's own name, without where it stands and what it is made of.
pub(crate) fn short_name<T: ?Sized>() -> &'static str {
    let whole = std::any::type_name::<T>();
    let outer = whole.split('<').next().unwrap_or(whole);
    outer.rsplit("::").next().unwrap_or(outer)
}
