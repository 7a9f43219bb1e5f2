//! An integration: the living connection of a location to a listing.
//!
//! A link that is on its way never touches what works: "pending" belongs to the request, and the connection keeps serving its
//! old credentials until new ones took their place.

mod event;

pub use event::{Connection, IntegrationEvent, RequestOutcome, Slot, SyncReason};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    aggregate::aggregate,
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
    pending: Option<LinkId>,
    connection: Option<Connection>,
}

impl Integration {
    /// The link that is on its way.
    pub fn pending(&self) -> Option<LinkId> {
        self.pending
    }

    /// What it stands on, once it was connected.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
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
        /// The link that led here.
        link: LinkId,
        /// What it stands on from now on.
        connection: Connection,
        /// Whether another account may take the old one's place.
        replaces_account: bool,
        /// What the account and the listing are called.
        personal: Option<Personal>,
    },
    /// Ends it.
    Delete,
}

/// Why an integration refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntegrationError {
    /// The link is not the one that is on its way.
    #[error("this link is no longer the one that the connection waits for")]
    NotPending,
    /// The customer signed in with another account than the connected one, and no replacement was asked for.
    #[error("the connection belongs to another account of the provider")]
    AnotherAccount,
}

impl Integration {
    fn decide(&self, command: IntegrationCommand) -> Result<Vec<IntegrationEvent>, IntegrationError> {
        use IntegrationCommand::{CloseLink, Connect, Delete, RequestLink};
        match command {
            RequestLink { link, slot } => Ok(self.request(link, slot)),
            CloseLink { link, outcome } if self.pending == Some(link) => {
                Ok(vec![IntegrationEvent::LinkClosed { link, outcome }])
            }
            CloseLink { .. } => Ok(vec![]), // a fresher link is on its way: this one's end is no news
            Connect { link, .. } if self.pending != Some(link) => Err(IntegrationError::NotPending),
            Connect {
                connection,
                replaces_account: false,
                ..
            } if self.would_replace(connection.grant) => Err(IntegrationError::AnotherAccount),
            Connect {
                link,
                connection,
                personal,
                ..
            } => Ok(self.connect(link, connection, personal)),
            Delete if *self == Self::default() => Ok(vec![]), // there is nothing that could end
            Delete => Ok(vec![IntegrationEvent::Deleted {}]),
        }
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

    fn connect(&self, link: LinkId, connection: Connection, personal: Option<Personal>) -> Vec<IntegrationEvent> {
        let connected = match self.connection {
            None => IntegrationEvent::Connected { connection, personal },
            Some(_) => IntegrationEvent::Reconnected { connection, personal },
        };
        vec![
            IntegrationEvent::LinkClosed {
                link,
                outcome: RequestOutcome::Completed,
            },
            connected,
            IntegrationEvent::SyncRequested {
                reason: SyncReason::Connected,
            },
        ]
    }

    fn evolve(&mut self, event: &IntegrationEvent) {
        match event {
            IntegrationEvent::LinkRequested { link, .. } => self.pending = Some(*link),
            IntegrationEvent::LinkClosed { .. } => self.pending = None,
            IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. } => {
                self.connection = Some(connection.clone());
            }
            IntegrationEvent::SyncRequested { .. } => {}
            IntegrationEvent::Deleted {} => *self = Self::default(),
        }
    }
}

aggregate!(Integration, "integration", IntegrationCommand => IntegrationEvent, IntegrationError);
