//! Made-up logs for tests: one agency, its customer, and what happens to the customer's links.

use std::collections::BTreeSet;

use application::metadata::{ACTOR, Actor, CUSTOMER, INTEGRATION, LINK, LOCATION, NETWORK};
use cqrs_es::DomainEvent;
use domain::{
    Timestamp,
    agency::{Agency, AgencyEvent, Role},
    connect_link::{AttemptFailure, ConnectLink, ConnectLinkEvent, LinkTerms, RevokeReason, RevokedBy},
    customer::{Customer, CustomerEvent},
    event::Event,
    grant::{Grant, GrantEvent, LossReason},
    host::HostName,
    ids::{
        AgencyId, AttemptId, CustomerId, EventId, GrantId, IntegrationId, LinkId, LocationId, MemberId, Mode, TenantId,
    },
    integration::{
        Capability, CapabilityState, Connection, Integration, IntegrationEvent, RequestOutcome, Slot, SyncReason, Via,
    },
    log::{DecodeError, LoggedEvent, Metadata, Position, Recorded, SealedPersonal, StreamId},
    personal::{Detail, Personal, Subject},
    provider::{ListingRef, ProviderApp, ProviderId},
    secret_hash::SecretHash,
    trail::{CallbackRejection, LinkObservation, Visitor, link_trail},
};
use projections::reader::{EventReader, OpenError};
use uuid::Uuid;

/// An id that is easy to tell from others.
pub(crate) fn uuid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 64 | number)
}

/// Minutes after the first event: 21 November 2026, 10:00 UTC.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_255_200 + minutes * 60, 0).unwrap()
}

/// How long links live here: a week.
pub(crate) const LIFE: i64 = 7 * 24 * 60;

pub(crate) fn agency() -> AgencyId {
    AgencyId(uuid(1, 1))
}

pub(crate) fn anna() -> MemberId {
    MemberId(uuid(2, 1))
}

pub(crate) fn tenant() -> TenantId {
    World::default().tenant
}

pub(crate) fn customer() -> CustomerId {
    World::default().customer
}

pub(crate) fn location() -> LocationId {
    World::default().location
}

pub(crate) fn link() -> LinkId {
    World::default().link
}

pub(crate) fn integration() -> IntegrationId {
    World::default().integration()
}

pub(crate) fn google() -> ProviderId {
    ProviderId::parse("google").unwrap()
}

/// Opens what a [`Story`] "sealed".
pub(crate) struct StoryReader;

#[async_trait::async_trait]
impl EventReader for StoryReader {
    async fn open(&self, recorded: &Recorded) -> Result<Event, OpenError> {
        let mut event = recorded.event().map_err(|error| match error {
            DecodeError::UnknownVersion { .. } => OpenError::Unknown(error.to_string()),
            DecodeError::Malformed { .. } => OpenError::Unreadable(error.to_string()),
        })?;
        if let Some(sealed) = &recorded.personal {
            event.restore_personal(Personal {
                subject: sealed.subject,
                facts: serde_json::from_slice(&sealed.sealed).unwrap(),
            });
        }
        Ok(event)
    }
}

/// What a piece of a story is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) location: LocationId,
    pub(crate) link: LinkId,
}

impl Default for World {
    fn default() -> Self {
        Self::numbered(1)
    }
}

impl World {
    /// A customer with a location and a link, in the first tenant.
    pub(crate) fn numbered(number: u128) -> Self {
        Self {
            tenant: TenantId::of(agency(), Mode::Live),
            customer: CustomerId(uuid(3, number)),
            location: LocationId(uuid(4, number)),
            link: LinkId(uuid(5, number)),
        }
    }

    /// The same place with another link.
    pub(crate) fn with_link(self, number: u128) -> Self {
        Self {
            link: LinkId(uuid(5, number)),
            ..self
        }
    }

    pub(crate) fn integration(&self) -> IntegrationId {
        IntegrationId::of_slot(self.location, &google())
    }
}

/// A log in the making. Every event comes a minute after the one before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    log: Vec<Recorded>,
    opened: Vec<Event>,
    world: World,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// From here on it is about something else.
    pub(crate) fn about(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// The events as the log keeps them; personal data is "sealed" as plain JSON.
    pub(crate) fn recorded(&self) -> &[Recorded] {
        &self.log
    }

    /// The events as a reader opens them.
    pub(crate) fn opened(&self) -> impl Iterator<Item = (&Recorded, &Event)> {
        self.log.iter().zip(&self.opened)
    }

    /// The same story when nobody's key is left.
    pub(crate) fn everybody_erased(mut self) -> Self {
        self.opened = self.log.iter().map(|recorded| recorded.event().unwrap()).collect();
        self
    }

    /// Adds an event to a stream.
    pub(crate) fn happens<E: LoggedEvent>(mut self, actor: Actor, stream: &StreamId, mut event: E) -> Self {
        let personal = event.lift_personal();
        let in_stream = |recorded: &&Recorded| recorded.aggregate_id == stream.aggregate_id;
        let sequence = self.log.iter().filter(in_stream).count() as u64 + 1;
        let position = self.log.len() as u64 + 1;
        let recorded = Recorded {
            position: Position(position),
            event_id: EventId(uuid(9, position.into())),
            tenant_id: self.world.tenant,
            aggregate_type: stream.aggregate_type.to_owned(),
            aggregate_id: stream.aggregate_id.clone(),
            sequence,
            event_type: DomainEvent::event_type(&event),
            event_version: DomainEvent::event_version(&event),
            recorded_at: minute(self.log.len().try_into().unwrap()),
            payload: serde_json::to_string(&event).unwrap(),
            metadata: serde_json::to_string(&self.metadata(actor)).unwrap(),
            personal: personal.as_ref().map(|personal| SealedPersonal {
                subject: personal.subject,
                sealed: serde_json::to_vec(&personal.facts).unwrap(),
                hash: [0; 32],
            }),
            hash: [0; 32],
        };
        let mut opened = recorded.event().unwrap();
        if let Some(personal) = personal {
            opened.restore_personal(personal);
        }
        self.opened.push(opened);
        self.log.push(recorded);
        self
    }

    /// Damages the newest event, so that nobody can read it.
    pub(crate) fn damaged(mut self) -> Self {
        if let Some(last) = self.log.last_mut() {
            last.payload = "{".to_owned();
        }
        self
    }

    /// Makes the newest event one that a newer node wrote.
    pub(crate) fn by_a_newer_node(mut self) -> Self {
        if let Some(last) = self.log.last_mut() {
            last.event_version = "2".to_owned();
        }
        self
    }

    fn metadata(&self, actor: Actor) -> Metadata {
        let World {
            customer,
            location,
            link,
            ..
        } = self.world;
        let ids = [
            (ACTOR, actor.to_string()),
            (LINK, link.to_string()),
            (INTEGRATION, self.world.integration().to_string()),
            (LOCATION, location.to_string()),
            (CUSTOMER, customer.to_string()),
        ];
        let network = (actor == Actor::Customer).then(|| (NETWORK, "5f3a9c21d0e4".to_owned()));
        let pairs = ids.into_iter().chain(network);
        pairs.map(|(key, id)| (key.to_owned(), id)).collect()
    }

    fn at_link(self, actor: Actor, event: ConnectLinkEvent) -> Self {
        let stream = StreamId::of::<ConnectLink>(self.world.link);
        self.happens(actor, &stream, event)
    }

    fn at_integration(self, actor: Actor, event: IntegrationEvent) -> Self {
        let stream = StreamId::of::<Integration>(self.world.integration());
        self.happens(actor, &stream, event)
    }

    fn observed(self, actor: Actor, observation: LinkObservation) -> Self {
        let stream = link_trail(self.world.link);
        self.happens(actor, &stream, observation)
    }

    pub(crate) fn anna_joined(self) -> Self {
        let personal = Personal::about(Subject::Member(anna()), [(Detail::Name, Some("Anna Berg"))]);
        let event = AgencyEvent::MemberAdded {
            member: anna(),
            role: Role::Owner,
            personal,
        };
        self.happens(Actor::Operator, &StreamId::of::<Agency>(agency()), event)
    }

    /// Anna issues the link of this world, and the integration waits for it.
    pub(crate) fn issued(self) -> Self {
        let World {
            customer,
            location,
            link,
            ..
        } = self.world;
        let requested = IntegrationEvent::LinkRequested {
            link,
            slot: Slot {
                customer,
                location,
                provider: google(),
            },
            superseding: None,
        };
        self.issue_only().at_integration(Actor::Member(anna()), requested)
    }

    /// The link's own part of that.
    pub(crate) fn issue_only(self) -> Self {
        let World { customer, location, .. } = self.world;
        let personal = Personal::about(Subject::Customer(customer), [(Detail::ConnectionName, Some("Reviews"))]);
        let issued = ConnectLinkEvent::Issued {
            token_hash: SecretHash::of("token"),
            terms: LinkTerms {
                agency: agency(),
                customer,
                location,
                provider: google(),
                integration: self.world.integration(),
                host: HostName::parse("connect.berg.example").unwrap(),
                requested_by: anna(),
                expires_at: minute(self.log.len().try_into().unwrap()) + chrono::TimeDelta::minutes(LIFE),
                replaces_account: false,
                is_direct: false,
                mends: false,
            },
            personal,
        };
        self.at_link(Actor::Member(anna()), issued)
    }

    pub(crate) fn opened_by_a_person(self) -> Self {
        let visitor = Visitor::Person;
        self.observed(Actor::Customer, LinkObservation::Opened { visitor })
    }

    pub(crate) fn opened_by_a_scanner(self) -> Self {
        let visitor = Visitor::LikelyAutomated;
        self.observed(Actor::Customer, LinkObservation::Opened { visitor })
    }

    pub(crate) fn answered_in_another_browser(self) -> Self {
        let rejected = LinkObservation::CallbackRejected {
            attempt: AttemptId(uuid(6, 1)),
            reason: CallbackRejection::OtherBrowser,
        };
        self.observed(Actor::Customer, rejected)
    }

    pub(crate) fn started(self) -> Self {
        let attempt = AttemptId(uuid(6, 1));
        self.at_link(Actor::Customer, ConnectLinkEvent::Started { attempt })
    }

    pub(crate) fn failed(self, reason: AttemptFailure) -> Self {
        let attempt = AttemptId(uuid(6, 1));
        self.at_link(Actor::Customer, ConnectLinkEvent::AttemptFailed { attempt, reason })
    }

    pub(crate) fn authorized(self) -> Self {
        let attempt = AttemptId(uuid(6, 1));
        self.at_link(Actor::Customer, ConnectLinkEvent::Authorized { attempt })
    }

    /// The link leads to a connection: the events of one commit.
    pub(crate) fn completed(self) -> Self {
        self.completed_as(1, |connection, personal| IntegrationEvent::Connected {
            connection,
            via: Via::Link,
            personal,
        })
    }

    /// The link leads to new credentials.
    pub(crate) fn completed_again(self) -> Self {
        self.completed_as(2, |connection, personal| IntegrationEvent::Reconnected {
            connection,
            via: Via::Link,
            personal,
        })
    }

    fn completed_as(
        self,
        generation: u32,
        event: impl FnOnce(Connection, Option<Personal>) -> IntegrationEvent,
    ) -> Self {
        let actor = Actor::Customer;
        let link = self.world.link;
        let connection = connection(generation);
        let completed = ConnectLinkEvent::Completed {
            attempt: AttemptId(uuid(6, 1)),
            grant: connection.grant,
            generation,
            listing: connection.listing.clone(),
        };
        let granted = GrantEvent::Granted {
            generation,
            integration: self.world.integration(),
            provider: google(),
            app: ProviderApp {
                owner: "installation".to_owned(),
                client_id: "client".to_owned(),
            },
            scopes: BTreeSet::from(["business.manage".to_owned()]),
            takes_over: BTreeSet::new(),
        };
        let personal = picked(self.world.customer);
        let synced = IntegrationEvent::SyncRequested {
            reason: SyncReason::Connected,
        };
        self.at_link(actor, completed)
            .happens(actor, &StreamId::of::<Grant>(connection.grant), granted)
            .closed_by(actor, link, RequestOutcome::Completed)
            .at_integration(actor, event(connection, personal))
            .at_integration(actor, synced)
    }

    /// A connection that no link led to.
    pub(crate) fn connected_directly(self) -> Self {
        let event = IntegrationEvent::Connected {
            connection: connection(1),
            via: Via::Member,
            personal: picked(self.world.customer),
        };
        self.at_integration(Actor::Member(anna()), event)
    }

    pub(crate) fn declined(self) -> Self {
        let link = self.world.link;
        self.at_link(Actor::Customer, ConnectLinkEvent::Declined {}).closed_by(
            Actor::Customer,
            link,
            RequestOutcome::Declined,
        )
    }

    pub(crate) fn revoked(self) -> Self {
        let (actor, link) = (Actor::Member(anna()), self.world.link);
        let revoked = ConnectLinkEvent::Revoked {
            by: RevokedBy::Member(anna()),
            reason: RevokeReason::Manual,
        };
        self.at_link(actor, revoked)
            .closed_by(actor, link, RequestOutcome::Revoked)
    }

    /// The customer was erased, while the vault still opens what was sealed before.
    pub(crate) fn customer_erased(self) -> Self {
        let erased = CustomerEvent::Erased {
            links: [self.world.link, LinkId(uuid(9, 9))].into(),
            integrations: [self.world.integration(), IntegrationId(uuid(9, 9))].into(),
        };
        self.happens(Actor::Operator, &StreamId::of::<Customer>(customer()), erased)
    }

    /// The account's access ended.
    pub(crate) fn broken(self) -> Self {
        let reason = LossReason::ExpiredOrRevoked;
        self.at_integration(Actor::System, IntegrationEvent::NeedsReconnect { reason })
    }

    /// Another connection of the account was renewed.
    pub(crate) fn recovered(self) -> Self {
        self.at_integration(Actor::System, IntegrationEvent::Recovered {})
    }

    /// The provider answers differently than before.
    pub(crate) fn found(self, capability: Capability, state: CapabilityState) -> Self {
        self.at_integration(Actor::System, IntegrationEvent::CapabilityChanged { capability, state })
    }

    /// The integration was taken off its account.
    pub(crate) fn disconnected(self) -> Self {
        self.at_integration(Actor::Member(anna()), IntegrationEvent::Disconnected {})
    }

    /// The integration was deleted.
    pub(crate) fn deleted(self) -> Self {
        self.at_integration(Actor::Operator, IntegrationEvent::Deleted {})
    }

    /// Somebody met the link after its time.
    pub(crate) fn found_expired(self, expires_at: Timestamp) -> Self {
        let link = self.world.link;
        self.at_link(Actor::Customer, ConnectLinkEvent::Expired { expires_at })
            .closed_by(Actor::Customer, link, RequestOutcome::Expired)
    }

    fn closed_by(self, actor: Actor, link: LinkId, outcome: RequestOutcome) -> Self {
        self.at_integration(actor, IntegrationEvent::LinkClosed { link, outcome })
    }
}

fn connection(generation: u32) -> Connection {
    Connection {
        grant: GrantId(uuid(7, 1)),
        generation,
        listing: ListingRef {
            id: "locations/42".to_owned(),
            account: Some("accounts/7".to_owned()),
        },
    }
}

fn picked(customer: CustomerId) -> Option<Personal> {
    let facts = [
        (Detail::AccountEmail, Some("owner@cafe.example")),
        (Detail::AccountName, Some("Olga Owner")),
        (Detail::ListingTitle, Some("Café am Markt")),
        (Detail::ListingAddress, Some("Markt 1, Leipzig")),
    ];
    Personal::about(Subject::Customer(customer), facts)
}
