//! Calls that are repeated.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Call, World, world::text};

fn once(path: &str, key: &str, name: &str, body: &Value) -> Call {
    Call::post(path).key(key).header("Idempotency-Key", name).json(body)
}

/// A repeated call gets the first answer, byte for byte, and nothing is done twice: a second link would have revoked the first.
#[tokio::test]
async fn a_repeated_call_gets_the_first_answer_byte_for_byte() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let call = once("/links", &agency.key, "order-7", &place.link());
    let first = world.send(call.clone()).await;
    let link = first.json(201);
    let before = world.head().await;
    let second = world.send(call.clone()).await;
    assert_eq!((second.status, &second.bytes), (first.status, &first.bytes));
    assert!(world.events_since(before).await.is_empty());

    // The answer outlives what it was about.
    world
        .send(Call::post(&format!("/links/{}/revoke", text(&link["id"]))).key(&agency.key))
        .await
        .json(200);
    assert_eq!(world.send(call).await.bytes, first.bytes);
}

/// Two calls at the same moment: one is done, and the other gets its answer, at once or when it asks again.
/// Mutant: without a receipt in the commit this fails.
#[tokio::test]
async fn two_calls_at_once_are_one() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let body = json!({"name": "Trattoria Roma"});
    let call = once("/customers", &agency.key, "order-8", &body);
    let before = world.head().await;
    let (one, other) = tokio::join!(world.send(call.clone()), world.send(call.clone()));
    let (in_flight, done): (Vec<_>, Vec<_>) = [one, other].into_iter().partition(|answer| answer.status == 409);
    for answer in &in_flight {
        answer.problem(409, "/problems/idempotency-key-in-flight");
        assert!(answer.headers.contains_key("retry-after"));
    }
    let again = world.send(call).await;
    assert!(!done.is_empty() && done.iter().all(|answer| answer.json(201) == again.json(201)));
    assert_eq!(world.events_since(before).await, ["customer.Created"]);
}

/// Mutant: with a body hash that is always the same this fails.
#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (one, other) = (json!({"name": "One"}), json!({"name": "Other"}));
    world.send(once("/customers", &agency.key, "k", &one)).await.json(201);
    let before = world.head().await;
    let refused = world.send(once("/customers", &agency.key, "k", &other)).await;
    refused.problem(422, "/problems/idempotency-key-reused");
    assert!(world.events_since(before).await.is_empty());
}

/// B55: whose key it is matters: another tenant's same key, and another route's, are other calls.
#[tokio::test]
async fn another_tenants_same_key_is_another_call() {
    let world = World::new().await;
    let (agency, stranger) = (world.agency("northwind").await, world.agency("southwind").await);
    let body = json!({"name": "Trattoria Roma"});
    let one = world.send(once("/customers", &agency.key, "k", &body)).await.json(201);
    let other = world
        .send(once("/customers", &stranger.key, "k", &body))
        .await
        .json(201);
    assert_ne!(one["id"], other["id"]);
    let path = format!("/customers/{}/locations", text(&one["id"]));
    world.send(once(&path, &agency.key, "k", &body)).await.json(201);
}

/// A refusal is kept under no key: the same call may succeed later.
#[tokio::test]
async fn a_refused_call_may_be_tried_again() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let path = format!("/customers/{}/locations", world.new_id());
    let body = json!({"name": "Old Town"});
    for _ in 0..2 {
        world
            .send(once(&path, &agency.key, "k", &body))
            .await
            .problem(404, "/problems/customer-not-found");
    }
}

#[tokio::test]
async fn revoking_and_showing_again_can_be_repeated_too() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let link = world
        .issue(&agency.key, &world.place(&agency.key).await.link())
        .await
        .json(201);
    for what in ["reveal", "revoke"] {
        let path = format!("/links/{}/{what}", text(&link["id"]));
        let call = Call::post(&path).key(&agency.key).header("Idempotency-Key", "k");
        let first = world.send(call.clone()).await;
        let before = world.head().await;
        let second = world.send(call).await;
        first.json(200);
        assert_eq!((first.status, &first.bytes), (second.status, &second.bytes));
        assert!(world.events_since(before).await.is_empty());
    }
}

/// The clock is the installation's own. Mutant: when old receipts are not deleted before the call is made again, this fails.
#[tokio::test]
async fn an_answer_is_kept_for_seventy_two_hours() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let customer = |name| once("/customers", &agency.key, "k", &json!({ "name": name }));
    let first = world.send(customer("One")).await;
    world.clock.advance(TimeDelta::hours(71));
    assert_eq!(world.send(customer("One")).await.bytes, first.bytes);
    assert!(!world.server.app.forget_old_receipts().await.unwrap());
    world
        .send(customer("Other"))
        .await
        .problem(422, "/problems/idempotency-key-reused");

    world.clock.advance(TimeDelta::hours(1));
    let other = world.send(customer("Other")).await;
    assert_ne!(other.json(201)["id"], first.json(201)["id"]);
    assert_eq!(world.send(customer("Other")).await.bytes, other.bytes);
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let body = json!({"name": "Trattoria Roma"});
    for name in ["", "two words", "ä", &"x".repeat(256)] {
        let refused = world.send(once("/customers", &agency.key, name, &body)).await;
        refused.problem(400, "/problems/invalid-header");
    }
    world
        .send(once("/customers", &agency.key, &"x".repeat(255), &body))
        .await
        .json(201);
}
