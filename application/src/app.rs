//! The use cases' surroundings: the ports, and how a stream becomes an aggregate.

use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    ids::{AgencyId, InstallationId, RequestId, TenantId},
    log::{LoggedEvent, StreamId},
};

use crate::{
    context::Context,
    credentials::Refreshing,
    error::CommandError,
    flow::{InvitationCache, ListingCache, NetworkKeys},
    mail::MailOffice,
    metadata::Actor,
    personal::PersonalData,
    ports::{
        StoreError,
        accounts::AccountTurns,
        attempts::Attempts,
        cipher::Cipher,
        clock::{Clock, Entropy},
        erasure::{Ledger, Remains},
        health::Answers,
        images::Images,
        jobs::Jobs,
        listings::ListingsInUse,
        log::{EventLog, ReceiptKey},
        provider::Catalogue,
        receipts::Receipts,
        refreshes::Refreshes,
        vault::Vault,
    },
    queues::Queues,
    states::{Folded, Kept, Moment, States},
};

/// Everything that a use case may reach.
pub struct App {
    /// The installation this is.
    pub installation: InstallationId,
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The end of stored answers.
    pub receipts: Arc<dyn Receipts>,
    /// When credentials are renewed, and who read them.
    pub refreshes: Arc<dyn Refreshes>,
    /// How this node renews them.
    pub refreshing: Refreshing,
    /// The vault's rows.
    pub vault: Arc<dyn Vault>,
    /// Who was erased.
    pub ledger: Arc<dyn Ledger>,
    /// What is left of a person outside log and vault.
    pub remains: Arc<dyn Remains>,
    /// Whose turn it is at a provider account.
    pub accounts: Arc<dyn AccountTurns>,
    /// The attempts' rows.
    pub attempts: Arc<dyn Attempts>,
    /// Logos.
    pub images: Arc<dyn Images>,
    /// What is to be done by itself.
    pub jobs: Arc<dyn Jobs>,
    /// The cryptography.
    pub cipher: Arc<dyn Cipher>,
    /// The configured providers.
    pub catalogue: Arc<dyn Catalogue>,
    /// Which listings are connected already.
    pub listings_in_use: Arc<dyn ListingsInUse>,
    /// When providers last answered what connections are good for.
    pub answers: Arc<dyn Answers>,
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
    /// What customers were shown of links that have not moved since.
    pub invitations: InvitationCache,
    /// How mail leaves.
    pub mail: MailOffice,
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
    /// Looks at the log: what this node shows for the moment that this answers is no older than the call.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self) -> Result<Moment, CommandError> {
        Ok(self.states.look(self.log.as_ref()).await?)
    }

    /// A stream as it is now. None when there is no such stream.
    ///
    /// # Errors
    /// When the store fails or holds what this node cannot read.
    pub async fn replay<A>(&self, stream: &StreamId) -> Result<Option<Arc<Folded<A>>>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        self.replay_at(stream, self.look().await?).await
    }

    /// A stream as it was at a moment, or as it became since: what this node remembers where that has not moved, else moved on by
    /// what the log holds behind it.
    ///
    /// # Errors
    /// As [`App::replay`].
    pub async fn replay_at<A>(&self, stream: &StreamId, at: Moment) -> Result<Option<Arc<Folded<A>>>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        if let Some(current) = self.states.get_current::<A>(stream) {
            return Ok(Some(current));
        }
        let known = self.states.get::<A>(stream);
        let version = known.as_ref().map_or(0, |known| known.version);
        let news = self.log.load(stream, version).await?;
        let folded = match news.last() {
            None => known,
            Some(last) => {
                let mut state = known.map_or_else(A::default, |known| known.state.clone());
                for row in &news {
                    state.apply(row.decode().map_err(StoreError::from)?);
                }
                Some(Arc::new(Folded {
                    state,
                    owner: last.tenant_id,
                    version: last.sequence,
                }))
            }
        };
        if let Some(folded) = &folded {
            self.states.keep(stream.clone(), Kept::new(Arc::clone(folded), at));
        }
        Ok(folded)
    }

    /// The frame of what the server does by itself, or somebody at its command line, for a tenant.
    pub fn context_of(&self, tenant: TenantId, agency: AgencyId, actor: Actor) -> Context {
        let now = self.clock.now();
        Context {
            tenant,
            agency,
            actor,
            request: RequestId(self.entropy.id(now)),
            now,
            network: None,
        }
    }

    /// Fresh random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}
