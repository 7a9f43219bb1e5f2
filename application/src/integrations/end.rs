//! A connection is taken off its account, or ended for good. Either frees its place in the customer's plan; doing it twice is no
//! error.

use domain::{
    connect_link::{ConnectLinkCommand, RevokeReason, RevokedBy},
    customer::{Customer, CustomerCommand},
    grant::Grant,
    ids::{IntegrationId, MemberId},
    integration::{Integration, IntegrationCommand, IntegrationError, Slot},
};

use crate::{
    error::CommandError,
    links::LinkInHand,
    metadata,
    run::{Decision, UseCase},
    work::{Loaded, Work},
};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It leaves its account. A link that is on its way stays, and so does what the connection is.
    Disconnect,
    /// It is over, and so is the link that is on its way. A new link for its place begins anew, with nothing carried over.
    Delete,
}

/// Ends a connection.
pub struct EndIntegration {
    /// Which.
    pub integration: IntegrationId,
    /// How.
    pub ending: Ending,
    /// The member who asks.
    pub by: MemberId,
}

impl UseCase for EndIntegration {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let integration = work.load::<Integration>(self.integration).await?;
        if integration.life() == 0 {
            return Err(IntegrationError::NotFound.into());
        }
        let Some(slot) = integration.slot().cloned() else {
            return Ok(Decision::Done(())); // it was deleted before
        };
        self.note(work, &slot);
        let mut customer = work.load::<Customer>(slot.customer).await?;
        let mut integration = match self.ending {
            Ending::Disconnect => integration,
            Ending::Delete => self.without_link(work, integration).await?,
        };
        if let Some(connection) = integration.connection().cloned() {
            let mut grant = work.load::<Grant>(connection.grant).await?;
            work.release(connection.grant, &mut grant, self.integration).await?;
        }
        let source = CustomerCommand::DisconnectSource {
            integration: self.integration,
        };
        work.execute(&mut customer, source).await?;
        let command = match self.ending {
            Ending::Disconnect => IntegrationCommand::Disconnect,
            Ending::Delete => IntegrationCommand::Delete,
        };
        work.execute(&mut integration, command).await?;
        Ok(Decision::Done(()))
    }
}

impl EndIntegration {
    fn note(&self, work: &mut Work<'_>, slot: &Slot) {
        work.note(metadata::INTEGRATION, self.integration);
        work.note(metadata::LOCATION, slot.location);
        work.note(metadata::CUSTOMER, slot.customer);
    }

    /// Revokes the link that is on its way. One that had lapsed unnoticed is recorded as expired.
    async fn without_link(
        &self,
        work: &mut Work<'_>,
        integration: Loaded<Integration>,
    ) -> Result<Loaded<Integration>, CommandError> {
        let Some(pending) = integration.pending() else {
            return Ok(integration);
        };
        let mut hand = LinkInHand::load(work, pending).await?;
        let (by, reason, now) = (RevokedBy::Member(self.by), RevokeReason::Deleted, work.context().now);
        let revoke = ConnectLinkCommand::Revoke { by, reason, now };
        hand.execute(work, revoke).await?;
        Ok(hand.integration)
    }
}
