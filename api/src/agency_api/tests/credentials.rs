//! The access tokens of connections.

use chrono::TimeDelta;
use domain::grant::LossReason;
use serde_json::{Value, json};

use super::{
    Agency, Answer, Call, World,
    provider::UNKNOWN,
    world::{TODAY, text},
};

/// A connection of an agency, with credentials whose access token ends so much later.
async fn connected(life: Option<TimeDelta>) -> (World, Agency, Value) {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    world.connect(&agency, &link["id"]).await;
    world.gives_credentials(&agency, &link, life).await;
    (world, agency, link)
}

async fn read(world: &World, agency: &Agency, link: &Value, purpose: &str) -> Answer {
    let path = format!(
        "/integrations/{}/credentials?purpose={purpose}",
        text(&link["integration_id"])
    );
    world.send(Call::get(&path).key(&agency.key)).await
}

/// B55: an access token and never the refresh token; a reader's first read of a day is an event, every read counts.
#[tokio::test]
async fn whoever_reads_credentials_is_written_down() {
    let (world, agency, link) = connected(Some(TimeDelta::hours(30))).await;
    let before = world.head().await;
    let answer = read(&world, &agency, &link, "review-sync").await;
    let given = answer.json(200);
    let expected = json!({"access_token": "ya29.access", "token_type": "Bearer", "scopes": ["openid"], "generation": 1,
        "expires_at": given["expires_at"]});
    assert_eq!(given, expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(!answer.text().contains("1//refresh"));
    assert_eq!(world.events_since(before).await, ["integration_trail.CredentialRead"]);

    read(&world, &agency, &link, "review-sync").await.json(200);
    read(&world, &agency, &link, "metrics").await.json(200);
    assert_eq!(world.events_since(before).await.len(), 1);
    world.clock.advance(TimeDelta::days(1));
    read(&world, &agency, &link, "review-sync").await.json(200);
    assert_eq!(world.events_since(before).await.len(), 2);

    let path = format!("/integrations/{}/credential-reads", text(&link["integration_id"]));
    let reads = world.send(Call::get(&path).key(&agency.key)).await.json(200);
    let counted = |day: &str, purpose: &str| {
        let mut all = reads["data"].as_array().unwrap().iter();
        let found = all.find(|read| read["day"] == day && read["purpose"] == purpose);
        found.map(|read| {
            (
                read["reads"].as_u64().unwrap(),
                read["reader"].as_str().unwrap().starts_with("api_key:1/"),
            )
        })
    };
    assert_eq!(counted(TODAY, "review-sync"), Some((2, true)));
    assert_eq!(counted(TODAY, "metrics"), Some((1, true)));
    assert_eq!(counted("2026-11-22", "review-sync"), Some((1, true)));

    let (mut paged, mut query) = (vec![], "?limit=1".to_owned());
    while paged.len() <= 3 {
        let page = world
            .send(Call::get(&format!("{path}{query}")).key(&agency.key))
            .await
            .json(200);
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=1&cursor={cursor}");
    }
    assert_eq!(
        &paged,
        reads["data"].as_array().unwrap(),
        "two of one moment, each once"
    );

    let path = format!("/integrations/{}/audit", text(&link["integration_id"]));
    let position = read(&world, &agency, &link, "later").await;
    assert!(position.status.is_success());
    let timeline = world.send(Call::get(&path).key(&agency.key)).await;
    assert!(timeline.status.is_success() && !timeline.text().contains("ya29."));
}

/// Who does not say what for, or says it in more than a plain word, gets nothing.
#[tokio::test]
async fn a_purpose_is_a_plain_word() {
    let (world, agency, link) = connected(None).await;
    let before = world.head().await;
    for purpose in ["", "%20", "%00", "a%0Ab", "%3Cb%3E", "%C3%BC", &"x".repeat(101)] {
        read(&world, &agency, &link, purpose)
            .await
            .problem(400, "/problems/invalid-query");
    }
    let path = format!("/integrations/{}/credentials", text(&link["integration_id"]));
    let missing = world.send(Call::get(&path).key(&agency.key)).await;
    missing.problem(400, "/problems/invalid-query");
    assert!(world.events_since(before).await.is_empty());
    // A token without an end is good for ever, as far as anybody knows.
    assert_eq!(
        read(&world, &agency, &link, &"x".repeat(100)).await.json(200)["expires_at"],
        Value::Null
    );
}

#[tokio::test]
async fn what_is_not_connected_has_no_credentials() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    read(&world, &agency, &link, "sync")
        .await
        .problem(409, "/problems/not-connected");
}

/// B46, A44: what is lost says why, and nothing of it is given out.
#[tokio::test]
async fn lost_credentials_are_not_given_out() {
    let (world, agency, link) = connected(Some(TimeDelta::hours(1))).await;
    world.loses_credentials(&agency, LossReason::SessionControl).await;
    let before = world.head().await;
    let refused = read(&world, &agency, &link, "sync").await;
    let problem = refused.problem(409, "/problems/needs-reconnect");
    assert_eq!(problem["reason"], "session_control");
    assert!(world.events_since(before).await.is_empty());
}

/// The provider is away: the last moments of a token are given out, and then nothing, with a word on when to come back. The
/// connection is not lost by that.
#[tokio::test]
async fn a_provider_that_is_away_loses_nothing() {
    let (world, agency, link) = connected(Some(TimeDelta::minutes(2))).await;
    let before = world.head().await;
    assert_eq!(
        read(&world, &agency, &link, "sync").await.json(200)["access_token"],
        "ya29.access"
    );
    assert_eq!(
        world.events_since(before).await,
        ["grant.RefreshFailed", "integration_trail.CredentialRead"]
    );
    world.clock.advance(TimeDelta::minutes(2));
    for _ in 0..3 {
        let refused = read(&world, &agency, &link, "sync").await;
        refused.problem(503, "/problems/credentials-away");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // It is told once, and asked for again.
    assert_eq!(world.events_since(before).await.len(), 2);
    let due = world
        .server
        .app
        .refreshes
        .figures(world.server.app.clock.now())
        .await
        .unwrap();
    assert_eq!(due.failing.len(), 1);
}

async fn replace(world: &World, agency: &Agency, link: &Value, body: &Value) -> Answer {
    let path = format!("/integrations/{}/credentials", text(&link["integration_id"]));
    world.send(Call::put(&path).key(&agency.key).json(body)).await
}

/// B46, B50-B52: what the provider does not take is neither kept nor told, and what stood goes on; another account takes the
/// connected one's place only where that is asked for.
///
/// Mutant: when the provider is not asked about them first, this fails.
#[tokio::test]
async fn credentials_are_replaced_once_the_provider_took_them() {
    let (world, agency, link) = connected(Some(TimeDelta::hours(9))).await;
    let before = world.head().await;
    for (body, status, problem) in [
        (
            json!({"access_token": "ya29.bad"}),
            422,
            "/problems/credentials-refused",
        ),
        (
            json!({"access_token": "ya29.good", "refresh_token": "1//dead", "replace_account": true}),
            422,
            "/problems/credentials-refused",
        ),
        (
            json!({"access_token": "ya29.good", "refresh_token": "1//away", "replace_account": true}),
            503,
            "/problems/provider-unavailable",
        ),
        (
            json!({"access_token": "ya29.good", "listing_id": "locations/9"}),
            409,
            "/problems/listing-not-pickable",
        ),
        (json!({"access_token": "ya29.good"}), 409, "/problems/another-account"),
        (json!({"access_token": UNKNOWN}), 422, "/problems/scopes-unknown"),
        (json!({"refresh_token": "1//good"}), 422, "/problems/invalid-body"),
        (json!({"access_token": "a token"}), 422, "/problems/invalid-body"),
    ] {
        let refused = replace(&world, &agency, &link, &body).await;
        refused.problem(status, problem);
        assert!(!refused.text().contains("ya29."), "{}", refused.text());
    }
    assert!(world.events_since(before).await.is_empty());
    assert_eq!(
        read(&world, &agency, &link, "sync").await.json(200)["access_token"],
        "ya29.access"
    );

    let before = world.head().await;
    let body = json!({"access_token": "ya29.old", "refresh_token": "1//good", "replace_account": true});
    let set = replace(&world, &agency, &link, &body).await;
    assert_eq!(set.json(200)["listing_id"], "locations/7");
    assert!(!set.text().contains("ya29.") && !set.text().contains("1//"));
    let told = world.events_since(before).await;
    assert!(told.contains(&"integration.Reconnected".to_owned()), "{told:?}");
    assert_eq!(
        read(&world, &agency, &link, "sync").await.json(200)["access_token"],
        "ya29.good"
    );

    // The same account needs no such word, and another one does.
    let same = json!({"access_token": "ya29.good"});
    assert_eq!(replace(&world, &agency, &link, &same).await.json(200)["generation"], 2);
    let other = json!({"access_token": "ya29.other"});
    replace(&world, &agency, &link, &other)
        .await
        .problem(409, "/problems/another-account");
    for row in world.server.app.log.page(domain::log::Position(0), 1000).await.unwrap() {
        assert!(!row.payload.contains("ya29.") && !row.payload.contains("1//"));
    }
}
