//! The values that the golden files hold: every optional field is there, and every personal part says all it can.

use std::collections::BTreeSet;

use crate::{
    agency::{AgencyEvent, ApiKeyScope, Branding, Colour, MailHabits, Role},
    connect_link::{AttemptFailure, ConnectLinkEvent, LinkTerms, RevokeReason, RevokedBy},
    customer::CustomerEvent,
    grant::{GrantEvent, LossReason, RefreshFailure},
    host::HostEvent,
    ids::Mode,
    integration::{Capability, CapabilityState, Connection, IntegrationEvent, RequestOutcome, Slot, SyncReason, Via},
    secret_hash::SecretHash,
    stories::fixtures::{
        self as the, attempt, facts, google, host_name, link, listing, location, member, terms, token,
    },
    trail::{
        CallbackRejection, DeliveryFailure, IntegrationObservation, LetterKind, LinkObservation, Reminders, Visitor,
    },
};

pub(super) fn agency() -> Vec<AgencyEvent> {
    vec![
        AgencyEvent::Created {
            name: "Northwind".to_owned(),
        },
        AgencyEvent::BrandingChanged {
            branding: Branding {
                primary: Some(Colour::parse("#0a64c8").unwrap()),
                logo: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned()),
                support_contact: Some("https://northwind.example/help".to_owned()),
            },
        },
        AgencyEvent::HostAdded { host: host_name() },
        AgencyEvent::MemberAdded {
            member: member(1),
            role: Role::Owner,
            personal: facts(),
        },
        AgencyEvent::ApiKeyIssued {
            number: 1,
            secret_hash: SecretHash::of("a key's secret"),
            mode: Mode::Live,
            member: member(1),
            scopes: BTreeSet::from([
                ApiKeyScope::CustomersRead,
                ApiKeyScope::CustomersWrite,
                ApiKeyScope::LinksRead,
                ApiKeyScope::LinksWrite,
                ApiKeyScope::IntegrationsRead,
                ApiKeyScope::AuditRead,
            ]),
        },
        AgencyEvent::ApiKeyRevoked { number: 1 },
        AgencyEvent::MemberErased { member: member(1) },
        AgencyEvent::MailAccountSet { number: 2 },
        AgencyEvent::MailAccountRemoved {},
        AgencyEvent::ProviderAppSet {
            provider: google(),
            client_id: the::provider_app().client_id,
            number: 3,
        },
        AgencyEvent::ProviderAppRemoved { provider: google() },
        AgencyEvent::MailHabitsChanged {
            habits: MailHabits {
                reminders: Some(reminders()),
                receipt: true,
                requester_receipt: false,
                reconnect_customer: false,
            },
        },
    ]
}

pub(super) fn connect_link() -> Vec<ConnectLinkEvent> {
    let attempt = attempt(1);
    vec![
        ConnectLinkEvent::Issued {
            token_hash: token(1).hash(),
            terms: LinkTerms {
                replaces_account: true,
                ..terms()
            },
            personal: facts(),
        },
        ConnectLinkEvent::Started { attempt },
        ConnectLinkEvent::Authorized { attempt },
        ConnectLinkEvent::AttemptFailed {
            attempt,
            reason: AttemptFailure::MissingScopes,
        },
        ConnectLinkEvent::Completed {
            attempt,
            grant: the::grant(1),
            generation: 2,
            listing: listing(1),
        },
        ConnectLinkEvent::Declined {},
        ConnectLinkEvent::Revoked {
            by: RevokedBy::Member(member(1)),
            reason: RevokeReason::Superseded,
        },
        ConnectLinkEvent::Expired {
            expires_at: terms().expires_at,
        },
    ]
}

pub(super) fn customer() -> Vec<CustomerEvent> {
    vec![
        CustomerEvent::Created {
            agency: the::agency(1),
            personal: facts(),
        },
        CustomerEvent::LocationAdded {
            location: location(1),
            personal: facts(),
        },
        CustomerEvent::ContactChanged { personal: facts() },
        CustomerEvent::PlanChanged {
            source_allowance: Some(3),
        },
        CustomerEvent::SourceConnected {
            integration: the::integration(1),
        },
        CustomerEvent::SourceDisconnected {
            integration: the::integration(1),
        },
        CustomerEvent::Erased {
            links: BTreeSet::from([link(1)]),
            integrations: BTreeSet::from([the::integration(1)]),
        },
    ]
}

pub(super) fn grant() -> Vec<GrantEvent> {
    vec![
        GrantEvent::Granted {
            generation: 2,
            integration: the::integration(1),
            provider: google(),
            app: the::provider_app(),
            scopes: BTreeSet::from(["business.manage".to_owned(), "openid".to_owned()]),
            takes_over: BTreeSet::new(),
        },
        GrantEvent::Released {
            integration: the::integration(1),
        },
        GrantEvent::RefreshFailed {
            generation: 2,
            reason: RefreshFailure::Unavailable,
        },
        GrantEvent::RefreshRecovered { generation: 2 },
        GrantEvent::Lost {
            generation: 2,
            reason: LossReason::ExpiredOrRevoked,
        },
        GrantEvent::Revoked {},
    ]
}

pub(super) fn host() -> Vec<HostEvent> {
    vec![HostEvent::Claimed {
        agency: the::agency(1),
        name: host_name(),
    }]
}

pub(super) fn integration() -> Vec<IntegrationEvent> {
    let connection = Connection {
        grant: the::grant(1),
        generation: 2,
        listing: listing(1),
    };
    vec![
        IntegrationEvent::LinkRequested {
            link: link(2),
            slot: Slot {
                customer: the::customer(),
                location: location(1),
                provider: google(),
            },
            superseding: Some(link(1)),
        },
        IntegrationEvent::LinkClosed {
            link: link(1),
            outcome: RequestOutcome::Declined,
        },
        IntegrationEvent::Connected {
            connection: connection.clone(),
            via: Via::Link,
            personal: facts(),
        },
        IntegrationEvent::Reconnected {
            connection,
            via: Via::Link,
            personal: facts(),
        },
        IntegrationEvent::SyncRequested {
            reason: SyncReason::Connected,
        },
        IntegrationEvent::CapabilityChanged {
            capability: Capability::Metrics,
            state: CapabilityState::PermissionDenied,
        },
        IntegrationEvent::NeedsReconnect {
            reason: LossReason::ExpiredOrRevoked,
        },
        IntegrationEvent::Recovered {},
        IntegrationEvent::Disconnected {},
        IntegrationEvent::Deleted {},
    ]
}

pub(super) fn integration_trail() -> Vec<IntegrationObservation> {
    vec![IntegrationObservation::CredentialRead {
        purpose: "review-sync".into(),
    }]
}

pub(super) fn link_trail() -> Vec<LinkObservation> {
    vec![
        LinkObservation::Opened {
            visitor: Visitor::LikelyAutomated,
        },
        LinkObservation::Revealed {},
        LinkObservation::CallbackRejected {
            attempt: attempt(1),
            reason: CallbackRejection::OtherBrowser,
        },
        LinkObservation::FreshLinkAsked {},
        LinkObservation::PlanUsedUp {},
        LinkObservation::MailAsked {
            links: vec![link(1), link(2)],
            reminders: Some(reminders()),
        },
        LinkObservation::Delivered {
            letter: LetterKind::Link,
        },
        LinkObservation::DeliveryFailed {
            letter: LetterKind::Reminder,
            reason: DeliveryFailure::Refused,
            code: Some(550),
            personal: facts(),
        },
    ]
}

fn reminders() -> Reminders {
    Reminders {
        after_days: 2,
        at_most: 3,
    }
}
