//! An integration: the living connection of a location to a listing.
//!
//! A link that is on its way never touches what works: "pending" belongs to the request, and the connection keeps serving its
//! old credentials until new ones took their place.

mod event;

pub use event::{Capability, CapabilityState, Connection, IntegrationEvent, RequestOutcome, Slot, SyncReason, Via};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    aggregate::aggregate,
    grant::LossReason,
    ids::{GrantId, IntegrationId, LinkId, LocationId},
    personal::Personal,
    provider::ProviderId,
};

impl IntegrationId {
    /// The one integration that a location can have with a provider.
    pub fn of_slot(location: LocationId, provider: &ProviderId) -> Self {
        Self(Uuid::new_v5(&location.0, provider.as_str().as_bytes()))
    }
}

/// An integration, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    lives: u32,
    slot: Option<Slot>,
    pending: Option<LinkId>,
    connection: Option<Connection>,
    #[serde(default)]
    disconnected: bool,
    broken: Option<LossReason>,
    capabilities: BTreeMap<Capability, CapabilityState>,
}

impl Integration {
    /// The number of its life, from 1: a link after its end begins the next one, which takes nothing over from the one before.
    /// Whatever is kept beside the log for an integration carries this number.
    pub fn life(&self) -> u32 {
        self.lives
    }

    /// The place that it fills; none before its first link and after its end.
    pub fn slot(&self) -> Option<&Slot> {
        self.slot.as_ref()
    }

    /// Why only a new sign-in helps, while that is so.
    pub fn needs_reconnect(&self) -> Option<LossReason> {
        self.broken
    }

    /// How it stands with something that it is good for.
    pub fn capability(&self, capability: Capability) -> CapabilityState {
        self.capabilities.get(&capability).copied().unwrap_or_default()
    }

    /// The link that is on its way.
    pub fn pending(&self) -> Option<LinkId> {
        self.pending
    }

    /// What it stands on, once it was connected.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Whether it was taken off its account, and not connected since.
    pub fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    /// Whether connecting with this grant would replace another account's.
    pub fn would_replace(&self, grant: GrantId) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.grant != grant)
    }
}

/// What can be asked of an integration.
#[derive(Clone, Debug)]
pub enum IntegrationCommand {
    /// A link was issued for its slot.
    RequestLink {
        /// The link.
        link: LinkId,
        /// The place that it is for.
        slot: Slot,
    },
    /// The link ended without a connection.
    CloseLink {
        /// The link.
        link: LinkId,
        /// How it ended.
        outcome: RequestOutcome,
    },
    /// Puts it on new credentials, and asks for the first synchronisation.
    Connect {
        /// The link that led here; none where a member put new credentials in the old ones' place.
        link: Option<LinkId>,
        /// How it is made.
        via: Via,
        /// What it stands on from now on.
        connection: Connection,
        /// Whether another account may take the old one's place.
        replaces_account: bool,
        /// What the account and the listing are called.
        personal: Option<Personal>,
    },
    /// Notes how the provider answered.
    ObserveCapability {
        /// What it was asked for.
        capability: Capability,
        /// How it stands.
        state: CapabilityState,
    },
    /// Notes that the credentials of its account are worth nothing any more.
    Break {
        /// The account that they were of.
        grant: GrantId,
        /// Why.
        reason: LossReason,
    },
    /// Notes that the credentials of its account work again.
    Recover {
        /// The account that they are of.
        grant: GrantId,
    },
    /// Takes it off its account.
    Disconnect,
    /// Ends it.
    Delete,
}

/// Why an integration refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntegrationError {
    /// The link is not the one that is on its way.
    #[error("this link is no longer the one that the connection waits for")]
    NotPending,
    /// It has no place yet: no link was ever issued for it, or it is over.
    #[error("there is no such integration")]
    NotFound,
    /// The customer signed in with another account than the connected one, and no replacement was asked for.
    #[error("the connection belongs to another account of the provider")]
    AnotherAccount,
}

impl Integration {
    fn decide(&self, command: IntegrationCommand) -> Result<Vec<IntegrationEvent>, IntegrationError> {
        use IntegrationCommand as Asked;
        Ok(match command {
            Asked::RequestLink { link, slot } => self.request(link, slot),
            Asked::Connect {
                link,
                via,
                connection,
                replaces_account,
                personal,
            } => {
                self.may_connect(link, &connection, replaces_account)?;
                self.connect(link, via, connection, personal)
            }
            Asked::Recover { grant } if self.broken.is_some() && self.stands_on(grant) => recovered(),
            noted => self.news(&noted).into_iter().collect(),
        })
    }

    /// What happened elsewhere is noted if it is news here: whoever notes it may be late.
    fn news(&self, noted: &IntegrationCommand) -> Option<IntegrationEvent> {
        use IntegrationCommand as Asked;
        match noted {
            Asked::CloseLink { link, outcome } => {
                // Another link's end is no news: a fresher one is on its way.
                let (link, outcome) = (*link, *outcome);
                (self.pending == Some(link)).then_some(IntegrationEvent::LinkClosed { link, outcome })
            }
            Asked::ObserveCapability { capability, state } => {
                let (capability, state) = (*capability, *state);
                let is_news = self.connection.is_some() && self.capability(capability) != state;
                is_news.then_some(IntegrationEvent::CapabilityChanged { capability, state })
            }
            Asked::Break { grant, reason } => {
                let is_news = self.broken.is_none() && self.stands_on(*grant);
                is_news.then_some(IntegrationEvent::NeedsReconnect { reason: *reason })
            }
            Asked::Disconnect => self.connection.as_ref().map(|_| IntegrationEvent::Disconnected {}),
            Asked::Delete => self.slot.as_ref().map(|_| IntegrationEvent::Deleted {}),
            Asked::RequestLink { .. } | Asked::Connect { .. } | Asked::Recover { .. } => None,
        }
    }

    fn stands_on(&self, grant: GrantId) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.grant == grant)
    }

    fn may_connect(
        &self,
        link: Option<LinkId>,
        connection: &Connection,
        replaces_account: bool,
    ) -> Result<(), IntegrationError> {
        if self.slot.is_none() && link.is_none() {
            return Err(IntegrationError::NotFound);
        }
        if link.is_some() && self.pending != link {
            return Err(IntegrationError::NotPending);
        }
        if !replaces_account && self.would_replace(connection.grant) {
            return Err(IntegrationError::AnotherAccount);
        }
        Ok(())
    }

    fn request(&self, link: LinkId, slot: Slot) -> Vec<IntegrationEvent> {
        match self.pending {
            Some(pending) if pending == link => vec![],
            superseding => vec![IntegrationEvent::LinkRequested {
                link,
                slot,
                superseding,
            }],
        }
    }

    fn connect(
        &self,
        link: Option<LinkId>,
        via: Via,
        connection: Connection,
        personal: Option<Personal>,
    ) -> Vec<IntegrationEvent> {
        let outcome = RequestOutcome::Completed;
        let closed = link.map(|link| IntegrationEvent::LinkClosed { link, outcome });
        let connected = match self.connection {
            None => IntegrationEvent::Connected {
                connection,
                via,
                personal,
            },
            Some(_) => IntegrationEvent::Reconnected {
                connection,
                via,
                personal,
            },
        };
        let reason = SyncReason::Connected;
        let sync = IntegrationEvent::SyncRequested { reason };
        closed.into_iter().chain([connected, sync]).collect()
    }

    fn evolve(&mut self, event: &IntegrationEvent) {
        match event {
            IntegrationEvent::LinkRequested { link, slot, .. } => {
                if self.slot.replace(slot.clone()).is_none() {
                    self.lives += 1;
                }
                self.pending = Some(*link);
            }
            IntegrationEvent::LinkClosed { .. } => self.pending = None,
            IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. } => {
                self.stand_on(connection);
            }
            IntegrationEvent::SyncRequested { .. } => {}
            IntegrationEvent::CapabilityChanged { capability, state } => {
                self.capabilities.insert(*capability, *state);
            }
            IntegrationEvent::NeedsReconnect { reason } => self.broken = Some(*reason),
            IntegrationEvent::Recovered {} => self.broken = None,
            IntegrationEvent::Disconnected {} => {
                self.connection = None;
                self.disconnected = true;
                self.broken = None;
                self.capabilities.clear();
            }
            IntegrationEvent::Deleted {} => {
                let lives = self.lives;
                *self = Self {
                    lives,
                    ..Self::default()
                };
            }
        }
    }

    /// What the provider said of a listing says nothing of another one.
    fn stand_on(&mut self, connection: &Connection) {
        let before = self.connection.replace(connection.clone());
        self.disconnected = false;
        if before.is_none_or(|before| before.listing != connection.listing) {
            self.capabilities.clear();
        }
        self.broken = None;
    }
}

fn recovered() -> Vec<IntegrationEvent> {
    let reason = SyncReason::Recovered;
    vec![
        IntegrationEvent::Recovered {},
        IntegrationEvent::SyncRequested { reason },
    ]
}

aggregate!(Integration, "integration", IntegrationCommand => IntegrationEvent, IntegrationError);
