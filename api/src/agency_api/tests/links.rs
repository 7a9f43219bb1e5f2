//! The life of a link as its issuer sees it.

use chrono::TimeDelta;
use serde_json::json;

use super::{Call, World, world::text};

/// A3, A18, A39, A41, A55, B59: a link is issued, listed, read and taken back, and the log says so.
#[tokio::test]
async fn a_link_is_issued_read_and_revoked() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;

    let before = world.head().await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let link = issued.json(201);
    assert!(text(&link["url"]).starts_with("https://connect.northwind.example/c/"));
    assert_eq!(
        (link["status"].as_str(), &link["superseded_link_id"]),
        (Some("pending"), &json!(null))
    );
    assert_eq!(
        world.events_since(before).await,
        ["connect_link.Issued", "integration.LinkRequested"]
    );

    let path = format!("/links/{}", text(&link["id"]));
    let read = world
        .send(Call::get(&path).key(&agency.key).after(&issued))
        .await
        .json(200);
    assert_eq!((&read["id"], read["status"].as_str()), (&link["id"], Some("pending")));
    assert_eq!((&read["ended_at"], &read["notice"]), (&json!(null), &json!(null)));

    let before = world.head().await;
    let revoked = world.send(Call::post(&format!("{path}/revoke")).key(&agency.key)).await;
    let first = revoked.json(200);
    assert_eq!((&first["id"], first["status"].as_str()), (&link["id"], Some("revoked")));
    assert_eq!(
        world.events_since(before).await,
        ["connect_link.Revoked", "integration.LinkClosed"]
    );

    let read = world
        .send(Call::get(&path).key(&agency.key).after(&revoked))
        .await
        .json(200);
    assert_eq!(
        (read["status"].as_str(), &read["ended_at"]),
        (Some("revoked"), &first["ended_at"])
    );
    assert_eq!(read["revoke_reason"], "manual");
}

/// A39: revoking twice is no error, and the first date stands.
/// Mutant: when revoking a revoked link is refused, this fails.
#[tokio::test]
async fn a_link_that_is_revoked_twice_keeps_its_first_date() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let revoke = Call::post(&format!("/links/{}/revoke", text(&link["id"]))).key(&agency.key);

    let first = world.send(revoke.clone()).await.json(200);
    world.clock.advance(TimeDelta::hours(3));
    let before = world.head().await;
    let second = world.send(revoke).await.json(200);
    assert_eq!(first, second);
    assert!(world.events_since(before).await.is_empty());
}

/// A46, A56, B38: a fresh link ends the earlier one in the same commit, so there is never a second live one.
/// Mutant: when issuing does not revoke the earlier link, this fails.
#[tokio::test]
async fn a_fresh_link_takes_the_place_of_the_earlier_one() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let old = world.issue(&agency.key, &place.link()).await.json(201);

    let before = world.head().await;
    let answer = world.issue(&agency.key, &place.link()).await;
    let fresh = answer.json(201);
    assert_eq!(fresh["superseded_link_id"], old["id"]);
    assert_eq!(fresh["integration_id"], old["integration_id"]);
    assert_ne!(fresh["url"], old["url"]);
    assert_eq!(
        world.events_since(before).await,
        [
            "connect_link.Revoked",
            "connect_link.Issued",
            "integration.LinkRequested"
        ]
    );
    let path = format!("/links/{}", text(&old["id"]));
    let read = world
        .send(Call::get(&path).key(&agency.key).after(&answer))
        .await
        .json(200);
    assert_eq!(
        (read["status"].as_str(), read["revoke_reason"].as_str()),
        (Some("revoked"), Some("superseded"))
    );
}

/// A36, B34: seven days when nobody says otherwise; afterwards the exact reason and date, before any event says so.
/// Mutant: with the date left out of the notice, this fails.
#[tokio::test]
async fn an_expired_link_says_when_it_expired() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let answer = world.issue(&agency.key, &place.link()).await;
    let link = answer.json(201);
    let path = format!("/links/{}", text(&link["id"]));

    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let read = world
        .send(Call::get(&path).key(&agency.key).after(&answer))
        .await
        .json(200);
    assert_eq!(read["status"], "pending");
    world.clock.advance(TimeDelta::microseconds(1));
    let read = world.send(Call::get(&path).key(&agency.key)).await.json(200);
    assert_eq!(
        (read["status"].as_str(), &read["ended_at"]),
        (Some("expired"), &link["expires_at"])
    );
    let notice = "This connection link expired on 28 November 2026. Issue a fresh link to try again.";
    assert_eq!(read["notice"], notice);

    // A37: a command that meets it says the same, and records it.
    let before = world.head().await;
    let refused = world.send(Call::post(&format!("{path}/revoke")).key(&agency.key)).await;
    let problem = refused.problem(409, "/problems/link-ended");
    assert_eq!(
        (problem["ended"].as_str(), &problem["ended_at"]),
        (Some("expired"), &link["expires_at"])
    );
    assert_eq!(problem["detail"], notice);
    assert_eq!(
        world.events_since(before).await,
        ["connect_link.Expired", "integration.LinkClosed"]
    );
}

/// B31, A18: a live link is shown again, which is on record; an ended one never.
/// Mutant: when showing it is not observed, this fails.
#[tokio::test]
async fn a_live_link_is_shown_again_and_an_ended_one_is_not() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let path = format!("/links/{}", text(&link["id"]));
    let reveal = Call::post(&format!("{path}/reveal")).key(&agency.key);

    let before = world.head().await;
    assert_eq!(world.send(reveal.clone()).await.json(200), json!({"url": link["url"]}));
    assert_eq!(world.events_since(before).await, ["link_trail.Revealed"]);

    let revoked = world
        .send(Call::post(&format!("{path}/revoke")).key(&agency.key))
        .await
        .json(200);
    let before = world.head().await;
    let problem = world.send(reveal).await.problem(409, "/problems/link-ended");
    assert_eq!(
        (problem["ended"].as_str(), &problem["ended_at"]),
        (Some("revoked"), &revoked["ended_at"])
    );
    assert!(world.events_since(before).await.is_empty());
}

/// A31, A38: a used link cannot be revoked: it is told how it ended.
#[tokio::test]
async fn a_used_link_says_that_it_was_used() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    world.connect(&agency, &link["id"]).await;
    let revoke = Call::post(&format!("/links/{}/revoke", text(&link["id"]))).key(&agency.key);
    let problem = world.send(revoke).await.problem(409, "/problems/link-ended");
    assert_eq!(
        (problem["ended"].as_str(), problem["detail"].as_str()),
        (
            Some("completed"),
            Some("This connection link was used on 21 November 2026.")
        )
    );
}

/// B5: a preset of 48 hours, and an exact moment; beyond the bounds nothing is issued.
/// Mutant: when issuing leaves the asked life aside, this fails.
#[tokio::test]
async fn the_issuer_says_how_long_a_link_lives() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let asking = |member: &str, value: serde_json::Value| {
        let mut body = place.link();
        body[member] = value;
        body
    };
    let link = world
        .issue(&agency.key, &asking("expires_in_hours", json!(48)))
        .await
        .json(201);
    assert_eq!(link["expires_at"], "2026-11-23T10:00:00Z");
    let exact = asking("expires_at", json!("2026-12-01T13:30:00+01:00"));
    let link = world.issue(&agency.key, &exact).await.json(201);
    assert_eq!(link["expires_at"], "2026-12-01T12:30:00Z");

    let before = world.head().await;
    for (member, value) in [
        ("expires_in_hours", json!(0)),
        ("expires_in_hours", json!(90 * 24 + 1)),
        ("expires_at", json!("2026-11-21T10:04:59Z")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
    ] {
        let refused = world.issue(&agency.key, &asking(member, value)).await;
        refused.problem(422, "/problems/link-life-out-of-bounds");
    }
    let mut both = exact;
    both["expires_in_hours"] = json!(48);
    world
        .issue(&agency.key, &both)
        .await
        .problem(422, "/problems/invalid-body");
    assert!(world.events_since(before).await.is_empty());
}

/// A13, A34, A35: a link is for a provider that exists and a location of that customer, or it is not issued.
/// Mutant: without the look whether the customer has the location, this fails.
#[tokio::test]
async fn a_link_is_for_one_known_location_and_one_known_provider() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (one, other) = (world.place(&agency.key).await, world.place(&agency.key).await);
    let before = world.head().await;
    let mut body = one.link();
    body["location_id"] = json!(other.location);
    world
        .issue(&agency.key, &body)
        .await
        .problem(404, "/problems/location-not-found");
    body = one.link();
    body["provider"] = json!("facebook");
    world
        .issue(&agency.key, &body)
        .await
        .problem(422, "/problems/provider-unknown");
    body = one.link();
    body["customer_id"] = json!(world.new_id());
    world
        .issue(&agency.key, &body)
        .await
        .problem(404, "/problems/customer-not-found");
    assert!(world.events_since(before).await.is_empty());
}
