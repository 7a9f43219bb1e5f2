//! A connection is taken off its account, or ended for good. Either frees its place in the customer's plan; doing it twice is no
//! error, but what never was connected, or is deleted, cannot be disconnected.

use domain::{
    connect_link::{ConnectLinkCommand, RevokeReason},
    customer::{Customer, CustomerCommand},
    grant::Grant,
    ids::IntegrationId,
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
}

impl UseCase for EndIntegration {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let integration = work.load::<Integration>(self.integration).await?;
        if integration.life() == 0 {
            return Err(IntegrationError::NotFound.into());
        }
        let is_connected = integration.connection().is_some() || integration.is_disconnected();
        if self.ending == Ending::Disconnect && !is_connected {
            return Err(CommandError::NotConnected);
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
        let context = work.context();
        let revoke = ConnectLinkCommand::Revoke {
            by: context.actor.into(),
            reason: RevokeReason::Deleted,
            now: context.now,
        };
        hand.execute(work, revoke).await?;
        Ok(hand.integration)
    }
}
