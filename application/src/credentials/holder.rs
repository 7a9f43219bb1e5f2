//! A credential in this node's hands: what is asked of the provider, and what is written down of its answer.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    Timestamp,
    grant::{GrantCommand, LossReason, RefreshFailure, Standing},
};
use secrecy::ExposeSecret;
use tokio::time::{Instant, error::Elapsed, timeout, timeout_at};

use super::{
    renew::{Renewal, ends},
    rests::Rest,
    schedule::{Facts, pause},
    standing::Stood,
};
use crate::{
    app::App,
    error::CommandError,
    flow::serialized,
    integrations::PATIENCE,
    ports::{
        StoreError,
        provider::{Connector, Credential, RefreshError, Revokes},
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
    /// When it was reached for: the lease ends no sooner than counted from here.
    pub(super) taken_at: Instant,
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
        let deadline = self.app.refreshing.pace.deadline;
        if self.taken_at.elapsed() > deadline / 2 {
            // This node is too slow just now: an answer that it has no time to wait for would be lost.
            let until = self.app.clock.now();
            self.end(Ending::PutOff { until }).await?;
            return Ok(Renewal::Busy);
        }
        if let Some(rest) = self.app.refreshing.rests.of(given_to, self.app.clock.now()).await {
            return self.wait(rest).await;
        }
        let asked = timeout_at(self.taken_at + deadline, self.asked(&*connector, credential)).await;
        self.learn(&asked).await;
        match asked {
            Ok(Ok(new)) => self.store(&*connector, &new).await,
            Ok(Err(RefreshError::Lost(reason))) => self.refused(&*connector, credential, reason).await,
            Ok(Err(RefreshError::Failed {
                reason,
                retry_after,
                is_unanswered,
            })) => self.fail(reason, retry_after, is_unanswered).await,
            Ok(Err(RefreshError::BrokenOff)) | Err(_) => self.fail(RefreshFailure::Unavailable, None, true).await,
        }
    }

    /// The provider is to be left alone for a while. Its time has come all the same, and whoever counts what is overdue counts it.
    async fn wait(&self, rest: Rest) -> Result<Renewal, CommandError> {
        self.end(Ending::PutOff { until: rest.until }).await?;
        self.count("waits").await;
        Ok(Renewal::Failed {
            reason: Some(rest.reason),
            until: rest.until,
        })
    }

    /// What the answer to one account says of the others.
    async fn learn(&self, asked: &Result<Result<Credential, RefreshError>, Elapsed>) {
        let (rests, app, now) = (&self.app.refreshing.rests, &self.stood.given_to, self.app.clock.now());
        match asked {
            Ok(Err(RefreshError::Failed {
                reason, retry_after, ..
            })) if wants_rest(*reason, *retry_after) => {
                let (_, leave) = pause(*reason, *retry_after, self.hold.attempts, &*self.app.entropy);
                let until = after(now, TimeDelta::from_std(leave).unwrap_or(TimeDelta::MAX));
                let rest = Rest { reason: *reason, until };
                rests.told(app, *self.key, rest, now).await;
            }
            Err(_)
            | Ok(Err(
                RefreshError::BrokenOff
                | RefreshError::Failed {
                    is_unanswered: true, ..
                },
            )) => rests.unanswered(app, now).await,
            Ok(_) => rests.answered(app).await,
        }
    }

    /// An answer that broke off is asked for once more, at once and with the same token: where the provider had not changed it yet,
    /// or bears with the old one for a moment, it is there after all. A provider that does neither will say so now or later.
    async fn asked(&self, connector: &dyn Connector, credential: &Credential) -> Result<Credential, RefreshError> {
        match connector.refresh(credential).await {
            Err(RefreshError::BrokenOff) => {
                self.count("asked_again").await;
                connector.refresh(credential).await
            }
            asked => asked,
        }
    }

    async fn store(&self, connector: &dyn Connector, new: &Credential) -> Result<Renewal, CommandError> {
        let ending = Ending::Renewed {
            sealed: self.app.cipher.seal(&self.key.place(), &serialized(new)?),
            expires_at: ends(new),
            due_at: self.due_with(Some(connector), new, self.app.clock.now()),
            app: self.stood.given_to.app.client_id.clone(),
            at: self.app.clock.now(),
        };
        if !self.end_surely(ending).await? {
            self.count("superseded").await;
            self.give_up(connector, new).await?;
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

    /// What came when its connection had ended is kept nowhere: what is taken back of that is what the provider has just replaced.
    /// So it is taken back here and now, where a provider takes back one by one; elsewhere it goes with its account.
    async fn give_up(&self, connector: &dyn Connector, new: &Credential) -> Result<(), CommandError> {
        if connector.revokes() != Revokes::Token || self.app.credential_at(self.key).await?.is_some() {
            return Ok(()); // whoever took it over has an answer of its own
        }
        if !matches!(timeout(PATIENCE, connector.revoke(new)).await, Ok(Ok(()))) {
            tracing::warn!(grant = %self.key.grant, "credentials that came too late could not be taken back at the provider");
        }
        Ok(())
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
    pub(super) async fn lose(&self, reason: LossReason) -> Result<Renewal, CommandError> {
        if !self.keep().await? {
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
        // What nobody has looked at yet may have waited long for that.
        let given_at = self.hold.due_at.map_or(self.hold.created_at, |_| self.app.clock.now());
        match self.app.connector_for(&given_to.provider, &given_to.app).await {
            Ok(connector) => Ok(self.due_with(Some(&*connector), credential, given_at)),
            Err(CommandError::ProviderUnknown) => Ok(self.due_with(None, credential, given_at)),
            Err(error) => Err(error),
        }
    }

    fn due_with(
        &self,
        connector: Option<&dyn Connector>,
        credential: &Credential,
        given_at: Timestamp,
    ) -> Option<Timestamp> {
        let facts = Facts {
            now: self.app.clock.now(),
            given_at,
            expires_at: ends(credential),
            used_at: self.hold.used_at.unwrap_or(self.hold.created_at),
            is_renewable: credential.refresh_token.is_some(),
            keep_alive: connector.and_then(Connector::keep_alive),
        };
        facts.due(&*self.app.entropy)
    }

    /// Whether it still is in our hands; then it is for another lease.
    async fn keep(&self) -> Result<bool, CommandError> {
        let lease = self.app.refreshing.pace.lease;
        Ok(self.app.refreshes.keep(self.key, &self.hold, lease).await?)
    }

    /// What the provider gave may hold the only refresh token that still works: a store that is away for a moment must not cost it.
    /// It is tried for as long as the lease lasts; the fence makes sure that it is not stored too late.
    async fn end_surely(&self, ending: Ending) -> Result<bool, CommandError> {
        let until = Instant::now() + self.app.refreshing.pace.lease;
        loop {
            match self.app.refreshes.end(self.key, &self.hold, ending.clone()).await {
                Err(StoreError::Unavailable(_)) if Instant::now() < until => {
                    tokio::time::sleep(self.app.refreshing.pace.look).await;
                }
                ended => return Ok(ended?),
            }
        }
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

/// Whether a provider that said that is to be left alone by others, too.
fn wants_rest(reason: RefreshFailure, retry_after: Option<Duration>) -> bool {
    match reason {
        RefreshFailure::RateLimited => true,
        RefreshFailure::Unavailable => retry_after.is_some(),
        RefreshFailure::AppRefused | RefreshFailure::AppNotApproved => false,
    }
}
