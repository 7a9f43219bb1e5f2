//! Reading one's own writes.

use domain::ids::{Mode, TenantId};

use super::{Call, World, world::text};

/// A read that hands a command's position back shows what it did. Mutant: without the wait for the view this fails.
#[tokio::test]
async fn what_was_written_is_read_at_once() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    for _ in 0..10 {
        let answer = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
        let path = format!("/links/{}", text(&answer.json(201)["id"]));
        world
            .send(Call::get(&path).key(&agency.key).after(&answer))
            .await
            .json(200);
    }
}

/// Better no answer than an old one. Mutant: without the wait for the view this fails.
#[tokio::test]
async fn a_view_that_stands_still_says_try_again() {
    let (world, _) = World::without_runners().await;
    let agency = world.agency("northwind").await;
    let answer = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
    let refused = world.send(Call::get("/links").key(&agency.key).after(&answer)).await;
    refused.problem(503, "/problems/not-yet-visible");
    assert_eq!(refused.header("retry-after"), Some("1"));
}

/// B55: a position is opaque, and of no use to another tenant, not even to the same agency's test world.
/// Mutant: without the check against the log's head this fails.
#[tokio::test]
async fn a_position_that_was_altered_is_anothers_or_is_ahead_is_refused() {
    let world = World::new().await;
    let (agency, stranger) = (world.agency("northwind").await, world.agency("southwind").await);
    let test_key = world.key(&agency, Mode::Test, super::world::every_scope()).await;
    let answer = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
    let token = answer.position().to_owned();
    let get = |token: &str, key: &str| Call::get("/links").key(key).header("Grantlink-Min-Position", token);
    world.send(get(&token, &agency.key)).await.json(200);
    let tenant = TenantId::of(agency.id, Mode::Live);
    let ahead = world.server.app.cipher.seal_number(tenant, world.head().await.0 + 1);
    let refused = [
        (token.as_str(), &stranger.key),
        (&token, &test_key),
        (&token[1..], &agency.key),
        ("7", &agency.key),
        ("", &agency.key),
        (&ahead, &agency.key),
    ];
    for (token, key) in refused {
        world
            .send(get(token, key))
            .await
            .problem(400, "/problems/invalid-position");
    }
}
