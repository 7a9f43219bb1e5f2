//! Reads of the past.

use chrono::{TimeDelta, Utc};
use domain::{Timestamp, ids::Mode};
use serde_json::json;

use super::{
    Agency, Call, World,
    world::{Place, every_scope, text},
};

fn rfc3339(at: Timestamp) -> String {
    at.with_timezone(&Utc).to_rfc3339().replace("+00:00", "Z")
}

/// A link that was issued, started and completed, an hour between the steps; when each was done, and the position after it.
struct Story {
    world: World,
    agency: Agency,
    place: Place,
    link: serde_json::Value,
    issued_at: Timestamp,
    issued: String,
    connected_at: Timestamp,
}

async fn story() -> Story {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    world.clock.advance(TimeDelta::hours(1));
    let issued_at = world.server.app.clock.now();
    let answer = world.issue(&agency.key, &place.link()).await;
    let link = answer.json(201);
    let issued = answer.position().to_owned();
    world.clock.advance(TimeDelta::hours(1));
    let connected_at = world.server.app.clock.now();
    world.connect(&agency, &link["id"]).await;
    world.clock.advance(TimeDelta::hours(1));
    Story {
        world,
        agency,
        place,
        link,
        issued_at,
        issued,
        connected_at,
    }
}

impl Story {
    async fn read(&self, path: &str, as_of: &str) -> serde_json::Value {
        let call = Call::get(&format!("{path}as_of={as_of}")).key(&self.agency.key);
        self.world.send(call).await.json(200)
    }

    async fn missing(&self, path: &str, as_of: &str) {
        let call = Call::get(&format!("{path}as_of={as_of}")).key(&self.agency.key);
        let answer = self.world.send(call).await;
        assert_eq!(answer.status.as_u16(), 404, "{}", answer.text());
    }
}

/// A41, B27-B29: between two events everything is as the first one left it, to the microsecond.
/// Mutant: with `recorded_at < as_of` this fails.
#[tokio::test]
async fn a_link_and_its_badge_are_as_they_were_at_any_moment() {
    let story = story().await;
    let link = format!("/links/{}?", text(&story.link["id"]));
    let integration = format!("/integrations/{}?", text(&story.link["integration_id"]));
    let microsecond = TimeDelta::microseconds(1);

    let before = rfc3339(story.issued_at - microsecond);
    story.missing(&link, &before).await;
    story.missing(&integration, &before).await;
    for (at, status, badge, usable) in [
        (story.issued_at, "pending", "pending", false),
        (story.connected_at - microsecond, "pending", "pending", false),
        (story.connected_at, "completed", "via_link", true),
    ] {
        let at = rfc3339(at);
        assert_eq!(story.read(&link, &at).await["status"], status, "{at}");
        let shown = story.read(&integration, &at).await;
        assert_eq!(shown["badge"]["status"], badge, "{at}");
        assert_eq!(
            (&shown["badge"]["usable"], shown["listing"].is_object()),
            (&json!(usable), usable)
        );
    }
    let by_position = story.read(&link, &story.issued).await;
    assert_eq!(by_position["status"], "pending");
    assert_eq!(
        story.read(&integration, &story.issued).await["connected_at"],
        json!(null)
    );
}

/// By the clock of that time: a link that has expired meanwhile was alive then, and one that nobody touched was dead then.
#[tokio::test]
async fn the_clock_of_the_past_decides_what_was_expired() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let expires_at: Timestamp = text(&link["expires_at"]).parse().unwrap();
    world.clock.advance(TimeDelta::days(30));
    for (at, status) in [(expires_at - TimeDelta::seconds(1), "pending"), (expires_at, "expired")] {
        let path = format!("/links/{}?as_of={}", text(&link["id"]), rfc3339(at));
        let shown = world.send(Call::get(&path).key(&agency.key)).await.json(200);
        assert_eq!(shown["status"], status);
    }
}

/// Lists of everybody, of a customer and of a location; A42.
#[tokio::test]
async fn lists_are_as_they_were() {
    let story = story().await;
    let before = rfc3339(story.issued_at - TimeDelta::microseconds(1));
    let between = rfc3339(story.issued_at);
    let (customer, location) = (&story.place.customer, &story.place.location);
    for filter in [
        String::new(),
        format!("customer_id={customer}&"),
        format!("location_id={location}&"),
    ] {
        for (at, found) in [(&before, 0), (&between, 1)] {
            let links = story.read(&format!("/links?{filter}status=pending&"), at).await;
            assert_eq!(links["data"].as_array().unwrap().len(), found, "{filter} {at}");
            let pending = story.read(&format!("/integrations?{filter}status=pending&"), at).await;
            assert_eq!(pending["data"].as_array().unwrap().len(), found, "{filter} {at}");
        }
        let today = rfc3339(story.world.server.app.clock.now());
        let links = story.read(&format!("/links?{filter}status=pending&"), &today).await;
        assert_eq!(links["data"], json!([]), "{filter}");
    }
}

#[tokio::test]
async fn a_customer_and_its_trail_are_as_they_were() {
    let story = story().await;
    let customer = format!("/customers/{}", story.place.customer);
    let add = Call::post(&format!("{customer}/locations")).key(&story.agency.key);
    story.world.send(add.json(&json!({"name": "Harbour"}))).await.json(201);
    let then = rfc3339(story.issued_at);
    let shown = story.read(&format!("{customer}?"), &then).await;
    assert_eq!(shown["locations"].as_array().unwrap().len(), 1);
    let trail = story.read(&format!("{customer}/audit?"), &then).await;
    let last = trail["data"].as_array().unwrap().last().unwrap();
    assert_eq!(last["type"], "integration.LinkRequested");
    story.missing(&format!("{customer}?"), "2026-11-21T09:00:00Z").await;
    story
        .missing(&format!("{customer}/audit?"), "2026-11-21T09:00:00Z")
        .await;
}

/// B55: what has not come yet, another tenant's position and nonsense are refused, each as a problem.
/// Mutant: with the tenant left out of the token this fails.
#[tokio::test]
async fn a_moment_that_cannot_be_is_refused() {
    let story = story().await;
    let world = &story.world;
    let stranger = world.agency("southwind").await;
    let foreign = world
        .issue(&stranger.key, &world.place(&stranger.key).await.link())
        .await;
    let test_key = world.key(&story.agency, Mode::Test, every_scope()).await;
    let soon = rfc3339(world.server.app.clock.now() + TimeDelta::microseconds(1));
    let paths = [
        "/links?".to_owned(),
        "/integrations?".to_owned(),
        format!("/links/{}?", text(&story.link["id"])),
        format!("/links/{}/audit?", text(&story.link["id"])),
        format!("/customers/{}?", story.place.customer),
    ];
    for path in paths {
        for moment in [
            soon.as_str(),
            foreign.position(),
            "yesterday",
            "",
            "7",
            "2026-13-01T00:00:00Z",
        ] {
            let call = Call::get(&format!("{path}as_of={moment}")).key(&story.agency.key);
            world.send(call).await.problem(400, "/problems/invalid-as-of");
        }
    }
    let of_live = Call::get(&format!("/links?as_of={}", story.issued)).key(&test_key);
    world.send(of_live).await.problem(400, "/problems/invalid-as-of");
}

/// B55: the past of another tenant is as missing as its present.
#[tokio::test]
async fn nobody_sees_anothers_past() {
    let story = story().await;
    let stranger = story.world.agency("southwind").await;
    let at = rfc3339(story.connected_at);
    for path in [
        format!("/links/{}?", text(&story.link["id"])),
        format!("/integrations/{}?", text(&story.link["integration_id"])),
        format!("/customers/{}?", story.place.customer),
        format!("/customers/{}/audit?", story.place.customer),
    ] {
        let answer = story
            .world
            .send(Call::get(&format!("{path}as_of={at}")).key(&stranger.key))
            .await;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    for list in ["/links?", "/integrations?"] {
        let filtered = format!("{list}customer_id={}&as_of={at}", story.place.customer);
        for path in [format!("{list}as_of={at}"), filtered] {
            let answer = story.world.send(Call::get(&path).key(&stranger.key)).await.json(200);
            assert_eq!(answer["data"], json!([]), "{path}");
        }
    }
}
