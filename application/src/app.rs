//! The use cases' surroundings: the ports, and how a stream becomes an aggregate.

use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    ids::InstallationId,
    log::{LoggedEvent, StreamId},
};

use crate::{
    error::CommandError,
    flow::{ListingCache, NetworkKeys},
    personal::PersonalData,
    ports::{
        StoreError,
        attempts::Attempts,
        cipher::Cipher,
        clock::{Clock, Entropy},
        images::Images,
        listings::ListingsInUse,
        log::{EventLog, ReceiptKey},
        provider::Catalogue,
        receipts::Receipts,
        vault::Vault,
    },
    queues::Queues,
    states::{Folded, Kept, States},
};

/// Everything that a use case may reach.
pub struct App {
    /// The installation this is.
    pub installation: InstallationId,
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The end of stored answers.
    pub receipts: Arc<dyn Receipts>,
    /// The vault's rows.
    pub vault: Arc<dyn Vault>,
    /// The attempts' rows.
    pub attempts: Arc<dyn Attempts>,
    /// Logos.
    pub images: Arc<dyn Images>,
    /// The cryptography.
    pub cipher: Arc<dyn Cipher>,
    /// The configured providers.
    pub catalogue: Arc<dyn Catalogue>,
    /// Which listings are connected already.
    pub listings_in_use: Arc<dyn ListingsInUse>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// The subjects' keys.
    pub personal: PersonalData,
    /// Who waits for whom after a conflict.
    pub queues: Queues<StreamId>,
    /// Which idempotent calls this node is at work on.
    pub in_flight: Queues<ReceiptKey>,
    /// What this node has folded already.
    pub states: States,
    /// This month's network key.
    pub network_keys: NetworkKeys,
    /// What accounts manage, for the minutes that a customer needs to pick.
    pub listings: ListingCache,
    /// How addresses of pages are written.
    pub addresses: Addresses,
    /// How long a link lives when its issuer does not say.
    pub default_link_life: TimeDelta,
}

/// How addresses on the agencies' hosts are written: all are served by the same listener.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `https`, or `http` on loopback.
    pub scheme: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
}

impl Addresses {
    /// The address of a path on a host.
    pub fn on(&self, host: &domain::host::HostName, path: &str) -> String {
        match self.port {
            Some(port) => format!("{}://{host}:{port}{path}", self.scheme),
            None => format!("{}://{host}{path}", self.scheme),
        }
    }
}

impl App {
    /// A stream as it is now: what this node has folded already, moved on by what the log holds behind that. None when there is
    /// no such stream.
    ///
    /// # Errors
    /// When the store fails or holds what this node cannot read.
    pub async fn replay<A>(&self, stream: &StreamId) -> Result<Option<Folded<A>>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        let mut known = self.states.get::<A>(stream);
        let news = self
            .log
            .load(stream, known.as_ref().map_or(0, |known| known.version))
            .await?;
        let Some(last) = news.last() else { return Ok(known) };
        let mut state = known.take().map_or_else(A::default, |known| known.state);
        for row in &news {
            state.apply(row.decode().map_err(StoreError::from)?);
        }
        let folded = Folded {
            state,
            owner: last.tenant_id,
            version: last.sequence,
        };
        self.states.keep(stream.clone(), Kept::new(folded.clone()));
        Ok(Some(folded))
    }

    /// Fresh random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
