//! A connection's credentials for somebody who needs them now.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    Timestamp,
    grant::{LossReason, Standing},
    ids::{IntegrationId, TenantId},
};
use tokio::time::{Instant, sleep};

use super::{
    renew::{Need, Renewal, ends},
    schedule::is_fresh,
};
use crate::{app::App, error::CommandError, integrations::Serving, ports::refreshes::CredentialKey};

/// A token that still lives for so long is given out when the provider cannot be reached.
const LAST_MOMENTS: TimeDelta = TimeDelta::seconds(30);
/// What a reader is told to wait at most.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// What a reader is told to wait while somebody else renews.
const SHORTLY: Duration = Duration::from_secs(1);

/// What serves a connection now.
pub struct Fresh {
    /// The credentials and what they are for.
    pub serving: Serving,
    /// When the access token ends, where the provider says.
    pub expires_at: Option<Timestamp>,
}

impl Serving {
    /// Names the credential.
    pub fn key(&self) -> CredentialKey {
        CredentialKey {
            tenant: self.tenant,
            grant: self.grant,
            generation: self.generation,
        }
    }
}

impl App {
    /// A connection's credentials with an access token that lasts for five minutes at least. One that ends sooner is renewed
    /// first; whoever asks meanwhile, on this node or another, waits for that renewal and starts none. A provider that gives
    /// tokens of less than five minutes gives a new one each time; and where it cannot be reached, the last moments of a token
    /// are given out rather than nothing.
    ///
    /// # Errors
    /// [`CommandError::NotConnected`] where there is nothing, [`CommandError::NeedsReconnect`] when it is worth nothing any more,
    /// [`CommandError::CredentialsAway`] while the provider cannot be reached; when a store fails.
    pub async fn fresh_credential(
        self: &Arc<Self>,
        tenant: TenantId,
        integration: IntegrationId,
    ) -> Result<Fresh, CommandError> {
        let until = Instant::now() + self.refreshing.pace.patience;
        let mut is_new = false;
        loop {
            let serving = self.credential_of(integration).await?;
            let serving = serving.filter(|serving| serving.tenant == tenant);
            let serving = serving.ok_or(CommandError::NotConnected)?;
            if let Some(reason) = self.loss_of(&serving.key()).await? {
                return Err(CommandError::NeedsReconnect(reason));
            }
            let (now, expires_at) = (self.clock.now(), ends(&serving.credential));
            if is_new || is_fresh(expires_at, now) {
                return Ok(Fresh { serving, expires_at });
            }
            let need = Need::Instead(serving.credential.access_token.clone());
            let renewal = self.renew(serving.key(), need).await?;
            let (now, is_patient) = (self.clock.now(), Instant::now() < until);
            match renewal {
                Renewal::Renewed => is_new = true,
                Renewal::Gone if is_patient => {}
                Renewal::Gone => return Err(CommandError::CredentialsAway(SHORTLY)),
                Renewal::Lost(reason) => return Err(CommandError::NeedsReconnect(reason)),
                Renewal::Busy if is_patient => sleep(self.refreshing.pace.look).await,
                Renewal::Busy => return last_moments(serving, now, SHORTLY),
                Renewal::Failed { until, .. } => {
                    let wait = (until - now).to_std().unwrap_or_default();
                    return last_moments(serving, now, wait.clamp(SHORTLY, LONGEST_WAIT));
                }
            }
        }
    }

    async fn loss_of(&self, key: &CredentialKey) -> Result<Option<LossReason>, CommandError> {
        Ok(match self.stood(key).await?.map(|stood| stood.standing) {
            Some(Standing::Lost(reason)) => Some(reason),
            _ => None,
        })
    }
}

/// Nothing new is to be had: what there is serves to its end.
fn last_moments(serving: Serving, now: Timestamp, wait: Duration) -> Result<Fresh, CommandError> {
    let expires_at = ends(&serving.credential);
    if expires_at.is_some_and(|end| end - now >= LAST_MOMENTS) {
        return Ok(Fresh { serving, expires_at });
    }
    Err(CommandError::CredentialsAway(wait))
}
