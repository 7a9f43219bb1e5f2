//! The feed of a tenant's events.

use std::{collections::BTreeSet, time::Duration};

use axum::body::BodyDataStream;
use domain::{
    agency::ApiKeyScope,
    ids::{Mode, TenantId},
    log::Position,
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};
use tower::ServiceExt;

use super::{
    Agency, Call, World,
    world::{every_scope, text},
};

/// Long enough for a machine under load; nothing waits for it to pass.
const SOON: Duration = Duration::from_secs(30);

async fn page(world: &World, key: &str, query: &str) -> Value {
    world
        .send(Call::get(&format!("/events{query}")).key(key))
        .await
        .json(200)
}

/// Every page behind the last one, until nothing is left.
async fn all(world: &World, key: &str, query: &str) -> Vec<Value> {
    let (mut events, mut after) = (vec![], String::new());
    loop {
        let part = page(world, key, &format!("?limit=3{query}{after}")).await;
        events.extend(part["data"].as_array().unwrap().clone());
        after = format!("&after={}", text(&part["next_cursor"]));
        if part["has_more"] == false {
            return events;
        }
    }
}

fn ids(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(&event["id"])).collect()
}

/// What the log holds of a tenant.
async fn recorded(world: &World, tenant: TenantId) -> Vec<String> {
    let log = world.server.app.log.page_of(tenant, Position(0), 10_000).await.unwrap();
    log.iter().map(|row| row.event_id.to_string()).collect()
}

/// ES-5, API-5: a reader who pages while many write gets every event of its tenant once, in order, and nobody else's.
/// Mutant: with the page read without its tenant this fails.
#[tokio::test(flavor = "multi_thread")]
async fn who_pages_while_others_write_gets_every_event_once_and_in_order() {
    let world = std::sync::Arc::new(World::new().await);
    let (agency, other) = (world.agency("northwind").await, world.agency("southwind").await);
    let mut writers = JoinSet::new();
    for key in [&agency.key, &agency.key, &other.key, &other.key] {
        let (world, key) = (world.clone(), key.clone());
        writers.spawn(async move {
            for _ in 0..10 {
                let place = world.place(&key).await;
                world.issue(&key, &place.link()).await.json(201);
            }
        });
    }
    let (mut seen, mut after) = (vec![], String::new());
    let mut is_over = false;
    loop {
        let part = page(&world, &agency.key, &format!("?limit=7{after}")).await;
        seen.extend(ids(part["data"].as_array().unwrap()));
        after = format!("&after={}", text(&part["next_cursor"]));
        if is_over && part["has_more"] == false {
            break;
        }
        while writers.try_join_next().is_some() {}
        is_over = writers.is_empty();
    }
    assert_eq!(seen, recorded(&world, TenantId::of(agency.id, Mode::Live)).await);
    assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len());
}

/// B55: how much others write shows nowhere: no position, no empty page, no cursor that is longer.
/// Mutant: with the position itself as the cursor this fails.
#[tokio::test]
async fn the_feed_says_nothing_about_others() {
    let world = World::new().await;
    let (agency, other) = (world.agency("northwind").await, world.agency("southwind").await);
    world.place(&agency.key).await;
    let early = page(&world, &agency.key, "?limit=1").await;
    for _ in 0..300 {
        world.place(&other.key).await;
    }
    world.place(&agency.key).await;
    let late = page(&world, &agency.key, "").await;
    assert_eq!(late["has_more"], false);
    let cursors = late["data"].as_array().unwrap().iter().map(|event| &event["cursor"]);
    let lengths: BTreeSet<_> = cursors
        .chain([&early["next_cursor"], &late["next_cursor"]])
        .map(|cursor| text(cursor).len())
        .collect();
    assert_eq!(lengths.len(), 1);
    let head = world.head().await.0.to_string();
    let said = late.to_string();
    assert!(
        !said.contains(&format!(":{head},")) && !said.contains("position"),
        "{said}"
    );
    for event in late["data"].as_array().unwrap() {
        assert!(!event.to_string().contains(&other.id.to_string()));
    }
}

/// B55: a cursor is of no use to anybody else; one that was altered or is ahead is refused.
/// Mutant: without the check against the log's head this fails.
#[tokio::test]
async fn a_cursor_that_is_none_of_ours_is_refused() {
    let world = World::new().await;
    let (agency, other) = (world.agency("northwind").await, world.agency("southwind").await);
    let test_key = world.key(&agency, Mode::Test, every_scope()).await;
    let cursor = text(&page(&world, &agency.key, "").await["next_cursor"]);
    let tenant = TenantId::of(agency.id, Mode::Live);
    let ahead = world.server.app.cipher.seal_number(tenant, world.head().await.0 + 1);
    for (cursor, key) in [
        (cursor.as_str(), &other.key),
        (&cursor, &test_key),
        (&cursor[1..], &agency.key),
        ("", &agency.key),
        ("7", &agency.key),
        (&ahead, &agency.key),
    ] {
        let by_query = Call::get(&format!("/events?after={cursor}")).key(key);
        world.send(by_query).await.problem(400, "/problems/invalid-cursor");
        let by_header = Call::get("/events").key(key).header("Last-Event-ID", cursor);
        world.send(by_header).await.problem(400, "/problems/invalid-cursor");
    }
    for wrong in ["?types=everything", "?types=", "?limit=0", "?limit=201", "?after_=1"] {
        let refused = world.send(Call::get(&format!("/events{wrong}")).key(&agency.key)).await;
        refused.problem(400, "/problems/invalid-query");
    }
}

/// Personal data is a scope of its own, and gone with its subject's key. No key sees the hash of a secret.
/// Mutants: with personal data opened for every key, and with `KEPT_BACK` empty, this fails.
#[tokio::test]
async fn personal_data_is_for_keys_that_may_see_it_until_it_is_erased() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    world.issue(&agency.key, &place.link()).await.json(201);
    let without = world.key(&agency, Mode::Live, [ApiKeyScope::EventsRead]).await;
    let with = world
        .key(
            &agency,
            Mode::Live,
            [ApiKeyScope::EventsRead, ApiKeyScope::PersonalRead],
        )
        .await;
    let created = async |key: &str| {
        let events = all(&world, key, "&types=customer.Created").await;
        assert_eq!(events.len(), 1);
        events[0].clone()
    };
    let open = created(&with).await;
    assert_eq!(open["personal"], json!({"name": "Trattoria Roma"}));
    assert_eq!(open["personal_subject"], format!("customer:{}", place.customer));
    assert!(created(&without).await.get("personal").is_none());
    let everything = Value::from(all(&world, &without, "").await).to_string();
    for kept_back in ["Trattoria Roma", "Anna Berg", "token_hash", "secret_hash"] {
        assert!(!everything.contains(kept_back), "{kept_back}");
    }
    world.erase(&agency, &place).await;
    assert_eq!(created(&with).await["personal"], json!(null));
}

#[tokio::test]
async fn only_the_wanted_kinds_are_given_and_the_cursor_moves_past_the_others() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    world.connect(&agency, &link["id"]).await;
    let wanted = all(&world, &agency.key, "&types=connect_link.Completed,integration").await;
    let kinds: Vec<_> = wanted.iter().map(|event| text(&event["type"])).collect();
    assert_eq!(
        kinds,
        [
            "integration.LinkRequested",
            "connect_link.Completed",
            "integration.LinkClosed",
            "integration.Connected",
            "integration.SyncRequested"
        ]
    );
    assert_eq!(wanted[3]["data"]["listing"]["id"], "locations/7");
    assert_eq!(wanted[3]["customer_id"], json!(place.customer));
    let nothing = page(&world, &agency.key, "?types=grant.Released&limit=1").await;
    assert_eq!(nothing["data"], json!([]));
    let rest = format!("?after={}", text(&nothing["next_cursor"]));
    assert_eq!(page(&world, &agency.key, &rest).await["data"], json!([]));
}

/// A reader of a stream.
struct Listener {
    parts: BodyDataStream,
    read: String,
}

impl Listener {
    async fn open(world: &World, key: &str, query: &str, last: Option<&str>) -> Self {
        let mut call = Call::get(&format!("/events{query}"))
            .key(key)
            .header("Accept", "text/event-stream");
        if let Some(last) = last {
            call = call.header("Last-Event-ID", last);
        }
        let response = world.router.clone().oneshot(call.request()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            parts: response.into_body().into_data_stream(),
            read: String::new(),
        }
    }

    /// The next event and its id; none when the stream ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let line = |start: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(start))
                        .map(str::to_owned)
                };
                let event = line("id: ").zip(line("data: "));
                self.read = rest.to_owned();
                if let Some((id, data)) = event {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let part = timeout(SOON, self.parts.next()).await.expect("nothing came")?;
            self.read += std::str::from_utf8(&part.unwrap()).unwrap();
        }
    }
}

/// What happens is told at once, and a reader that comes back goes on where it was, in the middle of a batch too.
/// Mutant: with `Last-Event-ID` left unread this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_brings_what_happens_and_goes_on_where_it_broke() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let mut seen = Vec::new();
    let mut listener = Listener::open(&world, &agency.key, "", None).await;
    let mut last = String::new();
    for _ in 0..3 {
        let (id, event) = listener.next().await.unwrap();
        seen.push(text(&event["id"]));
        last = id;
    }
    drop(listener);
    world.issue(&agency.key, &place.link()).await.json(201);
    let mut listener = Listener::open(&world, &agency.key, "?after=now", Some(&last)).await;
    let total = recorded(&world, TenantId::of(agency.id, Mode::Live)).await;
    while seen.len() < total.len() {
        seen.push(text(&listener.next().await.unwrap().1["id"]));
    }
    assert_eq!(seen, total);

    let mut fresh = Listener::open(&world, &agency.key, "?after=now&types=connect_link.Issued", None).await;
    assert!(fresh.read.is_empty());
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    assert_eq!(fresh.next().await.unwrap().1["stream_id"], link["id"]);
}

/// A stream ends with its key: what happens after that is not told. Mutant: without `still_allowed` this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_key_is_revoked() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let key = world.key(&agency, Mode::Live, [ApiKeyScope::EventsRead]).await;
    let mut listener = Listener::open(&world, &key, "?after=now", None).await;
    world.place(&agency.key).await;
    assert!(listener.next().await.is_some());
    world.revoke_key(&agency, &key).await;
    world.place(&agency.key).await;
    while let Some((_, event)) = listener.next().await {
        assert_eq!(event["type"], "customer.LocationAdded", "only what came before"); // the batch that was on its way
    }
}

/// API-9: a server that stops is not held by streams, and a tenant holds so many at most.
#[tokio::test(flavor = "multi_thread")]
async fn streams_are_counted_and_end_when_the_server_stops() {
    let world = World::new().await;
    let (agency, other) = (world.agency("northwind").await, world.agency("southwind").await);
    let mut listeners = Vec::new();
    for _ in 0..crate::feeds::MOST_OF_A_TENANT {
        listeners.push(Listener::open(&world, &agency.key, "?after=now", None).await);
    }
    let one_more = |agency: &Agency| {
        Call::get("/events")
            .key(&agency.key)
            .header("Accept", "text/event-stream")
    };
    let refused = world.send(one_more(&agency)).await;
    refused.problem(429, "/problems/too-many-streams");
    assert_eq!(refused.header("retry-after"), Some("1"));
    listeners.push(Listener::open(&world, &other.key, "?after=now", None).await);
    world.server.feeds.stop();
    for listener in &mut listeners {
        assert!(listener.next().await.is_none());
    }
    drop(listeners);
    let after = Listener::open(&world, &agency.key, "?after=now", None)
        .await
        .next()
        .await;
    assert!(after.is_none());
}
