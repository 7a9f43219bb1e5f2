//! Everything that ever happened to a link's token, step by step, read from the log itself.

use application::CommandError;
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    connect_link::ConnectLinkError,
    ids::{EventId, LinkId},
    log::{Position, Recorded},
};
use projections::{
    audit_entry::{AuditEntryView, AuditSubject},
    link::LinkView,
    timeline::{TimelineEntry, told},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    agency_api::{
        asked::{Asked, Id},
        authenticated::AuditRead,
        document::ReadRefusals,
        pages,
        reading::{MinPosition, Reading},
    },
    problem::Problem,
    state::Server,
    story,
};

/// Which part of an audit trail is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct TrailWanted {
    /// How many entries at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// The `next_cursor` of the part before.
    cursor: Option<String>,
}

/// A part of an audit trail, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Trail {
    /// The entries.
    data: Vec<Entry>,
    /// Where the next part begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Entry {
    /// The event's id.
    #[schema(value_type = Uuid)]
    id: EventId,
    /// When it was recorded.
    at: DateTime<Utc>,
    /// What happened, as a sentence.
    #[schema(
        example = "API key 1 of Anna Berg (owner) issued a connect link for Google, valid until 28 November 2026, 10:01 UTC"
    )]
    text: String,
    /// What happened, as a code: what it happened to, and the event's name.
    #[schema(example = "connect_link.Issued")]
    r#type: String,
    /// Who did it, in words.
    who: String,
    /// Who did it: `member:<id>`, `api_key:<number>/<member's id>`, `customer`, `system` or `operator`.
    #[schema(example = "customer")]
    actor: Option<String>,
    /// In whose place, in words.
    on_behalf_of: Option<String>,
    /// From which network: a keyed hash that says only whether two steps came from the same one.
    network: Option<String>,
}

/// Reads a link's audit trail
///
/// Oldest first: everything that was ever recorded against the token, observations included.
#[utoipa::path(
    get, path = "/links/{id}/audit", tag = "Links", operation_id = "read_link_audit",
    security(("api_key" = ["audit:read"])),
    params(("id" = Uuid, Path, description = "The link"), TrailWanted, MinPosition),
    responses((status = 200, description = "The entries", body = Trail), ReadRefusals),
)]
pub(in crate::agency_api) async fn audit(
    State(server): State<Server>,
    reading: Reading<AuditRead>,
    Id(link): Id<LinkId>,
    Asked(wanted): Asked<TrailWanted>,
) -> Result<Json<Trail>, Problem> {
    let tenant = reading.tenant();
    let limit = pages::limit(wanted.limit)?;
    let after = match &wanted.cursor {
        Some(text) => server
            .app
            .cipher
            .open_number(tenant, text)
            .map_err(|_| pages::invalid_cursor())?,
        None => 0,
    };
    reading
        .shown_by(&server, &[LinkView::VIEW, AuditEntryView::VIEW])
        .await?;
    let row = server.views.link(tenant, link).await?;
    let row = row.ok_or(CommandError::from(ConnectLinkError::NotIssued))?;
    let subject = AuditSubject::Link(link);
    let mut positions = server.views.audit(tenant, subject, Position(after), limit + 1).await?;
    let has_next = positions.len() > limit as usize;
    positions.truncate(limit as usize);
    let last = positions.last().filter(|_| has_next);
    let next_cursor = last.map(|position| server.app.cipher.seal_number(tenant, position.0));
    let mut names = story::names(&server.app, reading.caller.context.agency, link, &row.provider).await?;
    let events = server.app.log.at(&positions).await?;
    let entries = told(&server.app.personal, &events, &mut names).await?;
    let data = events
        .iter()
        .zip(entries)
        .map(|(recorded, entry)| Entry::new(recorded, entry))
        .collect();
    Ok(Json(Trail { data, next_cursor }))
}

impl Entry {
    fn new(recorded: &Recorded, entry: TimelineEntry) -> Self {
        Self {
            id: recorded.event_id,
            at: entry.at,
            text: entry.text,
            r#type: format!("{}.{}", entry.stream, entry.event_type),
            who: entry.who,
            actor: entry.actor,
            on_behalf_of: entry.on_behalf_of,
            network: entry.network,
        }
    }
}
