//! What a link's page shows. Read from aggregates, so that a revoked link is dead with the next request.

use domain::{
    Timestamp,
    agency::Agency,
    connect_link::{AttemptFailure, ConnectLink, ConnectLinkEvent, LinkEnd, LinkToken},
    customer::Customer,
    event::Event,
    ids::LinkId,
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
    states::{Memos, Moment},
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
    /// A link that was to mend a connection, which works again without it.
    Needless,
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

/// So many links are opened again and again at the same time.
const MOST_INVITATIONS: usize = 2_000;

/// What visitors of live links were shown. It holds personal data: an invitation is forgotten with the next visit after its customer or
/// its agency moved, so that an erased person is not shown again.
pub struct InvitationCache(Memos<LinkId, Invitation>);

impl InvitationCache {
    /// Forgets what visitors of a link were shown.
    pub(crate) fn forget(&self, link: LinkId) {
        self.0.forget(&link);
    }
}

impl Default for InvitationCache {
    fn default() -> Self {
        Self(Memos::with_room_for(MOST_INVITATIONS))
    }
}

impl App {
    /// What a visit of a link's address shows, to a visitor that came no later than the moment.
    ///
    /// # Errors
    /// When a store fails, or the link's provider is no longer configured.
    pub async fn link_page(&self, visit: &Visit, token: &LinkToken, at: Moment) -> Result<LinkPage, CommandError> {
        let Some(found) = self.link_of_token_at(&visit.host, token, at).await? else {
            return Ok(LinkPage::Unknown);
        };
        let Some(end) = found.link.end_at(self.clock.now()) else {
            let invitation = Box::new(Invitation {
                last_failure: self.last_failure(visit, &found).await?,
                ..self.invitation(&found, at).await?
            });
            return Ok(LinkPage::Live {
                found: Box::new(found),
                invitation,
            });
        };
        if found.link.is_needless() && self.works(&found).await? {
            return Ok(LinkPage::Needless);
        }
        let completed_here = end == LinkEnd::Completed && self.completed_here(visit, &found).await?;
        Ok(LinkPage::Ended {
            found: Box::new(found),
            end,
            completed_here,
        })
    }

    /// Whether what a link is for needs no sign-in now: it may have broken anew since.
    async fn works(&self, found: &FoundLink) -> Result<bool, CommandError> {
        let stream = StreamId::of::<Integration>(found.terms.integration);
        let integration = self.replay::<Integration>(&stream).await?;
        Ok(integration.is_some_and(|integration| {
            let state = &integration.state;
            state.connection().is_some() && state.needs_reconnect().is_none()
        }))
    }

    /// By the link's own word first: the row may still wait for its last step after a crash.
    async fn completed_here(&self, visit: &Visit, found: &FoundLink) -> Result<bool, CommandError> {
        let Some(winner) = found.link.completed_by() else {
            return Ok(false);
        };
        let attempt = self.attempts.get(winner).await?;
        Ok(attempt.is_some_and(|attempt| attempt.browser_hash == visit.browser))
    }

    /// What every visitor of a live link is shown.
    async fn invitation(&self, found: &FoundLink, at: Moment) -> Result<Invitation, CommandError> {
        if let Some(invitation) = self.invitations.0.get(&found.id, &self.states) {
            return Ok(invitation);
        }
        let invitation = self.invite(found).await?;
        let terms = &found.terms;
        let from = vec![
            StreamId::of::<ConnectLink>(found.id),
            StreamId::of::<Customer>(terms.customer),
            StreamId::of::<Agency>(terms.agency),
        ];
        self.invitations.0.keep(found.id, invitation.clone(), from, at);
        Ok(invitation)
    }

    async fn invite(&self, found: &FoundLink) -> Result<Invitation, CommandError> {
        let terms = &found.terms;
        let provider = self
            .catalogue
            .connector(&terms.provider)
            .ok_or(CommandError::ProviderUnknown)?;
        let customer = self.customer(found.tenant, terms.customer).await?.unwrap_or_default();
        let mut members = self.members(terms.agency).await?;
        Ok(Invitation {
            requester: members.remove(&terms.requested_by).unwrap_or_default(),
            location: customer
                .location(terms.location)
                .and_then(|location| location.name.clone()),
            customer: customer.person.name,
            connection_name: self.connection_name(found).await?,
            provider: provider.about().clone(),
            expires_at: terms.expires_at,
            last_failure: None,
        })
    }

    /// Why this browser's last try led nowhere. Nobody is asked about a link that was never tried.
    async fn last_failure(&self, visit: &Visit, found: &FoundLink) -> Result<Option<AttemptFailure>, CommandError> {
        if !found.link.is_started() {
            return Ok(None);
        }
        let latest = self.attempts.latest(found.id, &visit.browser).await?;
        Ok(latest.and_then(|attempt| match attempt.stage {
            Stage::Failed(reason) => Some(reason),
            Stage::Claimed => Some(AttemptFailure::Interrupted),
            _ => None,
        }))
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

    pub(crate) async fn connection_name(&self, found: &FoundLink) -> Result<Option<String>, CommandError> {
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
