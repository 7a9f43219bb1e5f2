//! Integrations with their badges.

use application::ports::{health::LastAnswer, provider};
use chrono::TimeDelta;
use domain::{
    grant::LossReason,
    ids::{GrantId, Mode, TenantId},
    integration::{Capability, CapabilityState, IntegrationCommand},
};
use serde_json::{Value, json};
use uuid::Uuid;

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

/// A connection of an agency whose account may not read figures.
async fn denied_metrics(world: &World) -> (Agency, Value) {
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    world.connect(&agency, &link["id"]).await;
    let denied = IntegrationCommand::ObserveCapability {
        capability: Capability::Metrics,
        state: CapabilityState::PermissionDenied,
    };
    world.finds(&agency, &link["integration_id"], denied).await;
    (agency, link["integration_id"].clone())
}

/// A2, A60: what the connection is good for stands one by one, with the provider's last answer and its age; what was said about an
/// earlier life is not shown.
#[tokio::test]
async fn an_integration_says_how_well_it_is() {
    let world = World::new().await;
    let (agency, id) = denied_metrics(&world).await;
    let id = &id;
    let answer = |capability, life| LastAnswer {
        integration: text(id).parse().unwrap(),
        life,
        capability,
        answer: provider::Answer::Denied,
        at: world.server.app.clock.now(),
    };
    let tenant = TenantId::of(agency.id, Mode::Live);
    let answers = [answer(Capability::Metrics, 1), answer(Capability::ReviewsRead, 9)];
    world.server.app.answers.keep(tenant, &answers).await.unwrap();
    world.clock.advance(TimeDelta::hours(2));

    let after = world.issue(&agency.key, &world.place(&agency.key).await.link()).await; // any later command
    let health = integration(&world, &agency, id, &after).await["health"].clone();
    assert_eq!(
        (&health["status"], &health["reason"]),
        (&json!("degraded"), &Value::Null)
    );
    let [reading, _, metrics] = &health["capabilities"].as_array().unwrap()[..] else {
        panic!("{health}")
    };
    assert_eq!(
        (&metrics["state"], &metrics["age_seconds"]),
        (&json!("permission_denied"), &json!(7200))
    );
    assert_eq!(metrics["guide"], "https://guide.example/managers");
    assert_eq!(
        (&reading["state"], &reading["last_answer_at"]),
        (&json!("unknown"), &Value::Null)
    );
}

/// A44: a new sign-in is needed once its access ended; and the past is told as it was.
#[tokio::test]
async fn an_integration_whose_access_ended_says_so() {
    let world = World::new().await;
    let (agency, id) = denied_metrics(&world).await;
    let id = &id;
    let after = world.issue(&agency.key, &world.place(&agency.key).await.link()).await; // any later command
    let before = text(&after.header("grantlink-position").unwrap().into());
    let (grant, reason) = (GrantId(Uuid::from_u128(9)), LossReason::ExpiredOrRevoked);
    world
        .finds(&agency, id, IntegrationCommand::Break { grant, reason })
        .await;
    let after = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
    let broken = integration(&world, &agency, id, &after).await;
    let badge = json!({"status": "needs_reconnect", "label": "Needs reconnect", "icon": "warning", "colour": "red",
        "usable": false});
    assert_eq!(broken["badge"], badge);
    assert_eq!(
        (&broken["health"]["status"], &broken["health"]["reason"]),
        (&json!("needs_reconnect"), &json!("expired_or_revoked"))
    );
    assert_eq!(broken["health"]["capabilities"][0]["state"], "needs_reconnect");
    let call = Call::get(&format!("/integrations/{}?as_of={before}", text(id))).key(&agency.key);
    assert_eq!(world.send(call).await.json(200)["health"]["status"], "degraded");
    for (health, found) in [("needs_reconnect", 1), ("degraded", 0)] {
        let call = Call::get(&format!("/integrations?health={health}"))
            .key(&agency.key)
            .after(&after);
        assert_eq!(
            world.send(call).await.json(200)["data"].as_array().unwrap().len(),
            found,
            "{health}"
        );
    }
    let asked = Call::new("POST", &format!("/api/agency/v1/integrations/{}/check", text(id))).key(&agency.key);
    assert_eq!(
        world.send(asked).await.json(200)["not_asked_because"],
        "needs_reconnect"
    );
}

/// Each check is several calls to a provider.
#[tokio::test]
async fn a_connection_is_checked_twice_a_minute_at_most() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let path = format!("/api/agency/v1/integrations/{}/check", text(&link["integration_id"]));
    for _ in 0..2 {
        let checked = world.send(Call::new("POST", &path).key(&agency.key)).await.json(200);
        assert_eq!(checked["not_asked_because"], "not_connected");
    }
    let refused = world.send(Call::new("POST", &path).key(&agency.key)).await;
    refused.problem(429, "/problems/checked-often");
}
