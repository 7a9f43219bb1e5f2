//! Two versions of the program on one log: this node is the older one.

use application::ports::log::{Commit, EventBody, Expected, NewEvent};
use domain::{
    connect_link::ConnectLink,
    ids::EventId,
    log::{Position, StreamId},
};
use projections::checkpoints::Health;
use serde_json::Value;

use super::{Call, World, world::text};

impl World {
    /// A newer node starts a link, and says so in a shape that this one does not know.
    async fn is_started_by_a_newer_node(&self, link: &str) {
        let stream = StreamId {
            aggregate_id: link.to_owned(),
            ..StreamId::of::<ConnectLink>("")
        };
        let last = self.server.app.log.load(&stream, 0).await.unwrap().pop().unwrap();
        let event = NewEvent {
            event_id: EventId(self.new_id()),
            tenant_id: last.tenant_id,
            stream: stream.clone(),
            sequence: last.sequence + 1,
            body: EventBody {
                event_type: "Started".to_owned(),
                event_version: "2".to_owned(),
                payload: r#"{"Started":{"somewhere":"else"}}"#.to_owned(),
                metadata: last.metadata,
                personal: None,
            },
        };
        let commit = Commit {
            tenant: last.tenant_id,
            expects: vec![Expected {
                stream,
                version: last.sequence,
            }],
            appends: vec![event],
            observations: vec![],
            secrets: vec![],
            receipt: None,
        };
        self.server.app.log.commit(commit).await.unwrap();
    }
}

/// ES-10: what this node cannot read it neither guesses nor takes for damage: 503 for that link, its view left to the newer node,
/// and everything else goes on.
///
/// Mutant: when an unknown version is taken for damage, the answers are 500, and this fails.
#[tokio::test]
async fn what_a_newer_node_wrote_is_unavailable_here_and_everything_else_goes_on() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (place, other) = (world.place(&agency.key).await, world.place(&agency.key).await);
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let id = text(&link["id"]);
    let mut health = world.server.checkpoints.watch_health("link").unwrap();
    world.is_started_by_a_newer_node(&id).await;
    let before = world.head().await;

    let fresh = Call::post("/links").json(&place.link()); // would revoke the one that this node cannot read
    let calls = [
        Call::post(&format!("/links/{id}/revoke")),
        Call::post(&format!("/links/{id}/reveal")),
        fresh,
    ];
    for call in calls.iter().chain(&calls) {
        let refused = world.send(call.clone().key(&agency.key)).await;
        refused.problem(503, "/problems/unavailable");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    assert!(world.events_since(before).await.is_empty());

    let issued = world.issue(&agency.key, &other.link()).await;
    let revoke = format!("/links/{}/revoke", text(&issued.json(201)["id"]));
    world.send(Call::post(&revoke).key(&agency.key)).await.json(200);
    let customer = Call::get(&format!("/customers/{}", other.customer)).key(&agency.key);
    world.send(customer).await.json(200);

    health
        .wait_for(|health| matches!(health, Health::StoodDown(_)))
        .await
        .unwrap();
    let shown = |answer: Value| answer["data"].as_array().unwrap().len();
    let as_it_was = world.send(Call::get("/links").key(&agency.key)).await.json(200);
    assert_eq!(shown(as_it_was), 1, "the links before that event");
    let later = world.send(Call::get("/links").key(&agency.key).after(&issued)).await;
    later.problem(503, "/problems/not-yet-visible");
    assert!(world.head().await > Position(before.0 + 1));
}
