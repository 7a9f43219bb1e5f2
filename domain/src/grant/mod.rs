//! A grant: one provider account's authorisation for one provider app, as a lineage of credential generations.
//!
//! The credentials themselves are vault rows; the log knows which generation serves which integration, and what was granted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    aggregate::aggregate,
    ids::IntegrationId,
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
    provider::{ProviderApp, ProviderId},
};

/// A grant, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    latest: u32,
    in_use: BTreeMap<u32, BTreeSet<IntegrationId>>,
}

impl Grant {
    /// The newest generation; 0 before the first.
    pub fn latest(&self) -> u32 {
        self.latest
    }

    /// Whether any integration stands on that generation.
    pub fn is_in_use(&self, generation: u32) -> bool {
        self.in_use.get(&generation).is_some_and(|users| !users.is_empty())
    }
}

/// What can be asked of a grant.
#[derive(Clone, Debug)]
pub enum GrantCommand {
    /// Adds a generation and puts an integration on it.
    Grant {
        /// The integration that it serves.
        integration: IntegrationId,
        /// The provider.
        provider: ProviderId,
        /// The provider app it was given to.
        app: ProviderApp,
        /// What the account's owner granted.
        scopes: BTreeSet<String>,
    },
    /// Takes an integration off it, because another account took its place.
    Release {
        /// The integration.
        integration: IntegrationId,
    },
}

/// What happened to a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum GrantEvent {
    /// A generation was added; the integration stands on it from now on.
    Granted {
        /// Its number, from 1.
        generation: u32,
        /// The integration that it serves.
        integration: IntegrationId,
        /// The provider.
        provider: ProviderId,
        /// The provider app it was given to.
        app: ProviderApp,
        /// What the account's owner granted.
        scopes: BTreeSet<String>,
    },
    /// An integration no longer stands on it.
    Released {
        /// The integration.
        integration: IntegrationId,
    },
}

/// A grant refuses nothing yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {}

stored_as_variant!(GrantEvent);

impl LoggedEvent for GrantEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}

impl Grant {
    #[expect(clippy::unnecessary_wraps, reason = "it decides as every aggregate does")]
    fn decide(&self, command: GrantCommand) -> Result<Vec<GrantEvent>, GrantError> {
        Ok(match command {
            GrantCommand::Grant {
                integration,
                provider,
                app,
                scopes,
            } => {
                vec![GrantEvent::Granted {
                    generation: self.latest + 1,
                    integration,
                    provider,
                    app,
                    scopes,
                }]
            }
            GrantCommand::Release { integration } if self.serves(integration) => {
                vec![GrantEvent::Released { integration }]
            }
            GrantCommand::Release { .. } => vec![],
        })
    }

    fn serves(&self, integration: IntegrationId) -> bool {
        self.in_use.values().any(|users| users.contains(&integration))
    }

    fn release(&mut self, integration: IntegrationId) {
        for users in self.in_use.values_mut() {
            users.remove(&integration);
        }
        self.in_use.retain(|_, users| !users.is_empty());
    }

    fn evolve(&mut self, event: &GrantEvent) {
        match event {
            GrantEvent::Granted {
                generation,
                integration,
                ..
            } => {
                self.release(*integration);
                self.latest = *generation;
                self.in_use.entry(*generation).or_default().insert(*integration);
            }
            GrantEvent::Released { integration } => self.release(*integration),
        }
    }
}

aggregate!(Grant, "grant", GrantCommand => GrantEvent, GrantError);
