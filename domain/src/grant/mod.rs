//! A grant: one provider account's authorisation for one provider app, as a lineage of credential generations.
//!
//! The credentials themselves are vault rows; the log knows which generation serves which integrations, what was granted, and
//! whether it still works. All integrations of one account share its newest generation where that was granted enough: a provider
//! that keeps only so many sign-ins of an account alive then never drops one that is needed.

mod event;

pub use event::{GrantEvent, LossReason, RefreshFailure};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    aggregate::aggregate,
    ids::IntegrationId,
    provider::{ProviderApp, ProviderId},
};

/// A grant, folded from its events. It remembers the generations that anything stands on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    latest: u32,
    given_to: Option<GivenTo>,
    generations: BTreeMap<u32, Generation>,
    taken_over: BTreeSet<u32>,
    is_revoked: bool,
}

/// The app that an account's owner trusts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GivenTo {
    /// The provider.
    pub provider: ProviderId,
    /// The app that is registered there.
    pub app: ProviderApp,
}

/// One set of credentials, and who stands on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    scopes: BTreeSet<String>,
    integrations: BTreeSet<IntegrationId>,
    standing: Standing,
}

/// Whether a generation's credentials work, as far as the log knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing speaks against it.
    #[default]
    Well,
    /// The last renewal failed, and is tried again.
    Failing(RefreshFailure),
    /// They are worth nothing any more.
    Lost(LossReason),
}

impl Generation {
    /// What the account's owner granted with it.
    pub fn scopes(&self) -> &BTreeSet<String> {
        &self.scopes
    }

    /// Who stands on it.
    pub fn integrations(&self) -> impl Iterator<Item = IntegrationId> {
        self.integrations.iter().copied()
    }

    /// Whether it works.
    pub fn standing(&self) -> Standing {
        self.standing
    }
}

impl Grant {
    /// The newest generation; 0 before the first.
    pub fn latest(&self) -> u32 {
        self.latest
    }

    /// To which app of which provider it was given, once it was.
    pub fn given_to(&self) -> Option<&GivenTo> {
        self.given_to.as_ref()
    }

    /// A generation that anything stands on.
    pub fn generation(&self, number: u32) -> Option<&Generation> {
        self.generations.get(&number)
    }

    /// The generations that anything stands on, oldest first.
    pub fn generations(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.generations.keys().copied()
    }

    /// The generation that serves an integration, which may be newer than the one that it was connected with.
    pub fn serving(&self, integration: IntegrationId) -> Option<u32> {
        let serves = |(number, of): (&u32, &Generation)| of.integrations.contains(&integration).then_some(*number);
        self.generations.iter().find_map(serves)
    }

    /// Whether any integration stands on that generation.
    pub fn is_in_use(&self, generation: u32) -> bool {
        self.generations.contains_key(&generation)
    }

    /// Whether a newer sign-in of the same account took that generation's place: whoever read its credentials just before may go on
    /// with them for a while.
    pub fn was_taken_over(&self, generation: u32) -> bool {
        self.taken_over.contains(&generation)
    }

    /// Whether nothing stands on it at all.
    pub fn is_unused(&self) -> bool {
        self.generations.is_empty()
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
    /// Takes an integration off it: another account took its place, or it is over.
    Release {
        /// The integration.
        integration: IntegrationId,
    },
    /// Notes that a generation could not be renewed.
    FailRefresh {
        /// The generation.
        generation: u32,
        /// Why.
        reason: RefreshFailure,
    },
    /// Notes that a generation was renewed.
    RecoverRefresh {
        /// The generation.
        generation: u32,
    },
    /// Notes that a generation is worth nothing any more.
    Lose {
        /// The generation.
        generation: u32,
        /// Why.
        reason: LossReason,
    },
    /// Notes that the provider took the access back at our wish.
    NoteRevoked,
}

/// A grant refuses nothing: whoever asks may be late, and then it is no news.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {}

impl Grant {
    #[expect(clippy::unnecessary_wraps, reason = "it decides as every aggregate does")]
    fn decide(&self, command: GrantCommand) -> Result<Vec<GrantEvent>, GrantError> {
        Ok(self.news(command).into_iter().collect())
    }

    fn news(&self, command: GrantCommand) -> Option<GrantEvent> {
        match command {
            GrantCommand::Grant {
                integration,
                provider,
                app,
                scopes,
            } => Some(GrantEvent::Granted {
                generation: self.latest + 1,
                takes_over: self.covered_by(&scopes),
                integration,
                provider,
                app,
                scopes,
            }),
            GrantCommand::Release { integration } => {
                self.serving(integration).map(|_| GrantEvent::Released { integration })
            }
            GrantCommand::FailRefresh { generation, reason } => {
                let is_news = match self.generation(generation)?.standing {
                    Standing::Well => true,
                    // Two troubles that take turns are one: only whose it is to mend is news.
                    Standing::Failing(before) => before.is_the_operators() != reason.is_the_operators(),
                    Standing::Lost(_) => false,
                };
                is_news.then_some(GrantEvent::RefreshFailed { generation, reason })
            }
            GrantCommand::RecoverRefresh { generation } => {
                let was_failing = matches!(self.generation(generation)?.standing, Standing::Failing(_));
                was_failing.then_some(GrantEvent::RefreshRecovered { generation })
            }
            GrantCommand::Lose { generation, reason } => {
                let is_lost = matches!(self.generation(generation)?.standing, Standing::Lost(_));
                (!is_lost).then_some(GrantEvent::Lost { generation, reason })
            }
            GrantCommand::NoteRevoked => {
                let is_news = self.latest > 0 && self.is_unused() && !self.is_revoked;
                is_news.then_some(GrantEvent::Revoked {})
            }
        }
    }

    /// The generations in use that were granted no more than that.
    fn covered_by(&self, scopes: &BTreeSet<String>) -> BTreeSet<u32> {
        let covered = |(number, of): (&u32, &Generation)| of.scopes.is_subset(scopes).then_some(*number);
        self.generations.iter().filter_map(covered).collect()
    }

    fn release(&mut self, integration: IntegrationId) {
        for generation in self.generations.values_mut() {
            generation.integrations.remove(&integration);
        }
        self.generations.retain(|_, of| !of.integrations.is_empty());
    }

    fn add(&mut self, number: u32, scopes: &BTreeSet<String>, first: IntegrationId, takes_over: &BTreeSet<u32>) {
        self.taken_over.extend(takes_over);
        self.release(first);
        let taken = takes_over.iter().filter_map(|number| self.generations.remove(number));
        let integrations = taken.flat_map(|of| of.integrations).chain([first]).collect();
        self.latest = number;
        let standing = Standing::Well;
        let scopes = scopes.clone();
        self.generations.insert(
            number,
            Generation {
                scopes,
                integrations,
                standing,
            },
        );
    }

    fn stand(&mut self, number: u32, standing: Standing) {
        if let Some(generation) = self.generations.get_mut(&number) {
            generation.standing = standing;
        }
    }

    fn evolve(&mut self, event: &GrantEvent) {
        match event {
            GrantEvent::Granted {
                generation,
                integration,
                provider,
                app,
                scopes,
                takes_over,
            } => {
                let (provider, app) = (provider.clone(), app.clone());
                self.given_to = Some(GivenTo { provider, app });
                self.add(*generation, scopes, *integration, takes_over);
            }
            GrantEvent::Released { integration } => self.release(*integration),
            GrantEvent::RefreshFailed { generation, reason } => self.stand(*generation, Standing::Failing(*reason)),
            GrantEvent::RefreshRecovered { generation } => self.stand(*generation, Standing::Well),
            GrantEvent::Lost { generation, reason } => self.stand(*generation, Standing::Lost(*reason)),
            GrantEvent::Revoked {} => self.is_revoked = true,
        }
    }
}

aggregate!(Grant, "grant", GrantCommand => GrantEvent, GrantError);
