//! The past: which events had happened at a moment, read from the log itself. Nothing is kept for it: whoever asks gets the
//! streams asked for, up to there, and folds them as they are folded today.

use std::collections::BTreeSet;

use domain::{
    Timestamp,
    connect_link::ConnectLink,
    event::Event,
    ids::{IntegrationId, LinkId, TenantId},
    integration::{Integration, IntegrationEvent},
    log::{Position, Recorded, StreamId},
    trail::link_trail,
};

use crate::{app::App, ports::StoreError};

/// A list of the past is folded from so many events at most: its cost is not bounded by what it shows.
pub const MOST_EVENTS: usize = 20_000;

/// So many events are read at once.
const PAGE: u32 = 1_000;

/// A moment of the log: everything up to the position had happened, and this is what the clock said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The last event that had happened; 0 before the first.
    pub position: Position,
    /// By this clock links were alive or expired.
    pub at: Timestamp,
}

/// Why there is no answer about the past.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// It has not come yet.
    #[error("this moment is still to come")]
    Future,
    /// A list of more than that many events was asked for.
    #[error("that would be folded from more than {MOST_EVENTS} events")]
    TooMuch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// The moment at a time: an event that was recorded at this very time had happened.
    ///
    /// # Errors
    /// When the time has not come, or the store fails.
    pub async fn moment_at(&self, at: Timestamp) -> Result<Moment, PastError> {
        if at > self.clock.now() {
            return Err(PastError::Future);
        }
        // The log's time never goes backwards, so what had happened by then is found by halving.
        let (mut happened, mut beyond) = (0, self.log.head().await?.0 + 1);
        while beyond - happened > 1 {
            let middle = Position(happened.midpoint(beyond));
            if self.recorded_at(middle).await? <= at {
                happened = middle.0;
            } else {
                beyond = middle.0;
            }
        }
        let position = Position(happened);
        Ok(Moment { position, at })
    }

    /// The moment after an event: the clock is the one it was recorded by.
    ///
    /// # Errors
    /// When the log is not that far, or the store fails.
    pub async fn moment_after(&self, position: Position) -> Result<Moment, PastError> {
        if position > self.log.head().await? {
            return Err(PastError::Future);
        }
        let at = match position {
            Position(0) => Timestamp::UNIX_EPOCH,
            position => self.recorded_at(position).await?,
        };
        Ok(Moment { position, at })
    }

    async fn recorded_at(&self, position: Position) -> Result<Timestamp, StoreError> {
        let found = self.log.at(&[position]).await?;
        let gap = || StoreError::Broken(format!("the log has no event at position {}", position.0));
        Ok(found.first().ok_or_else(gap)?.recorded_at)
    }

    /// What had happened to a link: its stream and its trail.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn past_of_link(
        &self,
        tenant: TenantId,
        link: LinkId,
        until: Moment,
    ) -> Result<Vec<Recorded>, StoreError> {
        let streams = BTreeSet::from([StreamId::of::<ConnectLink>(link), link_trail(link)]);
        self.past_of(tenant, streams, until).await
    }

    /// What had happened to an integration: its stream, and the streams of the links for it, whose terms are its own.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn past_of_integration(
        &self,
        tenant: TenantId,
        integration: IntegrationId,
        until: Moment,
    ) -> Result<Vec<Recorded>, StoreError> {
        let stream = StreamId::of::<Integration>(integration);
        let own = self.past_of(tenant, BTreeSet::from([stream.clone()]), until).await?;
        let links = own.iter().filter_map(|recorded| match recorded.event() {
            Ok(Event::Integration(IntegrationEvent::LinkRequested { link, .. })) => {
                Some(StreamId::of::<ConnectLink>(link))
            }
            _ => None,
        });
        let streams = links.chain([stream]).collect();
        self.past_of(tenant, streams, until).await
    }

    async fn past_of(
        &self,
        tenant: TenantId,
        streams: BTreeSet<StreamId>,
        until: Moment,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut events = Vec::new();
        for stream in &streams {
            events.extend(self.log.load(stream, 0).await?);
        }
        events.retain(|recorded| recorded.tenant_id == tenant && recorded.position <= until.position);
        events.sort_by_key(|recorded| recorded.position);
        Ok(events)
    }

    /// Everything that had happened to a tenant.
    ///
    /// # Errors
    /// When that is too much, or the store fails.
    pub async fn past_of_tenant(&self, tenant: TenantId, until: Moment) -> Result<Vec<Recorded>, PastError> {
        let mut events: Vec<Recorded> = Vec::new();
        loop {
            let after = events.last().map_or(Position(0), |recorded| recorded.position);
            let page = self.log.page_of(tenant, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize || page.last().is_none_or(|last| last.position > until.position);
            events.extend(page.into_iter().filter(|recorded| recorded.position <= until.position));
            if events.len() > MOST_EVENTS {
                return Err(PastError::TooMuch);
            }
            if is_last {
                return Ok(events);
            }
        }
    }
}
