//! A live link's address is shown again, and that it was is on record before it is shown.

use domain::{
    connect_link::{ConnectLink, ConnectLinkError, LinkToken},
    ids::LinkId,
    trail::{LinkObservation, link_trail},
};
use secrecy::ExposeSecret;

use super::live::note_terms;
use crate::{
    error::CommandError,
    ports::{StoreError, vault::Record},
    run::{Decision, UseCase},
    work::Work,
};

/// Shows a link's address again.
pub struct RevealLink {
    /// The link.
    pub link: LinkId,
}

impl UseCase for RevealLink {
    type Answer = String;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<String>, CommandError> {
        let (app, now) = (work.app(), work.context().now);
        let link = work.load::<ConnectLink>(self.link).await?;
        let terms = link.terms().cloned().ok_or(ConnectLinkError::NotIssued)?;
        if let Some(end) = link.end_at(now) {
            return Err(ConnectLinkError::Ended(end).into());
        }
        let token = app.token_of(work.context().tenant, self.link).await?;
        note_terms(work, self.link, &terms);
        work.observe(link_trail(self.link), None, None, LinkObservation::Revealed {})
            .await?;
        Ok(Decision::Done(app.link_address(&terms.host, &token)))
    }
}

impl crate::App {
    /// The token of a live link, from its sealed copy.
    ///
    /// # Errors
    /// When the link ended (its copy is gone), or the vault fails.
    pub(crate) async fn token_of(
        &self,
        tenant: domain::ids::TenantId,
        link: LinkId,
    ) -> Result<LinkToken, CommandError> {
        let place = crate::ports::vault::Place {
            tenant,
            record: Record::LinkToken(link),
        };
        let row = self.vault.get(&place).await?.ok_or(CommandError::AttemptOver)?;
        let broken = || StoreError::Broken("a link's sealed token".into());
        let text = self.cipher.open(&place, &row.sealed).map_err(|_| broken())?;
        let text = std::str::from_utf8(text.expose_secret()).map_err(|_| broken())?;
        LinkToken::parse(text).map_err(|_| broken().into())
    }
}
