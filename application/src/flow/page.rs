//! What a link's page shows. Read from aggregates, so that a revoked link is dead with the next request.

use domain::{
    Timestamp,
    connect_link::{AttemptFailure, ConnectLink, ConnectLinkEvent, LinkEnd, LinkToken},
    event::Event,
    integration::Integration,
    log::{Recorded, StreamId},
    personal::Detail,
};

use super::found::{FoundLink, Visit};
use crate::{
    agencies::Person,
    app::App,
    error::CommandError,
    metadata,
    ports::{attempts::Stage, provider::About},
};

/// What stands behind a link's address.
pub enum LinkPage {
    /// Nothing that this host knows.
    Unknown,
    /// A link that is over.
    Ended {
        /// The link.
        found: Box<FoundLink>,
        /// How it ended.
        end: LinkEnd,
        /// Whether this very browser completed it, and so sees its success again.
        completed_here: bool,
    },
    /// A link that can be used.
    Live {
        /// The link.
        found: Box<FoundLink>,
        /// What the customer reads.
        invitation: Box<Invitation>,
    },
}

/// What the customer reads before saying yes or no.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who asks.
    pub requester: Person,
    /// The customer's name.
    pub customer: Option<String>,
    /// The place of business.
    pub location: Option<String>,
    /// What the agency calls the connection.
    pub connection_name: Option<String>,
    /// The provider.
    pub provider: About,
    /// Until when the link can be used.
    pub expires_at: Timestamp,
    /// Why this browser's last try led nowhere.
    pub last_failure: Option<AttemptFailure>,
}

/// What the customer reads when it worked.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The provider.
    pub provider: About,
    /// What was picked.
    pub listing: Option<String>,
    /// The place of business.
    pub location: Option<String>,
    /// What the agency calls the connection.
    pub connection_name: Option<String>,
}

impl App {
    /// What a visit of a link's address shows.
    ///
    /// # Errors
    /// When a store fails, or the link's provider is no longer configured.
    pub async fn link_page(&self, visit: &Visit, token: &LinkToken) -> Result<LinkPage, CommandError> {
        let Some(found) = self.link_of_token(&visit.host, token).await? else {
            return Ok(LinkPage::Unknown);
        };
        let Some(end) = found.link.end_at(self.clock.now()) else {
            let invitation = Box::new(self.invitation(visit, &found).await?);
            return Ok(LinkPage::Live {
                found: Box::new(found),
                invitation,
            });
        };
        let completed_here = end == LinkEnd::Completed && self.completed_here(visit, &found).await?;
        Ok(LinkPage::Ended {
            found: Box::new(found),
            end,
            completed_here,
        })
    }

    /// By the link's own word first: the row may still wait for its last step after a crash.
    async fn completed_here(&self, visit: &Visit, found: &FoundLink) -> Result<bool, CommandError> {
        let Some(winner) = found.link.completed_by() else {
            return Ok(false);
        };
        let attempt = self.attempts.get(winner).await?;
        Ok(attempt.is_some_and(|attempt| attempt.browser_hash == visit.browser))
    }

    async fn invitation(&self, visit: &Visit, found: &FoundLink) -> Result<Invitation, CommandError> {
        let terms = &found.terms;
        let provider = self
            .catalogue
            .connector(&terms.provider)
            .ok_or(CommandError::ProviderUnknown)?;
        let customer = self.customer(found.tenant, terms.customer).await?.unwrap_or_default();
        let requester = self
            .members(terms.agency)
            .await?
            .remove(&terms.requested_by)
            .unwrap_or_default();
        let latest = self.attempts.latest(found.id, &visit.browser).await?;
        Ok(Invitation {
            requester,
            location: customer
                .location(terms.location)
                .and_then(|location| location.name.clone()),
            customer: customer.person.name,
            connection_name: self.connection_name(found).await?,
            provider: provider.about().clone(),
            expires_at: terms.expires_at,
            last_failure: latest.and_then(|attempt| match attempt.stage {
                Stage::Failed(reason) => Some(reason),
                Stage::Claimed => Some(AttemptFailure::Interrupted),
                _ => None,
            }),
        })
    }

    /// What the success page says.
    ///
    /// # Errors
    /// When a store fails, or the link's provider is no longer configured.
    pub async fn completion(&self, found: &FoundLink) -> Result<Completion, CommandError> {
        let terms = &found.terms;
        let provider = self
            .catalogue
            .connector(&terms.provider)
            .ok_or(CommandError::ProviderUnknown)?;
        let customer = self.customer(found.tenant, terms.customer).await?.unwrap_or_default();
        Ok(Completion {
            provider: provider.about().clone(),
            listing: self.listing_title(found).await?,
            location: customer
                .location(terms.location)
                .and_then(|location| location.name.clone()),
            connection_name: self.connection_name(found).await?,
        })
    }

    /// What was picked through this link: a later one may have picked something else.
    async fn listing_title(&self, found: &FoundLink) -> Result<Option<String>, CommandError> {
        let rows = self
            .log
            .load(&StreamId::of::<Integration>(found.terms.integration), 0)
            .await?;
        let through = found.id.to_string();
        let of_this_link = |row: &&Recorded| row.note(metadata::LINK).as_ref() == Some(&through);
        for row in rows.iter().filter(of_this_link) {
            if let Some(personal) = self.personal.open(row).await? {
                return Ok(personal.get(Detail::ListingTitle).map(str::to_owned));
            }
        }
        Ok(None)
    }

    async fn connection_name(&self, found: &FoundLink) -> Result<Option<String>, CommandError> {
        let rows = self.log.load(&StreamId::of::<ConnectLink>(found.id), 0).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        match self.personal.event(first).await? {
            Event::ConnectLink(ConnectLinkEvent::Issued {
                personal: Some(personal),
                ..
            }) => Ok(personal.get(Detail::ConnectionName).map(str::to_owned)),
            _ => Ok(None),
        }
    }
}
