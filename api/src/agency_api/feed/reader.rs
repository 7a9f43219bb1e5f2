//! Reading a tenant's events behind a place, wherever the reader left.

use application::{Context, ports::StoreError};
use domain::log::Position;

use super::{
    event::{FedEvent, Shown},
    types::Types,
};
use crate::state::Server;

/// So many events are read from the log at once.
const PAGE: u32 = 500;
/// So many pages are looked through for the wanted kinds, before the caller gets what was found.
const MOST_PAGES: usize = 20;

/// Someone who follows a tenant's events.
pub(super) struct Reader {
    pub(super) server: Server,
    pub(super) context: Context,
    pub(super) types: Types,
    /// Whether the key may see personal data.
    pub(super) sees_personal: bool,
    /// Everything up to here was read, wanted or not.
    pub(super) at: Position,
}

/// What was found.
pub(super) struct Found {
    pub(super) events: Vec<FedEvent>,
    pub(super) has_more: bool,
}

impl Reader {
    /// The next events, as many as `limit` at most. Only the tenant's own events are looked at, so neither the answer nor the
    /// time that it takes says anything about others'.
    pub(super) async fn next(&mut self, limit: usize) -> Result<Found, StoreError> {
        let mut events = Vec::new();
        for _ in 0..MOST_PAGES {
            let app = &self.server.app;
            let page = app.log.page_of(self.context.tenant, self.at, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            for recorded in page {
                if events.len() == limit {
                    return Ok(Found { events, has_more: true });
                }
                self.at = recorded.position;
                if !self.types.hold(&recorded) {
                    continue;
                }
                let personal = if self.sees_personal {
                    Shown::open(app.personal.open(&recorded).await?)
                } else {
                    Shown::Withheld
                };
                events.push(FedEvent::new(&recorded, self.cursor(), personal));
            }
            if is_last {
                return Ok(Found {
                    events,
                    has_more: false,
                });
            }
        }
        Ok(Found { events, has_more: true })
    }

    /// Where this reader is: opaque, different each time, and of one length for every place.
    pub(super) fn cursor(&self) -> String {
        self.server.app.cipher.seal_number(self.context.tenant, self.at.0)
    }
}
