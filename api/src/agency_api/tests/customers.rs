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

/// VA-5: what can still be read of an erased customer is its ids and what happened. Nothing more can be done with it.
#[tokio::test]
async fn an_erased_customer_keeps_its_ids_and_refuses_what_comes() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let path = format!("/customers/{}", place.customer);
    let erase = Call::post(&format!("{path}/erase")).key(&agency.key);

    let before = world.head().await;
    for confirm in [json!({}), json!({"confirm": ""}), json!({"confirm": place.location})] {
        let refused = world.send(erase.clone().json(&confirm)).await;
        refused.problem(422, "/problems/invalid-body");
    }
    assert!(world.events_since(before).await.is_empty());

    let confirmed = erase.clone().json(&json!({"confirm": place.customer}));
    let done = world.send(confirmed.clone()).await;
    let erased = done.json(200);
    assert_eq!(
        world.events_since(before).await,
        [
            "connect_link.Revoked",
            "integration.LinkClosed",
            "integration.Deleted",
            "customer.Erased"
        ]
    );
    let read = world.send(Call::get(&path).key(&agency.key)).await.json(200);
    assert_eq!(
        (&read["name"], &read["locations"][0]["name"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(read["erased_at"], erased["erased_at"]);
    let seen = Call::get(&format!("/links/{}", text(&link["id"]))).key(&agency.key);
    let seen = world.send(seen.after(&done)).await.json(200);
    assert_eq!(
        (&seen["status"], &seen["revoke_reason"]),
        (&json!("revoked"), &json!("customer_erased"))
    );

    let again = world.send(confirmed).await;
    assert_eq!(again.json(200), erased);
    for (call, body) in [
        (Call::post("/links"), place.link()),
        (Call::post(&format!("{path}/locations")), json!({"name": "Harbour"})),
        (Call::put(&format!("{path}/plan")), json!({"source_allowance": 9})),
    ] {
        let refused = world.send(call.key(&agency.key).json(&body)).await;
        refused.problem(409, "/problems/customer-erased");
    }
}
