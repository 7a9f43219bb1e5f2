//! Who and what the stories are about, and how they are told.

use chrono::TimeDelta;
use cqrs_es::{
    Aggregate,
    test::{AggregateTestExecutor, TestFramework},
};
use uuid::Uuid;

use crate::{
    Timestamp,
    connect_link::{LinkTerms, LinkToken},
    host::HostName,
    ids::{AgencyId, AttemptId, CustomerId, GrantId, IntegrationId, LinkId, LocationId, MemberId},
    personal::{Detail, Personal, Subject},
    provider::{ListingRef, ProviderApp, ProviderId},
};

/// An aggregate to which these events happened.
pub(super) fn given<A: Aggregate<Services = ()>>(events: &[A::Event]) -> AggregateTestExecutor<A> {
    TestFramework::<A>::with(()).given(events.to_vec())
}

/// The aggregate itself, to ask it questions.
pub(super) fn folded<A: Aggregate>(events: &[A::Event]) -> A {
    let mut aggregate = A::default();
    for event in events {
        aggregate.apply(event.clone());
    }
    aggregate
}

/// Noon of a day, with the microseconds that a log keeps.
pub(super) fn noon() -> Timestamp {
    "2026-11-05T12:00:00.000001Z".parse().unwrap()
}

pub(super) fn microsecond() -> TimeDelta {
    TimeDelta::microseconds(1)
}

/// No two kinds share an id, so that none can stand in another's place unseen.
fn id(kind: u8, number: u8) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | u128::from(kind) << 32 | u128::from(number))
}

pub(super) fn agency(number: u8) -> AgencyId {
    AgencyId(id(1, number))
}

pub(super) fn member(number: u8) -> MemberId {
    MemberId(id(2, number))
}

pub(super) fn customer() -> CustomerId {
    CustomerId(id(3, 1))
}

pub(super) fn location(number: u8) -> LocationId {
    LocationId(id(4, number))
}

pub(super) fn integration(number: u8) -> IntegrationId {
    IntegrationId::of_slot(location(number), &google())
}

pub(super) fn attempt(number: u8) -> AttemptId {
    AttemptId(id(5, number))
}

pub(super) fn grant(number: u8) -> GrantId {
    GrantId(id(6, number))
}

pub(super) fn token(number: u8) -> LinkToken {
    LinkToken::issue(noon(), [number; 24])
}

pub(super) fn link(number: u8) -> LinkId {
    token(number).link_id()
}

pub(super) fn google() -> ProviderId {
    ProviderId::parse("google").unwrap()
}

pub(super) fn provider_app() -> ProviderApp {
    ProviderApp {
        owner: "installation".to_owned(),
        client_id: "client-1".to_owned(),
    }
}

pub(super) fn host_name() -> HostName {
    HostName::parse("connect.northwind.example").unwrap()
}

pub(super) fn listing(number: u8) -> ListingRef {
    ListingRef {
        id: format!("locations/{number}"),
        account: Some("accounts/1".to_owned()),
    }
}

/// The terms of a link that lives a week.
pub(super) fn terms() -> LinkTerms {
    LinkTerms {
        agency: agency(1),
        customer: customer(),
        location: location(1),
        provider: google(),
        integration: integration(1),
        host: host_name(),
        requested_by: member(1),
        expires_at: noon() + TimeDelta::days(7),
        replaces_account: false,
        is_direct: false,
        mends: false,
    }
}

/// Facts of every kind about the customer; their texts occur nowhere else in the stories.
pub(super) fn facts() -> Option<Personal> {
    facts_about(Subject::Customer(customer()))
}

/// Facts of every kind about somebody.
pub(super) fn facts_about(subject: Subject) -> Option<Personal> {
    use Detail::{AccountEmail, AccountName, Address, ConnectionName, Email, ListingAddress, ListingTitle, Name};
    let facts = [
        (Name, "Erika Mustermann"),
        (Email, "erika@mustermann.example"),
        (Address, "Heidestrasse 17"),
        (ConnectionName, "Erikas Backstube"),
        (AccountEmail, "backstube@mail.example"),
        (AccountName, "Backstube Konto"),
        (ListingTitle, "Backstube am Markt"),
        (ListingAddress, "Marktplatz 3"),
    ];
    Personal::about(subject, facts.map(|(detail, text)| (detail, Some(text))))
}
