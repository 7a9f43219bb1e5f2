//! From a token to its link: without a lookup table, and only on the link's own host.

use chrono::TimeDelta;
use domain::{
    connect_link::{ConnectLink, ConnectLinkError, LinkTerms, LinkToken},
    host::HostName,
    ids::{AttemptId, LinkId, RequestId, TenantId},
    log::StreamId,
};
use sha2::{Digest, Sha256};

use crate::{
    app::App, context::Context, error::CommandError, metadata::Actor, ports::attempts::Attempt, states::Moment,
};

/// So long an attempt can go on.
const ATTEMPT_LIFE: TimeDelta = TimeDelta::hours(24);

/// One request of a browser on an agency's host.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The host that was asked.
    pub host: HostName,
    /// SHA-256 of the browser's cookie.
    pub browser: [u8; 32],
    /// The keyed hash of the browser's network.
    pub network: Option<String>,
    /// The call, followed through logs and events.
    pub request: RequestId,
}

/// A link that was found.
#[derive(Clone, Debug)]
pub struct FoundLink {
    /// Its id.
    pub id: LinkId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is good for.
    pub terms: LinkTerms,
    /// The link.
    pub link: ConnectLink,
}

impl App {
    /// The link of a token, if it is one of this host; any other looks like one that never was.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn link_of_token(&self, host: &HostName, token: &LinkToken) -> Result<Option<FoundLink>, CommandError> {
        self.link_of_token_at(host, token, self.look().await?).await
    }

    /// As [`App::link_of_token`], at a moment.
    pub(super) async fn link_of_token_at(
        &self,
        host: &HostName,
        token: &LinkToken,
        at: Moment,
    ) -> Result<Option<FoundLink>, CommandError> {
        let found = self.link_at(token.link_id(), at).await?;
        Ok(found.filter(|found| found.link.matches(token) && found.terms.host == *host))
    }

    pub(crate) async fn link_by_id(&self, id: LinkId) -> Result<Option<FoundLink>, CommandError> {
        self.link_at(id, self.look().await?).await
    }

    async fn link_at(&self, id: LinkId, at: Moment) -> Result<Option<FoundLink>, CommandError> {
        let stream = StreamId::of::<ConnectLink>(id);
        let Some(found) = self.replay_at::<ConnectLink>(&stream, at).await? else {
            return Ok(None);
        };
        Ok(found.state.terms().cloned().map(|terms| FoundLink {
            id,
            tenant: found.owner,
            terms,
            link: found.state.clone(),
        }))
    }

    /// The attempt of this browser on this host, and its link. Anybody else's attempt looks like one that never was.
    ///
    /// # Errors
    /// [`CommandError::AttemptOver`] when there is no such attempt here.
    pub async fn attempt_of_visit(&self, visit: &Visit, id: AttemptId) -> Result<(Attempt, FoundLink), CommandError> {
        let attempt = self.attempts.get(id).await?.ok_or(CommandError::AttemptOver)?;
        let is_too_old = self.clock.now() - attempt.started_at > ATTEMPT_LIFE;
        if is_too_old || attempt.host != visit.host || attempt.browser_hash != visit.browser {
            return Err(CommandError::AttemptOver);
        }
        let found = self.link_by_id(attempt.link).await?.ok_or(CommandError::AttemptOver)?;
        Ok((attempt, found))
    }
}

impl FoundLink {
    /// The frame of what a customer's browser does with this link, or that of the member who connects directly.
    pub fn context(&self, app: &App, visit: &Visit) -> Context {
        Context {
            tenant: self.tenant,
            agency: self.terms.agency,
            actor: if self.terms.is_direct {
                Actor::Member(self.terms.requested_by)
            } else {
                Actor::Customer
            },
            request: visit.request,
            now: app.clock.now(),
            network: visit.network.clone(),
        }
    }

    /// # Errors
    /// When the link is over, by its events or by the clock.
    pub fn must_be_live(&self, app: &App) -> Result<(), CommandError> {
        match self.link.end_at(app.clock.now()) {
            Some(end) => Err(ConnectLinkError::Ended(end).into()),
            None => Ok(()),
        }
    }
}

/// SHA-256 of something that a browser or a provider carries, for a row that must not hold the thing itself.
pub(super) fn digest(carried: &str) -> [u8; 32] {
    Sha256::digest(carried.as_bytes()).into()
}
