//! A credential in this node's hands: what is asked of the provider, and what is written down of its answer.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    Timestamp,
    grant::{GrantCommand, LossReason, RefreshFailure, Standing},
};
use secrecy::ExposeSecret;

use super::{
    renew::{Renewal, ends},
    schedule::{Facts, pause},
    standing::Stood,
};
use crate::{
    app::App,
    error::CommandError,
    flow::serialized,
    ports::{
        provider::{Connector, Credential, RefreshError},
        refreshes::{CredentialKey, Ending, Hold},
    },
    work::after,
};

/// A hold, and what it is of.
pub(super) struct Holder<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) key: &'a CredentialKey,
    pub(super) stood: &'a Stood,
    pub(super) hold: Hold,
}

impl Holder<'_> {
    /// Whether its time has not come, after all: somebody else renewed it, or nobody has looked at it yet.
    pub(super) async fn is_early(&self, credential: &Credential) -> Result<bool, CommandError> {
        let due = match self.hold.due_at {
            Some(due) => Some(due),
            None => self.due(credential).await?,
        };
        Ok(due.is_none_or(|due| due > self.app.clock.now()))
    }

    /// Lets go of what is good as it is.
    pub(super) async fn leave_alone(&self, credential: &Credential) -> Result<Renewal, CommandError> {
        let ending = Ending::LeftAlone {
            expires_at: ends(credential),
            due_at: self.due(credential).await?,
        };
        self.end(ending).await?;
        Ok(Renewal::Renewed)
    }

    /// The log knows already that it is worth nothing: so does its row from now on.
    pub(super) async fn stays_lost(&self, reason: LossReason) -> Result<Renewal, CommandError> {
        self.end(self.lost(reason)).await?;
        Ok(Renewal::Lost(reason))
    }

    /// Asks the provider, and writes down what it says.
    pub(super) async fn ask(&self, credential: &Credential) -> Result<Renewal, CommandError> {
        if credential.refresh_token.is_none() {
            // Nothing to ask for: it is good until its end, and not a moment longer.
            if ends(credential).is_none_or(|end| end > self.app.clock.now()) {
                return self.leave_alone(credential).await;
            }
            return self.lose(LossReason::NotRenewable).await;
        }
        let given_to = &self.stood.given_to;
        let connector = match self.app.connector_for(&given_to.provider, &given_to.app).await {
            Ok(connector) => connector,
            // The operators took it out of the configuration.
            Err(CommandError::ProviderUnknown) => return self.fail(RefreshFailure::AppRefused, None, false).await,
            Err(error) => return Err(error),
        };
        let asked = tokio::time::timeout(self.app.refreshing.pace.deadline, connector.refresh(credential)).await;
        match asked {
            Ok(Ok(new)) => self.store(&*connector, &new).await,
            Ok(Err(RefreshError::Lost(reason))) => self.refused(&*connector, credential, reason).await,
            Ok(Err(RefreshError::Failed {
                reason,
                retry_after,
                is_unanswered,
            })) => self.fail(reason, retry_after, is_unanswered).await,
            Err(_) => self.fail(RefreshFailure::Unavailable, None, true).await,
        }
    }

    async fn store(&self, connector: &dyn Connector, new: &Credential) -> Result<Renewal, CommandError> {
        let ending = Ending::Renewed {
            sealed: self.app.cipher.seal(&self.key.place(), &serialized(new)?),
            expires_at: ends(new),
            due_at: self.due_with(Some(connector), new),
            app: self.stood.given_to.app.client_id.clone(),
            at: self.app.clock.now(),
        };
        if !self.end(ending).await? {
            self.count("superseded").await;
            return Ok(Renewal::Gone); // somebody took it over, or a newer generation took its place
        }
        if !connector.required_scopes().is_subset(&new.scopes) {
            return self.lose(LossReason::ScopesWithdrawn).await;
        }
        self.count("renewed").await;
        if matches!(self.stood.standing, Standing::Failing(_)) {
            let generation = self.key.generation;
            self.note(GrantCommand::RecoverRefresh { generation }).await?;
        }
        Ok(Renewal::Renewed)
    }

    /// The provider will not have that refresh token. It is lost only if it still is the newest one that we have.
    async fn refused(
        &self,
        connector: &dyn Connector,
        asked: &Credential,
        reason: LossReason,
    ) -> Result<Renewal, CommandError> {
        let Some(now) = self.app.credential_at(self.key).await? else {
            return Ok(Renewal::Gone);
        };
        let token = |credential: &Credential| {
            credential
                .refresh_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned())
        };
        if token(&now) != token(asked) {
            return self.leave_alone(&now).await;
        }
        if self.hold.is_unanswered {
            tracing::warn!(
                grant = %self.key.grant,
                "credentials were refused after an answer of the provider had got lost: it may have held the new ones"
            );
        }
        let reason = if connector.has_testing() {
            let age = self.app.clock.now() - self.hold.created_at;
            self.app
                .why_lost(reason, age, &self.stood.given_to.app.client_id)
                .await?
        } else {
            reason
        };
        self.lose(reason).await
    }

    /// First the log, then the row: whoever dies in between is told the same by the provider once more. Who was too slow says
    /// nothing: whoever took it over knows better.
    async fn lose(&self, reason: LossReason) -> Result<Renewal, CommandError> {
        let lease = self.app.refreshing.pace.lease;
        if !self.app.refreshes.keep(self.key, &self.hold, lease).await? {
            self.count("superseded").await;
            return Ok(Renewal::Busy);
        }
        let generation = self.key.generation;
        self.note(GrantCommand::Lose { generation, reason }).await?;
        self.end(self.lost(reason)).await?;
        self.count("lost").await;
        tracing::warn!(grant = %self.key.grant, %reason, "credentials are worth nothing any more");
        Ok(Renewal::Lost(reason))
    }

    fn lost(&self, reason: LossReason) -> Ending {
        Ending::Lost {
            reason,
            app: self.stood.given_to.app.client_id.clone(),
            at: self.app.clock.now(),
        }
    }

    async fn fail(
        &self,
        reason: RefreshFailure,
        retry_after: Option<Duration>,
        is_unanswered: bool,
    ) -> Result<Renewal, CommandError> {
        let at = self.app.clock.now();
        let (again, leave) = pause(reason, retry_after, self.hold.attempts, &*self.app.entropy);
        let in_time = |pause| after(at, TimeDelta::from_std(pause).unwrap_or(TimeDelta::MAX));
        let until = in_time(leave);
        let ending = Ending::Failed {
            problem: reason,
            due_at: in_time(again),
            not_before: until,
            is_unanswered,
            at,
        };
        if self.end(ending).await? {
            let generation = self.key.generation;
            self.note(GrantCommand::FailRefresh { generation, reason }).await?;
        }
        self.count(if reason.is_the_operators() {
            "refused_app"
        } else {
            "failed"
        })
        .await;
        if self.hold.attempts == 0 {
            tracing::warn!(grant = %self.key.grant, %reason, "credentials could not be renewed");
        }
        Ok(Renewal::Failed {
            reason: Some(reason),
            until,
        })
    }

    async fn due(&self, credential: &Credential) -> Result<Option<Timestamp>, CommandError> {
        let given_to = &self.stood.given_to;
        match self.app.connector_for(&given_to.provider, &given_to.app).await {
            Ok(connector) => Ok(self.due_with(Some(&*connector), credential)),
            Err(CommandError::ProviderUnknown) => Ok(self.due_with(None, credential)),
            Err(error) => Err(error),
        }
    }

    fn due_with(&self, connector: Option<&dyn Connector>, credential: &Credential) -> Option<Timestamp> {
        let facts = Facts {
            now: self.app.clock.now(),
            expires_at: ends(credential),
            used_at: self.hold.used_at.unwrap_or(self.hold.created_at),
            is_renewable: credential.refresh_token.is_some(),
            keep_alive: connector.and_then(Connector::keep_alive),
        };
        facts.due(&*self.app.entropy)
    }

    async fn end(&self, ending: Ending) -> Result<bool, CommandError> {
        Ok(self.app.refreshes.end(self.key, &self.hold, ending).await?)
    }

    async fn note(&self, command: GrantCommand) -> Result<(), CommandError> {
        self.app.note_standing(self.key, self.stood, command).await
    }

    async fn count(&self, outcome: &'static str) {
        let provider = self.stood.given_to.provider.as_str();
        self.app.refreshing.counts.count(provider, outcome).await;
    }
}
