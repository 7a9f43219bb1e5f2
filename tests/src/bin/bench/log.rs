//! A long log, read again: by a fold that only counts, and by the rebuild of a view.

use std::{sync::Arc, time::Instant};

use application::ports::log::EventLog;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent, LinkTerms, LinkToken},
    event::Event,
    host::HostName,
    ids::{AgencyId, CustomerId, IntegrationId, LocationId, MemberId},
    log::{Position, StreamId},
    provider::ProviderId,
};
use grantlink_load::Measured;
use grantlink_tests::conformance::{Database, Draft, Kind, body, id};
use projections::rebuild::{Wish, rebuild_named};

use crate::{
    database::{Node, On, keys, on_new},
    many::by_many,
};

/// As many as a rebuild reads at once.
const PAGE: u32 = 1_000;
/// Events in one commit of those that the log is filled with.
const BATCH: usize = 1_000;

/// Reads the whole log into a fold that keeps one number.
pub(crate) async fn replay(on: On, events: usize) -> anyhow::Result<Measured> {
    on_new(on, move |database| async move {
        let stores = database.open().await?;
        fill(&database, &stores.log, events).await?;
        let began = Instant::now();
        let live = count(stores.log.as_ref()).await?;
        let measured = Measured::of_one_run(events, began.elapsed());
        anyhow::ensure!(live == events, "{live} of {events} events were read");
        stores.close().await;
        Ok(measured)
    })
    .await
}

async fn count(log: &dyn EventLog) -> anyhow::Result<usize> {
    let (mut at, mut issued) = (Position(0), 0);
    loop {
        let page = log.page(at, PAGE).await?;
        for recorded in &page {
            if let Event::ConnectLink(ConnectLinkEvent::Issued { .. }) = recorded.event()? {
                issued += 1;
            }
            at = recorded.position;
        }
        if page.len() < PAGE as usize {
            return Ok(issued);
        }
    }
}

/// Rebuilds the view of links, one row for each event.
pub(crate) async fn rebuild(on: On, events: usize) -> anyhow::Result<Measured> {
    on_new(on, move |database| async move {
        let node = Node::open(&database, &keys()).await?;
        fill(&database, &node.app.log, events).await?;
        let began = Instant::now();
        let reached = rebuild_named("link", &node.installation.sources, Wish::Switch, |_| {})
            .await?
            .position;
        let measured = Measured::of_one_run(events, began.elapsed());
        anyhow::ensure!(reached.0 == events as u64, "rebuilt up to {} of {events}", reached.0);
        node.close().await;
        Ok(measured)
    })
    .await
}

/// Fills a log with issued links, each a stream of its own: the product's longest event, 440 bytes, about as long as the peers'.
pub(crate) async fn fill(database: &Database, log: &Arc<dyn EventLog>, events: usize) -> anyhow::Result<()> {
    let issuer = Arc::new(Issuer::new()?);
    by_many(events.div_ceil(BATCH), |number| {
        let count = BATCH.min(events - number * BATCH);
        let (log, issuer) = (log.clone(), issuer.clone());
        async move {
            let mut draft = Draft::default();
            for _ in 0..count {
                let (stream, payload) = issuer.link()?;
                draft = draft.appends_with(&stream, 0, body("Issued", &payload));
            }
            log.commit(draft.commit()).await?;
            Ok(())
        }
    })
    .await?;
    if database.kind() == Kind::Postgres {
        database.execute("VACUUM (ANALYZE) events").await?; // as the server's own vacuum leaves a table some minutes later
    }
    Ok(())
}

/// Makes links' first events, each of a stream of its own.
pub(crate) struct Issuer {
    agency: AgencyId,
    member: MemberId,
    provider: ProviderId,
    host: HostName,
}

impl Issuer {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            agency: AgencyId(id()),
            member: MemberId(id()),
            provider: ProviderId::parse("google")?,
            host: HostName::parse("connect.northwind.example")?,
        })
    }

    pub(crate) fn link(&self) -> anyhow::Result<(StreamId, String)> {
        let (at, location) = (Timestamp::UNIX_EPOCH, LocationId(id()));
        let mut random = [0; 24];
        random[..16].copy_from_slice(location.0.as_bytes());
        let token = LinkToken::issue(at, random);
        let terms = LinkTerms {
            agency: self.agency,
            customer: CustomerId(id()),
            location,
            integration: IntegrationId::of_slot(location, &self.provider),
            provider: self.provider.clone(),
            host: self.host.clone(),
            requested_by: self.member,
            expires_at: at,
            replaces_account: false,
            is_direct: false,
            mends: false,
        };
        let issued = ConnectLinkEvent::Issued {
            token_hash: token.hash(),
            terms,
            personal: None,
        };
        let stream = StreamId::of::<ConnectLink>(token.link_id());
        Ok((stream, serde_json::to_string(&issued)?))
    }
}
