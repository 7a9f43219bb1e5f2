//! Collects the steps of requests: spans of our own target, and nothing else, so that nobody's field is sent by accident.

use std::{str::FromStr, sync::Arc};

use application::{ports::clock::Clock, step::STEP};
use tokio::sync::mpsc;
use tracing::{
    Metadata, Span, Subscriber,
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterFn, filter_fn},
    layer::Context,
    registry::{LookupSpan, SpanRef},
};

use super::{
    figures::TraceFigures,
    step::{Open, Said, Step, fresh_id, is_met},
};

/// The layer that collects steps.
pub struct Steps {
    ratio: f64,
    queue: mpsc::Sender<Step>,
    clock: Arc<dyn Clock>,
    figures: TraceFigures,
}

impl Steps {
    pub(super) fn new(ratio: f64, queue: mpsc::Sender<Step>, clock: Arc<dyn Clock>, figures: TraceFigures) -> Self {
        Self {
            ratio,
            queue,
            clock,
            figures,
        }
    }

    /// The layer, and the filter without which it would see every span.
    pub fn layer<S>(self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let ours: FilterFn = filter_fn(|metadata: &Metadata<'_>| metadata.target() == STEP);
        self.with_filter(ours)
    }

    /// A step of a trace that is kept; none, when nobody wants it.
    fn open(&self, mut said: Said, above: Option<(u128, u64)>) -> Option<Open> {
        let id = fresh_id();
        let (trace, parent, wanted_by_caller_alone) = match (above, said.trace.take()) {
            (Some((trace, parent)), _) => (trace, Some(parent), false),
            (None, Some(trace)) => {
                let by_chance = is_met(self.ratio);
                let is_wanted = said.sampled.unwrap_or(by_chance);
                is_wanted.then_some((trace, said.parent, !by_chance))?
            }
            (None, None) => return None,
        };
        Some(Open {
            trace,
            id,
            parent,
            wanted_by_caller_alone,
            began: self.clock.now(),
            ended: None,
            said,
        })
    }
}

impl<S> Layer<S> for Steps
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut said = Said::default();
        attributes.record(&mut said);
        said.name.get_or_insert_with(|| attributes.metadata().name().to_owned());
        if let Some(open) = self.open(said, nearest(&span)) {
            span.extensions_mut().insert(open);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.said);
            if open.said.has_ended && open.ended.is_none() {
                open.ended = Some(self.clock.now());
            }
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(open) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        if open.wanted_by_caller_alone && !open.said.names_a_caller() {
            return; // a stranger does not fill the queue
        }
        if self.queue.try_send(open.end(self.clock.as_ref())).is_err() {
            self.figures.dropped.inc();
        }
    }
}

/// The step around a span, past spans of other targets.
fn nearest<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<(u128, u64)> {
    let mut around = span.scope().skip(1);
    around.find_map(|span| span.extensions().get::<Open>().map(|open| (open.trace, open.id)))
}

/// Whether anybody will see this step: what only serves a trace need not be done otherwise.
pub fn is_kept(span: &Span) -> bool {
    let kept = span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        Some(registry.span(id)?.extensions().get::<Open>().is_some())
    });
    kept.flatten().unwrap_or(false)
}

/// What a caller says of the trace that a request belongs to: the header `traceparent` (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The trace.
    pub trace: u128,
    /// The step of the caller.
    pub step: u64,
    /// Whether the caller keeps it.
    pub is_sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoParent;

impl FromStr for Parent {
    type Err = NoParent;

    /// As the standard says: a later version may say more behind it, this one may not; no id is 0, no digit is a capital.
    fn from_str(text: &str) -> Result<Self, NoParent> {
        let mut parts = text.splitn(5, '-');
        let mut digits = |count: usize| {
            let part = parts.next().filter(|part| part.len() == count).ok_or(NoParent)?;
            let plain = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            plain.then_some(part).ok_or(NoParent)
        };
        let (version, trace, step, flags) = (digits(2)?, digits(32)?, digits(16)?, digits(2)?);
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return Err(NoParent);
        }
        let parent = Self {
            trace: u128::from_str_radix(trace, 16).map_err(|_| NoParent)?,
            step: u64::from_str_radix(step, 16).map_err(|_| NoParent)?,
            is_sampled: u8::from_str_radix(flags, 16).map_err(|_| NoParent)? & 1 == 1,
        };
        (parent.trace != 0 && parent.step != 0)
            .then_some(parent)
            .ok_or(NoParent)
    }
}
