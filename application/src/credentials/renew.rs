//! One renewal: taken in hand, looked at again, asked for, stored.

use std::sync::Arc;

use domain::grant::{LossReason, RefreshFailure, Standing};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::{holder::Holder, schedule::is_fresh};
use crate::{
    app::App,
    error::CommandError,
    ports::{
        provider::Credential,
        refreshes::{CredentialKey, Taking},
    },
    run::spawned,
};

/// Why a renewal is asked for.
#[derive(Clone, Debug)]
pub enum Need {
    /// Its time has come.
    Due,
    /// Somebody needs another access token than this one, which ends too soon.
    Instead(SecretString),
    /// The provider refuses this access token, whatever time it has left.
    Refused(SecretString),
}

impl Need {
    /// Whether a reader's need is met by that credential.
    fn is_met_by(&self, credential: &Credential, now: domain::Timestamp) -> bool {
        let is_another = |old: &SecretString| credential.access_token.expose_secret() != old.expose_secret();
        match self {
            Self::Due => false,
            Self::Instead(old) => is_another(old) || is_fresh(ends(credential), now),
            Self::Refused(old) => is_another(old),
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is as good as new, whoever did it.
    Renewed,
    /// Another node is at it.
    Busy,
    /// It could not be renewed; it is tried again at that moment at the soonest.
    Failed {
        /// Why, where that is known.
        reason: Option<RefreshFailure>,
        /// When the provider is asked again at the soonest.
        until: domain::Timestamp,
    },
    /// It is worth nothing any more.
    Lost(LossReason),
    /// There is no such credential any more: a newer one took its place, or it is over.
    Gone,
}

/// When an access token ends.
pub(super) fn ends(credential: &Credential) -> Option<domain::Timestamp> {
    credential
        .expires_at
        .and_then(|end| domain::Timestamp::from_timestamp(end, 0))
}

impl App {
    /// Renews a credential, if it needs that and nobody else is at it. It goes on to its end whatever becomes of the caller: an
    /// answer that nobody waits for any more may hold the only refresh token that still works.
    ///
    /// # Errors
    /// When a store fails. What the provider says is no error.
    pub async fn renew(self: &Arc<Self>, key: CredentialKey, need: Need) -> Result<Renewal, CommandError> {
        let app = Arc::clone(self);
        spawned(async move { app.renew_once(&key, &need).await }).await
    }

    async fn renew_once(self: &Arc<Self>, key: &CredentialKey, need: &Need) -> Result<Renewal, CommandError> {
        let _turn = self.refreshing.flights.turn(key).await;
        let now = self.clock.now();
        // Whoever waited for its turn finds here what the one before it brought.
        match self.credential_at(key).await? {
            None => return Ok(Renewal::Gone),
            Some(credential) if need.is_met_by(&credential, now) => return Ok(Renewal::Renewed),
            Some(_) => {}
        }
        let Some(stood) = self.stood(key).await? else {
            return Ok(Renewal::Gone);
        };
        let taken_at = Instant::now(); // before the database counts
        let hold = match self.refreshes.take(key, self.refreshing.pace.lease, now).await? {
            Taking::Held(hold) => hold,
            Taking::Busy => return Ok(Renewal::Busy),
            Taking::Waits { until, problem } => return Ok(Renewal::Failed { reason: problem, until }),
            Taking::Gone => return Ok(Renewal::Gone),
        };
        let holder = Holder {
            app: self,
            key,
            stood: &stood,
            hold,
            taken_at,
        };
        if let Standing::Lost(reason) = stood.standing {
            return holder.stays_lost(reason).await;
        }
        // Another node may have renewed it until just now: what it was given is not asked for again.
        let Some(credential) = self.credential_at(key).await? else {
            return Ok(Renewal::Gone);
        };
        if need.is_met_by(&credential, now) || (matches!(need, Need::Due) && holder.is_early(&credential).await?) {
            return holder.leave_alone(&credential).await;
        }
        match need {
            Need::Refused(_) if credential.refresh_token.is_none() => holder.lose(LossReason::ExpiredOrRevoked).await,
            _ => holder.ask(&credential).await,
        }
    }

    /// A generation's credential, as it is now.
    pub(super) async fn credential_at(&self, key: &CredentialKey) -> Result<Option<Credential>, CommandError> {
        let row = self.vault.get(&key.place()).await?;
        row.map(|row| self.open_credential(&row)).transpose()
    }
}
