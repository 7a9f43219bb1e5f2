//! An account's access ends, or comes back: what becomes of the connections that stand on it.

use std::{collections::BTreeSet, sync::Arc};

use cqrs_es::Aggregate;
use domain::{
    customer::CustomerEvent,
    event::Event,
    grant::{Grant, GrantEvent, LossReason},
    ids::{AgencyId, GrantId, IntegrationId, LinkId, LocationId},
    integration::{Connection, Integration, IntegrationEvent, Slot, Via},
    log::{Position, Recorded, StreamId},
    provider::{ListingRef, ProviderApp, ProviderId},
};

use super::{CUSTOMER, app, context, customer_stream, fake::Store, id, now, seen, stored};
use crate::{App, health::FollowGrants, jobs::Policy};

const GRANT: GrantId = GrantId(uuid::Uuid::from_u128(500));

fn integration(number: u128) -> IntegrationId {
    IntegrationId::of_slot(LocationId(id(number)), &google())
}

fn google() -> ProviderId {
    ProviderId::parse("google").unwrap()
}

fn grant_stream() -> StreamId {
    StreamId::of::<Grant>(GRANT)
}

/// The account's owner signs in for an integration. Whoever stood on one of those generations is taken over.
fn granted(generation: u32, number: u128, takes_over: &[u32]) -> GrantEvent {
    GrantEvent::Granted {
        generation,
        integration: integration(number),
        provider: google(),
        app: ProviderApp {
            owner: "installation".to_owned(),
            client_id: "client-1".to_owned(),
        },
        scopes: BTreeSet::new(),
        takes_over: takes_over.iter().copied().collect(),
    }
}

fn lost(generation: u32) -> GrantEvent {
    let reason = LossReason::ExpiredOrRevoked;
    GrantEvent::Lost { generation, reason }
}

/// One account, and so many integrations that stand on its newest generation.
struct Town {
    store: Arc<Store>,
    app: Arc<App>,
    generation: u32,
}

impl Town {
    async fn of(integrations: u128) -> Self {
        let store = Arc::new(Store::default());
        let (app, generation) = (app(&store), u32::try_from(integrations).unwrap());
        let town = Self { store, app, generation };
        let agency = AgencyId(id(1));
        town.happened(&customer_stream(), &CustomerEvent::Created { agency, personal: None })
            .await;
        for number in 1..=integrations {
            town.connected(number).await;
        }
        town
    }

    async fn happened<E: domain::log::LoggedEvent>(&self, stream: &StreamId, event: &E) {
        self.store.0.lock().await.append(stored(stream, event));
    }

    async fn connected(&self, number: u128) {
        let generation = u32::try_from(number).unwrap();
        let before: Vec<u32> = (1..generation).rev().take(1).collect();
        self.happened(&grant_stream(), &granted(generation, number, &before))
            .await;
        let stream = StreamId::of::<Integration>(integration(number));
        let slot = Slot {
            customer: CUSTOMER,
            location: LocationId(id(number)),
            provider: google(),
        };
        let link = LinkId(id(number));
        let requested = IntegrationEvent::LinkRequested {
            link,
            slot,
            superseding: None,
        };
        let listing = ListingRef {
            id: format!("locations/{number}"),
            account: None,
        };
        let connection = Connection {
            grant: GRANT,
            generation,
            listing,
        };
        let connected = IntegrationEvent::Connected {
            connection,
            via: Via::Link,
            personal: None,
        };
        self.happened(&stream, &requested).await;
        self.happened(&stream, &connected).await;
    }

    async fn lose(&self) {
        self.happened(&grant_stream(), &lost(self.generation)).await;
    }

    /// What the job about a generation does.
    async fn follow(&self, generation: u32) -> usize {
        let tenant = context(1).tenant;
        self.app.stand_as_grant(tenant, GRANT, generation).await.unwrap()
    }

    async fn broken(&self) -> usize {
        let mut broken = 0;
        for number in 1..=u128::from(self.generation) {
            let stream = StreamId::of::<Integration>(integration(number));
            let (found, _) = seen::<Integration>(&self.app, &stream).await;
            broken += usize::from(found.needs_reconnect().is_some());
        }
        broken
    }

    async fn count(&self, event_type: &str) -> usize {
        let rows = &self.store.0.lock().await.rows;
        rows.iter().filter(|row| row.event_type == event_type).count()
    }
}

/// A44, A47: ten connections of one account break together, and one sign-in brings all of them back. Jobs that are done twice
/// find nothing to do.
#[tokio::test]
async fn ten_connections_of_one_account_break_together_and_one_sign_in_heals_all() {
    let town = Town::of(10).await;
    town.lose().await;
    assert_eq!((town.follow(10).await, town.broken().await), (10, 10));
    assert_eq!((town.follow(10).await, town.count("NeedsReconnect").await), (0, 10));

    town.happened(&grant_stream(), &granted(11, 3, &[10])).await;
    assert_eq!((town.follow(11).await, town.broken().await), (10, 0));
    assert_eq!((town.follow(11).await, town.count("Recovered").await), (0, 10));
    assert_eq!(town.count("SyncRequested").await, 10, "what they missed is fetched");
    let rows = &town.store.0.lock().await.rows;
    let healed = rows.iter().rfind(|row| row.event_type == "Recovered").unwrap();
    let about = [
        crate::metadata::INTEGRATION,
        crate::metadata::CUSTOMER,
        crate::metadata::LOCATION,
    ];
    assert!(about.iter().all(|name| healed.note(name).is_some()));
}

/// A node dies in the middle: some connections know, some do not. The job is done again, and each is told once.
#[tokio::test]
async fn a_job_that_was_cut_off_goes_on_where_it_was() {
    let town = Town::of(10).await;
    town.lose().await;
    let reason = LossReason::ExpiredOrRevoked;
    for number in [2, 7, 9] {
        let stream = StreamId::of::<Integration>(integration(number));
        town.happened(&stream, &IntegrationEvent::NeedsReconnect { reason })
            .await;
    }
    assert_eq!((town.follow(10).await, town.broken().await), (7, 10));
    assert_eq!(town.count("NeedsReconnect").await, 10);
}

/// The account's owner signs in again while the job is at it: what was decided on the lost generation does not stand.
///
/// Mutant: when the grant is looked at before the unit of work, and not loaded in it, the connection is told that it is broken.
#[tokio::test]
async fn a_sign_in_that_was_faster_wins() {
    let town = Town::of(1).await;
    town.lose().await;
    let rival = stored(&grant_stream(), &granted(2, 1, &[1]));
    town.store.0.lock().await.rivals.push_back(rival);
    assert_eq!((town.follow(1).await, town.broken().await), (0, 0));
    assert_eq!(town.count("NeedsReconnect").await, 0);
    assert_eq!(town.count("Granted").await, 2, "the rival was there");
}

/// What stands on another account by now, or is another tenant's, is left alone.
#[tokio::test]
async fn whoever_left_the_account_is_not_told() {
    let town = Town::of(2).await;
    let integration = integration(1);
    town.happened(&grant_stream(), &GrantEvent::Released { integration })
        .await;
    town.lose().await;
    let stranger = context(2).tenant;
    let strangers = town.app.stand_as_grant(stranger, GRANT, 2).await.unwrap();
    assert_eq!((strangers, town.broken().await), (0, 0));
    assert_eq!((town.follow(2).await, town.broken().await), (1, 1));
}

fn recorded(event: &GrantEvent) -> Recorded {
    let new = stored(&grant_stream(), event);
    Recorded {
        position: Position(1),
        event_id: new.event_id,
        tenant_id: new.tenant_id,
        aggregate_type: Grant::TYPE.to_owned(),
        aggregate_id: GRANT.to_string(),
        sequence: 1,
        event_type: new.body.event_type,
        event_version: new.body.event_version,
        recorded_at: now(),
        payload: new.body.payload,
        metadata: new.body.metadata,
        personal: None,
        hash: [0; 32],
    }
}

/// The first sign-in of an account concerns nobody but whoever signed in. A loss is told, and then somebody is asked.
#[test]
fn losses_and_sign_ins_that_take_others_over_make_jobs() {
    let jobs = |event: GrantEvent| {
        let row = recorded(&event);
        assert!(FollowGrants.follows(&row.aggregate_type, &row.event_type));
        FollowGrants.jobs(&Event::Grant(event), &row).len()
    };
    assert_eq!(jobs(granted(1, 1, &[])), 0);
    assert_eq!((jobs(granted(2, 1, &[1])), jobs(lost(2))), (1, 2));
}
