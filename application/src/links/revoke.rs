//! A link is taken back. Taking it back twice is no error.

use domain::{
    connect_link::{ConnectLinkCommand, RevokeReason, RevokedBy},
    ids::{LinkId, MemberId},
};

use super::LinkInHand;
use crate::{
    error::CommandError,
    run::{Decision, UseCase},
    work::Work,
};

/// Revokes a link.
pub struct RevokeLink {
    /// The link.
    pub link: LinkId,
    /// Who does it.
    pub by: MemberId,
}

impl UseCase for RevokeLink {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut hand = LinkInHand::load(work, self.link).await?;
        let (by, now) = (RevokedBy::Member(self.by), work.context().now);
        hand.execute(
            work,
            ConnectLinkCommand::Revoke {
                by,
                reason: RevokeReason::Manual,
                now,
            },
        )
        .await?;
        Ok(hand.decided(()))
    }
}
