//! What people and providers are called, for sentences.

use std::collections::HashMap;

use application::metadata::{Actor, INTEGRATION, LINK};
use cqrs_es::Aggregate;
use domain::{
    agency::{AgencyEvent, Role},
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::CustomerEvent,
    event::Event,
    grant::GrantEvent,
    ids::{CustomerId, IntegrationId, LinkId, LocationId, MemberId},
    integration::{Integration, IntegrationEvent},
    log::{Metadata, Recorded},
    personal::{Detail, Personal},
    provider::ProviderId,
    trail::{INTEGRATION_TRAIL, LINK_TRAIL},
};

/// The names that sentences use. It learns from opened events: an agency's stream names its members, a link's first event its
/// provider. Whoever was erased has no name any more, and is "a member" again.
#[derive(Clone, Debug, Default)]
pub struct Names {
    members: HashMap<MemberId, (Option<String>, Role)>,
    links: HashMap<LinkId, ProviderId>,
    integrations: HashMap<IntegrationId, ProviderId>,
    customers: HashMap<CustomerId, String>,
    locations: HashMap<LocationId, String>,
    providers: HashMap<ProviderId, String>,
}

impl Names {
    /// Learns who a member is, which provider a link is for, and what customers and their places are called.
    pub fn learn(&mut self, recorded: &Recorded, event: &Event) {
        match event {
            Event::Agency(AgencyEvent::MemberAdded { member, role, personal }) => {
                self.members.insert(*member, (name_in(personal.as_ref()), *role));
            }
            Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. }) => {
                if let Ok(link) = recorded.aggregate_id.parse() {
                    self.link_is_for(link, terms.provider.clone());
                }
                self.integration_is_with(terms.integration, terms.provider.clone());
            }
            Event::Integration(IntegrationEvent::LinkRequested { slot, .. }) => {
                if let Ok(integration) = recorded.aggregate_id.parse() {
                    self.integration_is_with(integration, slot.provider.clone());
                }
            }
            Event::Customer(CustomerEvent::Created { personal, .. }) => {
                if let (Ok(customer), Some(name)) = (recorded.aggregate_id.parse(), name_in(personal.as_ref())) {
                    self.customers.insert(customer, name);
                }
            }
            Event::Customer(CustomerEvent::LocationAdded { location, personal }) => {
                if let Some(name) = name_in(personal.as_ref()) {
                    self.locations.insert(*location, name);
                }
            }
            _ => {}
        }
    }

    /// What a customer is called.
    pub(super) fn customer(&self, id: &str) -> Option<String> {
        self.customers.get(&id.parse().ok()?).cloned()
    }

    /// What a place of business is called.
    pub(super) fn location(&self, id: &str) -> Option<String> {
        self.locations.get(&id.parse().ok()?).cloned()
    }

    /// Tells which provider a link is for, where its first event is not at hand.
    pub fn link_is_for(&mut self, link: LinkId, provider: ProviderId) {
        self.links.insert(link, provider);
    }

    /// Tells which provider an integration is with, where its first event is not at hand.
    pub fn integration_is_with(&mut self, integration: IntegrationId, provider: ProviderId) {
        self.integrations.insert(integration, provider);
    }

    /// Tells what people call a provider; without it, its name in the catalogue is used.
    pub fn provider_is_called(&mut self, provider: ProviderId, name: impl Into<String>) {
        self.providers.insert(provider, name.into());
    }

    /// What a provider is called: "Google".
    pub(super) fn provider(&self, provider: &ProviderId) -> String {
        match self.providers.get(provider) {
            Some(name) => name.clone(),
            None => super::capitalized(provider.as_str()),
        }
    }

    /// The provider that an event is about, as far as it, its link or its integration tells.
    pub(super) fn provider_of(&self, recorded: &Recorded, event: &Event, metadata: &Metadata) -> Option<String> {
        let said = match event {
            Event::ConnectLink(ConnectLinkEvent::Issued { terms, .. }) => Some(&terms.provider),
            Event::Integration(IntegrationEvent::LinkRequested { slot, .. }) => Some(&slot.provider),
            Event::Grant(GrantEvent::Granted { provider, .. }) => Some(provider),
            _ => None,
        };
        let of_link = || {
            let own = matches!(recorded.aggregate_type.as_str(), ConnectLink::TYPE | LINK_TRAIL);
            let link = own.then_some(&recorded.aggregate_id).or_else(|| metadata.get(LINK))?;
            self.links.get(&link.parse().ok()?)
        };
        let of_integration = || {
            let own = matches!(recorded.aggregate_type.as_str(), Integration::TYPE | INTEGRATION_TRAIL);
            let id = own.then_some(&recorded.aggregate_id);
            let id = id.or_else(|| metadata.get(INTEGRATION))?;
            self.integrations.get(&id.parse().ok()?)
        };
        said.or_else(of_link)
            .or_else(of_integration)
            .map(|provider| self.provider(provider))
    }

    /// A member in words: "Anna Berg (owner)".
    pub(super) fn member(&self, member: MemberId) -> String {
        match self.members.get(&member) {
            Some((Some(name), role)) => format!("{name} ({})", in_words(*role)),
            Some((None, role)) => format!("a member ({})", in_words(*role)),
            None => "a member".to_owned(),
        }
    }

    /// Whoever acted, in words.
    pub(super) fn actor(&self, actor: Option<Actor>) -> String {
        match actor {
            Some(Actor::Member(member)) => self.member(member),
            Some(Actor::ApiKey { number, member }) => format!("API key {number} of {}", self.member(member)),
            Some(Actor::Customer) => "the customer".to_owned(),
            Some(Actor::System) => "the system".to_owned(),
            Some(Actor::Operator) => "the operator".to_owned(),
            None => "somebody".to_owned(),
        }
    }
}

fn name_in(personal: Option<&Personal>) -> Option<String> {
    personal?.get(Detail::Name).map(str::to_owned)
}

/// A role in words.
pub(super) fn in_words(role: Role) -> &'static str {
    match role {
        Role::Owner => "owner",
        Role::SalesAgent => "sales agent",
    }
}
