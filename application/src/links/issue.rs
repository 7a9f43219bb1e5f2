//! A link is issued: one location, one provider. An earlier live link for the same slot is revoked in the same commit.

use chrono::TimeDelta;
use domain::{
    agency::Agency,
    connect_link::{ConnectLink, ConnectLinkCommand, LinkEnd, LinkTerms, LinkToken, RevokeReason, RevokedBy},
    customer::{Customer, CustomerError},
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId},
    integration::{Integration, IntegrationCommand, RequestOutcome, Slot},
    personal::{Detail, Personal, Subject},
    provider::ProviderId,
};

use super::live::note_terms;
use crate::{
    error::CommandError,
    ports::vault::Record,
    run::{Decision, UseCase},
    work::{Loaded, Work, after},
};

/// Issues a link.
pub struct IssueLink {
    /// Its token, made before.
    pub token: LinkToken,
    /// Whom it is for.
    pub customer: CustomerId,
    /// The place of business that it connects.
    pub location: LocationId,
    /// The provider that it connects.
    pub provider: ProviderId,
    /// The member who asks.
    pub requested_by: MemberId,
    /// What the connection is called on the customer's page.
    pub name: Option<String>,
    /// How long it lives; the installation's default when not given.
    pub life: Option<TimeDelta>,
    /// Whether another provider account may take the place of the connected one.
    pub replaces_account: bool,
    /// Whether the member opens it himself, to connect without the customer.
    pub is_direct: bool,
    /// Whether the server asks by itself, because the connection needs a new sign-in.
    pub mends: bool,
}

/// An issued link. The address holds the token.
pub struct IssuedLink {
    /// Its id.
    pub id: LinkId,
    /// The address that the customer opens.
    pub address: String,
    /// What it is good for.
    pub terms: LinkTerms,
    /// The live link that it took the place of.
    pub superseded: Option<LinkId>,
}

impl UseCase for IssueLink {
    type Answer = IssuedLink;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<IssuedLink>, CommandError> {
        let agency = work.load_home::<Agency>(work.context().agency).await?;
        let customer = work.load::<Customer>(self.customer).await?;
        Ok(Decision::Done(self.issue(work, &agency, &customer).await?))
    }
}

impl IssueLink {
    /// Issues it in a commit that may hold more, for a customer that this commit may have created.
    pub(crate) async fn issue(
        &self,
        work: &mut Work<'_>,
        agency: &Loaded<Agency>,
        customer: &Loaded<Customer>,
    ) -> Result<IssuedLink, CommandError> {
        let id = self.token.link_id();
        let terms = self.terms(work, agency, customer)?;
        let mut integration = work.load::<Integration>(terms.integration).await?;
        let superseded = self.end_earlier(work, &mut integration).await?;

        let mut link = work.begin::<ConnectLink>(id).await?;
        note_terms(work, id, &terms);
        work.execute(&mut link, self.command(work, &terms)).await?;
        let slot = Slot {
            customer: self.customer,
            location: self.location,
            provider: self.provider.clone(),
        };
        work.execute(&mut integration, IntegrationCommand::RequestLink { link: id, slot })
            .await?;
        work.put_secret(Record::LinkToken(id), self.token.reveal().as_bytes(), None);

        let address = work.app().link_address(&terms.host, &self.token);
        Ok(IssuedLink {
            id,
            address,
            terms,
            superseded,
        })
    }

    /// What the link will be good for, once agency, customer, location and provider are found to fit.
    fn terms(&self, work: &Work<'_>, agency: &Agency, customer: &Customer) -> Result<LinkTerms, CommandError> {
        let context = work.context();
        if work.app().catalogue.connector(&self.provider).is_none() {
            return Err(CommandError::ProviderUnknown);
        }
        if customer.agency() != Some(context.agency) {
            return Err(CustomerError::NotFound.into());
        }
        if customer.is_erased() {
            return Err(CustomerError::Erased.into());
        }
        if !customer.has_location(self.location) {
            return Err(CommandError::LocationNotFound);
        }
        agency.role(self.requested_by).ok_or(CommandError::Forbidden)?;
        Ok(LinkTerms {
            agency: context.agency,
            customer: self.customer,
            location: self.location,
            provider: self.provider.clone(),
            integration: IntegrationId::of_slot(self.location, &self.provider),
            host: agency.host().cloned().ok_or(CommandError::NoHost)?,
            requested_by: self.requested_by,
            expires_at: after(context.now, self.life.unwrap_or(work.app().default_link_life)),
            replaces_account: self.replaces_account,
            is_direct: self.is_direct,
            mends: self.mends,
        })
    }

    fn command(&self, work: &Work<'_>, terms: &LinkTerms) -> ConnectLinkCommand {
        let facts = [(Detail::ConnectionName, self.name.as_deref())];
        ConnectLinkCommand::Issue {
            token: self.token.clone(),
            terms: terms.clone(),
            personal: Personal::about(Subject::Customer(self.customer), facts),
            now: work.context().now,
        }
    }

    /// Ends the link that is on its way for the same slot. One that had lapsed unnoticed is recorded as expired, not as revoked,
    /// and nothing takes its place.
    async fn end_earlier(
        &self,
        work: &mut Work<'_>,
        integration: &mut Loaded<Integration>,
    ) -> Result<Option<LinkId>, CommandError> {
        let Some(earlier) = integration.pending() else {
            return Ok(None);
        };
        let mut link = work.load::<ConnectLink>(earlier).await?;
        let by = RevokedBy::Member(self.requested_by);
        let (reason, now) = (RevokeReason::Superseded, work.context().now);
        work.execute(&mut link, ConnectLinkCommand::Revoke { by, reason, now })
            .await?;
        work.delete_secret(Record::LinkToken(earlier));
        if link.recorded_end() == Some(LinkEnd::Expired) {
            let outcome = RequestOutcome::Expired;
            work.execute(integration, IntegrationCommand::CloseLink { link: earlier, outcome })
                .await?;
        }
        Ok(integration.pending())
    }
}
