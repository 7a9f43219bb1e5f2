//! The feed: everything that happens to a tenant, in order, from the first event on and for ever.

mod event;
mod reader;
mod stream;
mod types;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{IntoResponse, Response},
};
use domain::{agency::ApiKeyScope, log::Position};
use serde::Deserialize;
use utoipa::IntoParams;

use event::Events;
use reader::Reader;
use types::Types;

use super::{
    asked::Asked,
    authenticated::EventsRead,
    document::ReadRefusals,
    format::accepted,
    pages,
    reading::{MinPosition, Reading},
};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// Where a reader of a stream was when the connection broke.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Instead of a cursor: only what is still to come.
const NOW: &str = "now";

/// Which part of the feed is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsWanted {
    /// Behind this place: a `next_cursor`, the `cursor` of an event, a `Grantlink-Position`, or `now`. From the first event on
    /// when not given.
    after: Option<String>,
    /// Only of these kinds: names of events, or of what they happen to.
    #[param(example = "connect_link.Completed,integration")]
    types: Option<String>,
    /// How many at most; a stream has no end.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Reads the feed
///
/// Every event of this world in order, oldest first, each exactly once. As pages: ask again with `next_cursor`. As a stream: with
/// `Accept: text/event-stream` it stays open and brings what happens at once; after a broken connection `Last-Event-ID` goes on
/// where it broke. Personal data is there for keys that also have the scope `personal:read`, until it is erased.
#[utoipa::path(
    get, path = "/events", tag = "Events", operation_id = "read_events", security(("api_key" = ["events:read"])),
    params(EventsWanted, ("Last-Event-ID" = Option<String>, Header, description = "Wins over `after`"), MinPosition),
    responses((status = 200, description = "The events",
               content((Events = "application/json"), (String = "text/event-stream"))),
              (status = 429, description = "As many streams are open as may be; try again after `Retry-After` seconds.",
               content((Problem = "application/problem+json"))),
              ReadRefusals),
)]
pub(super) async fn events(
    State(server): State<Server>,
    reading: Reading<EventsRead>,
    Asked(wanted): Asked<EventsWanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = pages::limit(wanted.limit)?;
    let types = Types::asked(wanted.types.as_deref())?;
    let last = headers.get(LAST_EVENT_ID).map(|last| last.to_str().unwrap_or_default());
    let at = place(&server, &reading, last.or(wanted.after.as_deref())).await?;
    let mut reader = Reader {
        sees_personal: reading.caller.may(ApiKeyScope::PersonalRead),
        context: reading.caller.context,
        server,
        types,
        at,
    };
    if accepted(&headers).any(|media_type| media_type.eq_ignore_ascii_case(stream::MEDIA_TYPE)) {
        let seat = reader.server.feeds.seat(reader.context.tenant).await;
        let full = || Problem::new(Kind::TooManyStreams).detail("close a stream, or read pages");
        return Ok(stream::answer(reader, seat.ok_or_else(full)?));
    }
    let found = reader.next(limit as usize).await?;
    let events = Events {
        next_cursor: reader.cursor(),
        data: found.events,
        has_more: found.has_more,
    };
    Ok(Json(events).into_response())
}

/// The place that a caller names. One behind the end was given by a log that was put back since: it would miss what comes.
async fn place(server: &Server, reading: &Reading<EventsRead>, text: Option<&str>) -> Result<Position, Problem> {
    let Some(text) = text else {
        return Ok(Position(0));
    };
    let head = server.app.log.head().await?;
    if text == NOW {
        return Ok(head);
    }
    let place = server.app.cipher.open_number(reading.tenant(), text);
    match place.map(Position) {
        Ok(place) if place <= head => Ok(place),
        _ => Err(pages::invalid_cursor()),
    }
}
