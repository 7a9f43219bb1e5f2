//! A link and the integration it is for, moved on together: when the link ends, the integration stops waiting for it, and its
//! token can no longer be shown.

use domain::{
    connect_link::{ConnectLink, ConnectLinkCommand, ConnectLinkError, LinkEnd, LinkTerms, RevokeReason, RevokedBy},
    ids::LinkId,
    integration::{Integration, IntegrationCommand, RequestOutcome},
};

use crate::{
    error::CommandError,
    metadata,
    ports::vault::Record,
    run::Decision,
    work::{Loaded, Work},
};

/// A link that was issued, and the integration it is for.
pub struct LinkInHand {
    /// Its id.
    pub id: LinkId,
    /// What it is good for.
    pub terms: LinkTerms,
    /// The link.
    pub link: Loaded<ConnectLink>,
    /// The integration.
    pub integration: Loaded<Integration>,
}

impl LinkInHand {
    /// Loads both, and notes in the metadata what the commit is about.
    ///
    /// # Errors
    /// When there is no such link in this tenant, or a store fails.
    pub async fn load(work: &mut Work<'_>, id: LinkId) -> Result<Self, CommandError> {
        let link = work.load::<ConnectLink>(id).await?;
        let terms = link.terms().cloned().ok_or(ConnectLinkError::NotIssued)?;
        let integration = work.load::<Integration>(terms.integration).await?;
        note_terms(work, id, &terms);
        Ok(Self {
            id,
            terms,
            link,
            integration,
        })
    }

    /// Gives the link a command. When that ends it, the integration stops waiting and the token's sealed copy goes.
    ///
    /// # Errors
    /// What the link refuses, or a store that failed.
    pub async fn execute(&mut self, work: &mut Work<'_>, command: ConnectLinkCommand) -> Result<(), CommandError> {
        let was_live = self.link.recorded_end().is_none();
        work.execute(&mut self.link, command).await?;
        match self.link.recorded_end() {
            Some(end) if was_live => self.settle(work, end).await,
            _ => Ok(()),
        }
    }

    /// The decision after a command on the link: refused when the command only found that the link's time had come.
    pub fn decided<T>(&self, answer: T) -> Decision<T> {
        match self.link.recorded_end() {
            Some(LinkEnd::Expired) => Decision::Refused(ConnectLinkError::Ended(LinkEnd::Expired).into()),
            _ => Decision::Done(answer),
        }
    }

    /// Whether a command found that the link's time had come, so that nothing more may follow in this commit.
    pub fn has_lapsed(&self) -> bool {
        self.link.recorded_end() == Some(LinkEnd::Expired)
    }

    async fn settle(&mut self, work: &mut Work<'_>, end: LinkEnd) -> Result<(), CommandError> {
        work.delete_secret(Record::LinkToken(self.id));
        let outcome = match end {
            LinkEnd::Completed => return Ok(()), // connecting closes the request itself
            LinkEnd::Declined => RequestOutcome::Declined,
            LinkEnd::Revoked => RequestOutcome::Revoked,
            LinkEnd::Expired => RequestOutcome::Expired,
        };
        work.execute(
            &mut self.integration,
            IntegrationCommand::CloseLink { link: self.id, outcome },
        )
        .await
    }
}

/// Takes back the link that was to mend an integration, which is about to work again by other means. One that a member asked for
/// stays: he may want more with it. What follows in the commit is to be noted anew.
pub(crate) async fn withdraw_needless(
    work: &mut Work<'_>,
    integration: Loaded<Integration>,
) -> Result<Loaded<Integration>, CommandError> {
    let Some(pending) = integration.pending() else {
        return Ok(integration);
    };
    let link = work.load::<ConnectLink>(pending).await?;
    if !link.terms().is_some_and(|terms| terms.mends) {
        return Ok(integration);
    }
    let mut hand = LinkInHand::load(work, pending).await?;
    let (by, now) = (RevokedBy::System, work.context().now);
    let reason = RevokeReason::AlreadyConnected;
    hand.execute(work, ConnectLinkCommand::Revoke { by, reason, now })
        .await?;
    work.next_subject();
    Ok(hand.integration)
}

/// Notes what a commit about a link is about.
pub(crate) fn note_terms(work: &mut Work<'_>, id: LinkId, terms: &LinkTerms) {
    work.note(metadata::LINK, id);
    work.note(metadata::INTEGRATION, terms.integration);
    work.note(metadata::LOCATION, terms.location);
    work.note(metadata::CUSTOMER, terms.customer);
}
