//! The customer says no.

use std::sync::Arc;

use domain::{connect_link::ConnectLinkCommand, ids::LinkId};

use super::found::{FoundLink, Visit};
use crate::{
    app::App,
    error::CommandError,
    links::LinkInHand,
    run::{Decision, UseCase},
    work::Work,
};

struct DeclineLink {
    link: LinkId,
}

impl UseCase for DeclineLink {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let now = work.context().now;
        let mut hand = LinkInHand::load(work, self.link).await?;
        hand.execute(work, ConnectLinkCommand::Decline { now }).await?;
        Ok(hand.decided(()))
    }
}

impl App {
    /// Declines a link, and drops what this browser's sign-in was given, if it had come so far.
    ///
    /// # Errors
    /// When the link is over.
    pub async fn decline(self: &Arc<Self>, visit: &Visit, found: &FoundLink) -> Result<(), CommandError> {
        self.run(&found.context(self, visit), DeclineLink { link: found.id })
            .await?;
        match self.attempts.latest(found.id, &visit.browser).await? {
            Some(attempt) => self.drop_pending(&attempt).await,
            None => Ok(()),
        }
    }
}
