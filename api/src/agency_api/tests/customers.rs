//! Customers, their places of business and their plan.

use serde_json::json;

use super::{Call, World, world::text};

/// A8, A51: a customer comes with its places of business in one call.
#[tokio::test]
async fn a_customer_is_created_and_read_with_its_places() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let before = world.head().await;
    let body = json!({
        "name": " Trattoria Roma ", "email": "owner@trattoria.example", "source_allowance": 2,
        "locations": [{"name": "Old Town", "address": "Market Square 1"}, {"name": "Harbour"}],
    });
    let created = world
        .send(Call::post("/customers").key(&agency.key).json(&body))
        .await
        .json(201);
    assert_eq!(
        (created["name"].as_str(), created["sources"].as_u64()),
        (Some("Trattoria Roma"), Some(0))
    );
    assert_eq!(
        world.events_since(before).await,
        [
            "customer.Created",
            "customer.PlanChanged",
            "customer.LocationAdded",
            "customer.LocationAdded"
        ]
    );
    let path = format!("/customers/{}", text(&created["id"]));
    assert_eq!(world.send(Call::get(&path).key(&agency.key)).await.json(200), created);

    let more = json!({"name": "Airport"});
    let added = world
        .send(Call::post(&format!("{path}/locations")).key(&agency.key).json(&more))
        .await
        .json(201);
    let read = world.send(Call::get(&path).key(&agency.key)).await.json(200);
    assert_eq!(
        (&read["locations"][2], read["locations"].as_array().unwrap().len()),
        (&added, 3)
    );
}

/// A19: the plan is the agency's to change; `null` lifts the limit, forgetting it does not.
#[tokio::test]
async fn a_plan_is_changed_and_lifted() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let plan = Call::put(&format!("/customers/{}/plan", place.customer)).key(&agency.key);
    let set = world
        .send(plan.clone().json(&json!({"source_allowance": 3})))
        .await
        .json(200);
    assert_eq!(set["source_allowance"], 3);

    let before = world.head().await;
    world
        .send(plan.clone().json(&json!({})))
        .await
        .problem(422, "/problems/invalid-body");
    assert!(world.events_since(before).await.is_empty());
    let lifted = world
        .send(plan.json(&json!({"source_allowance": null})))
        .await
        .json(200);
    assert_eq!(lifted["source_allowance"], json!(null));
    assert_eq!(world.events_since(before).await, ["customer.PlanChanged"]);
}

#[tokio::test]
async fn the_providers_that_can_be_connected_are_listed() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let listed = world.send(Call::get("/providers").key(&agency.key)).await.json(200);
    assert_eq!(
        listed,
        json!({"data": [{"id": "google", "name": "Google", "product": "Google Business Profile"}]})
    );
}
