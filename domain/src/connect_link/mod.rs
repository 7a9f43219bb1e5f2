//! The connect link: one location, one provider, one use.

mod event;
mod token;

pub use event::{AttemptFailure, ConnectLinkEvent, LinkTerms, RevokeReason, RevokedBy};
pub use token::{InvalidToken, LinkToken};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Timestamp,
    aggregate::aggregate,
    ids::{AttemptId, GrantId},
    personal::Personal,
    provider::ListingRef,
    secret_hash::SecretHash,
};

/// The shortest time a link may live, in minutes.
pub const SHORTEST_LIFE_MINUTES: i64 = 5;
/// The longest time a link may live, in days.
pub const LONGEST_LIFE_DAYS: i64 = 90;

/// How a link came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LinkEnd {
    /// A connection was made.
    Completed,
    /// The customer said no.
    Declined,
    /// The agency took it back.
    Revoked,
    /// Its time had come.
    Expired,
}

/// A link, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ConnectLink {
    issued: Option<IssuedLink>,
    authorized: BTreeSet<AttemptId>,
    end: Option<LinkEnd>,
    is_started: bool,
    completed_by: Option<AttemptId>,
    is_needless: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct IssuedLink {
    token_hash: SecretHash,
    terms: LinkTerms,
}

/// What can be asked of a link.
#[derive(Clone, Debug)]
pub enum ConnectLinkCommand {
    /// Issues it.
    Issue {
        /// Its token.
        token: LinkToken,
        /// What it is good for.
        terms: LinkTerms,
        /// The name of the connection, which the customer sees.
        personal: Option<Personal>,
        /// The clock.
        now: Timestamp,
    },
    /// Begins an attempt.
    Start {
        /// The attempt.
        attempt: AttemptId,
        /// The clock.
        now: Timestamp,
    },
    /// Notes that the provider said yes.
    Authorize {
        /// The attempt.
        attempt: AttemptId,
        /// The clock.
        now: Timestamp,
    },
    /// Notes that an attempt led nowhere.
    FailAttempt {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        reason: AttemptFailure,
        /// The clock.
        now: Timestamp,
    },
    /// Uses it up.
    Complete {
        /// The attempt that asks.
        attempt: AttemptId,
        /// The authorisation behind the connection.
        grant: GrantId,
        /// Which generation of its credentials.
        generation: u32,
        /// What was picked.
        listing: ListingRef,
        /// The clock.
        now: Timestamp,
    },
    /// The customer says no.
    Decline {
        /// The clock.
        now: Timestamp,
    },
    /// Records that its time has come, if that is so and it has not ended before.
    Expire {
        /// The clock.
        now: Timestamp,
    },
    /// The agency takes it back.
    Revoke {
        /// Who does.
        by: RevokedBy,
        /// Why.
        reason: RevokeReason,
        /// The clock.
        now: Timestamp,
    },
}

/// Why a link refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectLinkError {
    /// Nobody issued it.
    #[error("there is no such link")]
    NotIssued,
    /// It stands already.
    #[error("the link was issued before")]
    AlreadyIssued,
    /// Its life is too short or too long.
    #[error("a link lives between {SHORTEST_LIFE_MINUTES} minutes and {LONGEST_LIFE_DAYS} days")]
    LifeOutOfBounds,
    /// It is over.
    #[error("the link is no longer active: {0}")]
    Ended(LinkEnd),
    /// The attempt did not come back from the provider with a yes.
    #[error("this attempt was not authorised by the provider")]
    NotAuthorized,
}

use ConnectLinkError::{AlreadyIssued, Ended, LifeOutOfBounds, NotAuthorized, NotIssued};

impl ConnectLink {
    /// What the link is good for, once it was issued.
    pub fn terms(&self) -> Option<&LinkTerms> {
        self.issued.as_ref().map(|issued| &issued.terms)
    }

    /// Whether this is the link of that token; takes the same time whatever differs.
    pub fn matches(&self, token: &LinkToken) -> bool {
        self.issued
            .as_ref()
            .is_some_and(|issued| issued.token_hash == token.hash())
    }

    /// How the link ended, as recorded or as the clock says.
    pub fn end_at(&self, now: Timestamp) -> Option<LinkEnd> {
        self.end.or_else(|| {
            self.terms()
                .filter(|terms| now >= terms.expires_at)
                .map(|_| LinkEnd::Expired)
        })
    }

    /// How the link ended as far as its events say.
    pub fn recorded_end(&self) -> Option<LinkEnd> {
        self.end
    }

    /// Whether anybody has tried to use it.
    pub fn is_started(&self) -> bool {
        self.is_started
    }

    /// The attempt that used it up.
    pub fn completed_by(&self) -> Option<AttemptId> {
        self.completed_by
    }

    /// Whether it was taken back because what it was to mend worked again.
    pub fn is_needless(&self) -> bool {
        self.is_needless
    }

    fn decide(&self, command: ConnectLinkCommand) -> Result<Vec<ConnectLinkEvent>, ConnectLinkError> {
        use ConnectLinkCommand::{Authorize, Complete, Decline, Expire, FailAttempt, Issue, Revoke, Start};
        match command {
            Issue {
                token,
                terms,
                personal,
                now,
            } => self.issue(&token, terms, personal, now),
            Start { attempt, now } => self.while_live(now, || Ok(vec![ConnectLinkEvent::Started { attempt }])),
            Authorize { attempt, now } => self.while_live(now, || Ok(vec![ConnectLinkEvent::Authorized { attempt }])),
            FailAttempt { attempt, reason, now } => {
                self.while_live(now, || Ok(vec![ConnectLinkEvent::AttemptFailed { attempt, reason }]))
            }
            Complete {
                attempt,
                grant,
                generation,
                listing,
                now,
            } => self.while_live(now, || {
                if !self.authorized.contains(&attempt) {
                    return Err(NotAuthorized);
                }
                Ok(vec![ConnectLinkEvent::Completed {
                    attempt,
                    grant,
                    generation,
                    listing,
                }])
            }),
            Decline { now } => self.while_live(now, || Ok(vec![ConnectLinkEvent::Declined {}])),
            Expire { now } => self.expire(now),
            // Revoking twice is not an error: the first time stands.
            Revoke { .. } if self.end == Some(LinkEnd::Revoked) => Ok(vec![]),
            Revoke { by, reason, now } => self.while_live(now, || Ok(vec![ConnectLinkEvent::Revoked { by, reason }])),
        }
    }

    fn issue(
        &self,
        token: &LinkToken,
        terms: LinkTerms,
        personal: Option<Personal>,
        now: Timestamp,
    ) -> Result<Vec<ConnectLinkEvent>, ConnectLinkError> {
        let life = terms.expires_at - now;
        if self.issued.is_some() {
            return Err(AlreadyIssued);
        }
        if life < chrono::TimeDelta::minutes(SHORTEST_LIFE_MINUTES) || life > chrono::TimeDelta::days(LONGEST_LIFE_DAYS)
        {
            return Err(LifeOutOfBounds);
        }
        Ok(vec![ConnectLinkEvent::Issued {
            token_hash: token.hash(),
            terms,
            personal,
        }])
    }

    /// Nobody is refused: whoever sweeps may be late, or early.
    fn expire(&self, now: Timestamp) -> Result<Vec<ConnectLinkEvent>, ConnectLinkError> {
        let expires_at = self.terms().ok_or(NotIssued)?.expires_at;
        match self.end {
            None if now >= expires_at => Ok(vec![ConnectLinkEvent::Expired { expires_at }]),
            _ => Ok(vec![]),
        }
    }

    /// The rule of every command on an issued link: an ended link refuses; one whose time has come records that first, and the
    /// caller reads the refusal from its state (what a failing command writes would be lost).
    fn while_live(
        &self,
        now: Timestamp,
        decide: impl FnOnce() -> Result<Vec<ConnectLinkEvent>, ConnectLinkError>,
    ) -> Result<Vec<ConnectLinkEvent>, ConnectLinkError> {
        let terms = self.terms().ok_or(NotIssued)?;
        match self.end {
            Some(end) => Err(Ended(end)),
            None if now >= terms.expires_at => Ok(vec![ConnectLinkEvent::Expired {
                expires_at: terms.expires_at,
            }]),
            None => decide(),
        }
    }

    fn evolve(&mut self, event: &ConnectLinkEvent) {
        match event {
            ConnectLinkEvent::Issued { token_hash, terms, .. } => {
                let (token_hash, terms) = (*token_hash, terms.clone());
                self.issued = Some(IssuedLink { token_hash, terms });
            }
            ConnectLinkEvent::Started { .. } => self.is_started = true,
            ConnectLinkEvent::Authorized { attempt } => {
                self.authorized.insert(*attempt);
            }
            ConnectLinkEvent::AttemptFailed { attempt, .. } => {
                self.authorized.remove(attempt);
            }
            ConnectLinkEvent::Completed { attempt, .. } => {
                self.end = Some(LinkEnd::Completed);
                self.completed_by = Some(*attempt);
            }
            ConnectLinkEvent::Declined {} => self.end = Some(LinkEnd::Declined),
            ConnectLinkEvent::Revoked { reason, .. } => {
                self.end = Some(LinkEnd::Revoked);
                self.is_needless = *reason == RevokeReason::AlreadyConnected;
            }
            ConnectLinkEvent::Expired { .. } => self.end = Some(LinkEnd::Expired),
        }
    }
}

aggregate!(ConnectLink, "connect_link", ConnectLinkCommand => ConnectLinkEvent, ConnectLinkError);
