//! The customer picks: the link is used up, the connection stands, all in one commit or not at all.

use std::sync::Arc;

use domain::{
    connect_link::{ConnectLinkCommand, ConnectLinkError},
    customer::{Customer, CustomerCommand},
    grant::{Grant, GrantCommand},
    ids::{AttemptId, GrantId},
    integration::{Connection, IntegrationCommand, IntegrationError, Via},
};

use super::{
    credential::account_key,
    found::{FoundLink, Visit},
};
use crate::{
    app::App,
    error::CommandError,
    integrations::names_of,
    links::LinkInHand,
    ports::{
        attempts::{Attempt, Stage},
        provider::{Credential, Listing, Revokes},
        vault::Record,
    },
    run::{Decision, UseCase},
    work::Work,
};

/// What the customer picked.
#[derive(Clone, Debug)]
pub struct Pick {
    /// The provider's name of the listing.
    pub listing: String,
    /// Whether a listing that another location is connected to is meant.
    pub confirmed: bool,
}

struct CompleteLink {
    attempt: Attempt,
    grant: GrantId,
    account_key: [u8; 32],
    credential: Credential,
    revokes: Revokes,
    listing: Listing,
}

impl UseCase for CompleteLink {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        let mut hand = LinkInHand::load(work, self.attempt.link).await?;
        let mut grant = work.load::<Grant>(self.grant).await?;
        let mut customer = work.load::<Customer>(hand.terms.customer).await?;
        let old = hand.integration.connection().cloned();
        let before: Vec<u32> = grant.generations().collect();
        let (reference, generation) = (self.listing.reference.clone(), grant.latest() + 1);
        let connection = Connection {
            grant: self.grant,
            generation,
            listing: reference,
        };

        hand.execute(work, self.complete(work, &connection)).await?;
        if hand.has_lapsed() {
            return Ok(hand.decided(()));
        }
        let source = CustomerCommand::ConnectSource {
            integration: hand.terms.integration,
        };
        work.execute(&mut customer, source).await?;
        work.execute(&mut grant, self.grant(&hand)).await?;
        let connect = self.connect(&hand, connection);
        work.execute(&mut hand.integration, connect).await?;
        work.delete_secret(Record::PendingCredential(self.attempt.id));
        let over = before.into_iter().filter(|generation| !grant.is_in_use(*generation));
        let credential = work
            .take_over(self.grant, over, self.credential.clone(), self.revokes)
            .await?;
        work.put_secret(
            Record::Credential(self.grant, generation),
            &credential,
            Some(self.account_key),
        );
        if let Some(old) = old.filter(|old| old.grant != self.grant) {
            let mut before = work.load::<Grant>(old.grant).await?;
            work.release(old.grant, &mut before, hand.terms.integration).await?;
        }
        Ok(Decision::Done(()))
    }
}

impl CompleteLink {
    fn complete(&self, work: &Work<'_>, connection: &Connection) -> ConnectLinkCommand {
        ConnectLinkCommand::Complete {
            attempt: self.attempt.id,
            grant: connection.grant,
            generation: connection.generation,
            listing: connection.listing.clone(),
            now: work.context().now,
        }
    }

    fn grant(&self, hand: &LinkInHand) -> GrantCommand {
        GrantCommand::Grant {
            integration: hand.terms.integration,
            provider: self.attempt.provider.clone(),
            app: self.attempt.app.clone(),
            scopes: self.credential.scopes.clone(),
        }
    }

    fn connect(&self, hand: &LinkInHand, connection: Connection) -> IntegrationCommand {
        IntegrationCommand::Connect {
            link: Some(hand.id),
            via: if hand.terms.is_direct { Via::Member } else { Via::Link },
            connection,
            replaces_account: hand.terms.replaces_account,
            personal: names_of(hand.terms.customer, &self.credential.account, &self.listing),
        }
    }
}

impl App {
    /// Completes a link with what the customer picked. In the browser that completed it, doing it again is no error.
    ///
    /// # Errors
    /// When the link ended, the listing cannot be picked, the plan is used up, or somebody else was faster; the loser's
    /// credential is dropped, and an allowance that was reached leaves everything as it was.
    pub async fn complete(
        self: &Arc<Self>,
        visit: &Visit,
        id: AttemptId,
        pick: &Pick,
    ) -> Result<FoundLink, CommandError> {
        let (attempt, found) = self.attempt_of_visit(visit, id).await?;
        if found.link.completed_by() == Some(id) {
            return Ok(found);
        }
        let (attempt, found) = match attempt.stage {
            Stage::Authorized => self.authorized(visit, id).await?,
            _ => return Err(CommandError::AttemptOver),
        };
        let credential = self.pending_credential(&attempt).await?;
        let listing = self.picked(&attempt, &found, &credential, pick).await?;
        let command = CompleteLink {
            grant: self.grant_id(&attempt, &credential),
            account_key: account_key(self, &attempt, &credential),
            revokes: self.connector_of(&attempt).await?.revokes(),
            attempt: attempt.clone(),
            credential,
            listing,
        };
        match self.run(&found.context(self, visit), command).await {
            Ok(_) => self.settle(&attempt).await?,
            Err(error) => {
                self.drop_if_lost(&attempt, &error).await?;
                return Err(error);
            }
        }
        Ok(found)
    }

    /// The listing that was picked, as the provider says, whatever the form said.
    async fn picked(
        &self,
        attempt: &Attempt,
        found: &FoundLink,
        credential: &Credential,
        pick: &Pick,
    ) -> Result<Listing, CommandError> {
        let listings = self.listings_of(attempt, credential).await?;
        let listing = listings.iter().find(|listing| listing.reference.id == pick.listing);
        let listing = listing
            .filter(|listing| listing.unpickable.is_none())
            .ok_or(CommandError::ListingNotPickable)?;
        let (tenant, integration) = (found.tenant, found.terms.integration);
        let taken = self
            .listings_in_use
            .by_others(tenant, &attempt.provider, integration)
            .await?;
        if taken.contains(&listing.reference.id) && !pick.confirmed {
            return Err(CommandError::ListingInUse);
        }
        Ok(listing.clone())
    }

    /// After the commit. What nothing stands on any more is taken back by a job.
    async fn settle(&self, attempt: &Attempt) -> Result<(), CommandError> {
        self.attempts
            .advance(attempt.id, Stage::Authorized, Stage::Completed)
            .await?;
        self.listings.forget(attempt.id).await;
        Ok(())
    }

    /// A race that was lost for good drops the credential; anything else can be tried again with it.
    async fn drop_if_lost(&self, attempt: &Attempt, error: &CommandError) -> Result<(), CommandError> {
        let lost = matches!(
            error,
            CommandError::ConnectLink(ConnectLinkError::Ended(_))
                | CommandError::Integration(IntegrationError::NotPending | IntegrationError::AnotherAccount)
        );
        if lost {
            self.drop_pending(attempt).await?;
        }
        Ok(())
    }
}
