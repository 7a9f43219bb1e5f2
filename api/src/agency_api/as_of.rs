//! Reads of the past: `as_of` names the moment.

use application::past::{Moment, PastError};
use chrono::{DateTime, SubsecRound, Utc};
use domain::Timestamp;
use projections::audit_entry::AuditEntryView;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    authenticated::Needs,
    reading::{Reading, opened},
};
use crate::{
    past::Past,
    problem::{Kind, Problem},
    state::Server,
};

/// The moment that a read of one thing may name.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AsOf {
    /// How it was then: an RFC 3339 time, or the `Grantlink-Position` of an earlier answer.
    #[param(example = "2026-11-21T12:00:00Z")]
    pub(super) as_of: Option<String>,
}

/// The moment that a caller names; none is now.
pub(super) async fn moment<N: Needs>(
    server: &Server,
    reading: &Reading<N>,
    text: Option<&str>,
) -> Result<Option<Moment>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if let Some(at) = time(text) {
        return Ok(Some(server.app.moment_at(at).await?));
    }
    let position = opened(server, reading.tenant(), text).await.map_err(named)?;
    Ok(Some(server.app.moment_after(position).await?))
}

/// The past as the caller sees it.
pub(super) fn past<'a, N: Needs>(server: &'a Server, reading: &Reading<N>, until: Moment) -> Past<'a> {
    Past {
        app: &server.app,
        views: server.views.as_ref(),
        tenant: reading.tenant(),
        until,
    }
}

/// The same for a list: the index that it may need shows the moment.
pub(super) async fn indexed<'a, N: Needs>(
    server: &'a Server,
    reading: &Reading<N>,
    until: Moment,
) -> Result<Past<'a>, Problem> {
    reading.reached(server, &AuditEntryView::VIEW, until.position).await?;
    Ok(past(server, reading, until))
}

/// A time in whole microseconds, as the log keeps them. The `+` of an offset that was not escaped arrives as a space.
fn time(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    Some(at.with_timezone(&Utc).trunc_subsecs(6))
}

/// What is wrong with a position is wrong with `as_of` here.
fn named(problem: Problem) -> Problem {
    if problem.kind() != Kind::InvalidPosition {
        return problem;
    }
    Problem::new(Kind::InvalidAsOf)
        .detail("as_of is an RFC 3339 time, as in 2026-11-21T12:00:00Z, or a Grantlink-Position as an answer gave it")
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        let text = error.to_string();
        match error {
            PastError::Future => Self::new(Kind::InvalidAsOf).detail(&text),
            PastError::TooMuch => {
                Self::new(Kind::TooMuchHistory).detail(&format!("{text}: ask for one customer_id or location_id"))
            }
            PastError::Store(error) => error.into(),
        }
    }
}
