//! How a command runs, whatever it does: told with a log in memory, so that somebody faster can be sent ahead at will.

mod fake;
mod health;
mod idempotency;
mod jobs;
mod memory;
mod races;
mod tenants;
mod unused;

use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent, LinkTerms, LinkToken},
    customer::{Customer, CustomerCommand, CustomerEvent},
    host::HostName,
    ids::{
        AgencyId, CustomerId, EventId, InstallationId, IntegrationId, LinkId, LocationId, MemberId, Mode, RequestId,
        TenantId,
    },
    log::{LoggedEvent, StreamId},
    provider::ProviderId,
};
use uuid::Uuid;

use self::{
    fake::{Counter, Store},
    unused::Unused,
};
use crate::{
    Actor, App, CommandError, Context, Decision, UseCase,
    app::Addresses,
    personal::PersonalData,
    ports::log::{EventBody, NewEvent},
    states::States,
    work::Work,
};

fn now() -> Timestamp {
    "2026-11-05T12:00:00Z".parse().unwrap()
}

fn expires_at() -> Timestamp {
    now() + TimeDelta::days(7)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// A node that remembers nothing yet.
fn app(store: &Arc<Store>) -> Arc<App> {
    node(store, States::default())
}

fn node(store: &Arc<Store>, states: States) -> Arc<App> {
    Arc::new(App {
        installation: InstallationId(id(1)),
        log: Arc::clone(store) as _,
        receipts: Arc::clone(store) as _,
        vault: Arc::new(Unused),
        refreshes: Arc::new(Unused),
        refreshing: crate::credentials::Refreshing::default(),
        ledger: Arc::new(Unused),
        remains: Arc::new(Unused),
        accounts: Arc::new(Unused),
        attempts: Arc::new(Unused),
        images: Arc::new(Unused),
        jobs: Arc::new(jobs::Rows::default()),
        cipher: Arc::new(Unused),
        catalogue: Arc::new(Unused),
        listings_in_use: Arc::new(Unused),
        answers: Arc::new(Unused),
        clock: Arc::new(Unused),
        entropy: Arc::new(Counter::default()),
        personal: PersonalData::new(Arc::new(Unused), Arc::new(Unused)),
        queues: crate::queues::Queues::default(),
        in_flight: crate::queues::Queues::default(),
        states,
        network_keys: crate::flow::NetworkKeys::default(),
        listings: crate::flow::ListingCache::default(),
        invitations: crate::flow::InvitationCache::default(),
        mail: crate::mail::MailOffice {
            mailer: Arc::new(Unused),
            stationery: Arc::new(Unused),
            records: Arc::new(Unused),
            account: None,
        },
        addresses: Addresses {
            scheme: "https".to_owned(),
            port: None,
        },
        default_link_life: TimeDelta::days(7),
    })
}

/// The frame of a call for an agency's live world.
fn context(agency: u128) -> Context {
    let agency = AgencyId(id(agency));
    Context {
        tenant: TenantId::of(agency, Mode::Live),
        agency,
        actor: Actor::System,
        request: RequestId(id(9)),
        now: now(),
        network: None,
    }
}

/// An event that stands in the log of agency 1, whoever wrote it.
fn stored<E: LoggedEvent>(stream: &StreamId, event: &E) -> NewEvent {
    NewEvent {
        event_id: EventId(id(1)),
        tenant_id: context(1).tenant,
        stream: stream.clone(),
        sequence: 0,
        body: EventBody {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event).unwrap(),
            metadata: "{}".to_owned(),
            personal: None,
        },
    }
}

const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(2));

fn customer_stream() -> StreamId {
    StreamId::of::<Customer>(CUSTOMER)
}

fn source(number: u128) -> CustomerEvent {
    let integration = IntegrationId(id(number));
    CustomerEvent::SourceConnected { integration }
}

/// A store that holds a customer of agency 1 whose plan allows some sources.
async fn with_customer(allowance: u32) -> Arc<Store> {
    let store = Arc::new(Store::default());
    let agency = AgencyId(id(1));
    let source_allowance = Some(allowance);
    for event in [
        CustomerEvent::Created { agency, personal: None },
        CustomerEvent::PlanChanged { source_allowance },
    ] {
        store.0.lock().await.append(stored(&customer_stream(), &event));
    }
    store
}

/// A store that holds a link of agency 1.
async fn with_link() -> (Arc<Store>, LinkId) {
    let (store, token) = (Arc::new(Store::default()), LinkToken::issue(now(), [7; 24]));
    let provider = ProviderId::parse("google").unwrap();
    let location = LocationId(id(3));
    let issued = ConnectLinkEvent::Issued {
        token_hash: token.hash(),
        terms: LinkTerms {
            agency: AgencyId(id(1)),
            customer: CUSTOMER,
            location,
            integration: IntegrationId::of_slot(location, &provider),
            provider,
            host: HostName::parse("connect.northwind.example").unwrap(),
            requested_by: MemberId(id(4)),
            expires_at: expires_at(),
            replaces_account: false,
            is_direct: false,
            mends: false,
        },
        personal: None,
    };
    let stream = StreamId::of::<ConnectLink>(token.link_id());
    store.0.lock().await.append(stored(&stream, &issued));
    (store, token.link_id())
}

/// The names of the events in the log.
async fn names(store: &Store) -> Vec<String> {
    let rows = &store.0.lock().await.rows;
    rows.iter().map(|row| row.event_type.clone()).collect()
}

/// What a node takes a stream for now.
async fn seen<A>(node: &App, stream: &StreamId) -> (A, u64)
where
    A: Aggregate + Clone + 'static,
    A::Event: LoggedEvent,
{
    let found = node.replay::<A>(stream).await.unwrap().unwrap();
    (found.state.clone(), found.version)
}

/// Counts some sources, and answers how many there are then.
struct ConnectSources(Vec<u128>);

impl UseCase for ConnectSources {
    type Answer = usize;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<usize>, CommandError> {
        let mut customer = work.load::<Customer>(CUSTOMER).await?;
        for number in &self.0 {
            let integration = IntegrationId(id(*number));
            work.execute(&mut customer, CustomerCommand::ConnectSource { integration })
                .await?;
        }
        Ok(Decision::Done(customer.sources()))
    }
}
