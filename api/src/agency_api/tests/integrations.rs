//! Integrations with their badges.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Agency, Answer, Call, World, world::text};

async fn integration(world: &World, agency: &Agency, id: &Value, after: &Answer) -> Value {
    let path = format!("/integrations/{}", text(id));
    world
        .send(Call::get(&path).key(&agency.key).after(after))
        .await
        .json(200)
}

/// A59, B2, B25-B28, B34: hourglass, link, refresh; what works stays usable, whatever becomes of a fresh link.
#[tokio::test]
async fn a_badge_follows_the_connection() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let link = issued.json(201);
    let id = &link["integration_id"];

    let pending = integration(&world, &agency, id, &issued).await;
    let badge =
        json!({"status": "pending", "label": "Pending", "icon": "hourglass", "colour": "yellow", "usable": false});
    assert_eq!(pending["badge"], badge);
    assert_eq!(
        pending["pending_link"],
        json!({"link_id": link["id"], "expires_at": link["expires_at"]})
    );

    world.connect(&agency, &link["id"]).await;
    let after = world.issue(&agency.key, &world.place(&agency.key).await.link()).await; // any later command
    let connected = integration(&world, &agency, id, &after).await;
    let badge = json!({"status": "via_link", "label": "Via Link", "icon": "link", "colour": "blue", "usable": true});
    assert_eq!(connected["badge"], badge);
    assert_eq!(connected["via_link_id"], link["id"]);
    let listing = json!({"id": "locations/7", "title": "Trattoria Roma", "address": "Market Square 1"});
    assert_eq!(connected["listing"], listing);
    assert_eq!(connected["account"]["email"], "owner@trattoria.example");

    let fresh = world.issue(&agency.key, &place.link()).await;
    let refreshing = integration(&world, &agency, id, &fresh).await;
    assert_eq!(
        (&refreshing["badge"]["icon"], &refreshing["badge"]["usable"]),
        (&json!("refresh"), &json!(true))
    );

    world.clock.advance(TimeDelta::days(8));
    let lapsed = integration(&world, &agency, id, &fresh).await;
    assert_eq!(
        (
            lapsed["badge"]["label"].as_str(),
            lapsed["last_request"]["outcome"].as_str()
        ),
        (Some("Via Link"), Some("expired"))
    );
}

/// B59: the list filters by badge, by the clock.
#[tokio::test]
async fn integrations_are_listed_by_badge() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let count = async |query: &str| {
        let call = Call::get(&format!("/integrations?{query}"))
            .key(&agency.key)
            .after(&issued);
        world.send(call).await.json(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(count("status=pending&provider=google").await, 1);
    assert_eq!(count("status=via_link").await, 0);
    assert_eq!(count(&format!("customer_id={}", place.customer)).await, 1);
    assert_eq!(count(&format!("location_id={}", world.new_id())).await, 0);
    world.clock.advance(TimeDelta::days(8));
    assert_eq!((count("status=pending").await, count("status=expired").await), (0, 1));
}
