//! Lists in pages.

use chrono::TimeDelta;
use serde_json::json;

use super::{Call, World, world::text};

/// Whatever is issued while somebody turns the pages, every link comes once.
#[tokio::test]
async fn pages_stay_as_they_are_while_links_are_issued() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (mut expected, mut last) = (vec![], None);
    for _ in 0..5 {
        let answer = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
        expected.insert(0, text(&answer.json(201)["id"]));
        last = Some(answer);
        world.clock.advance(TimeDelta::seconds(1));
    }
    let (mut seen, mut query) = (vec![], "?limit=2".to_owned());
    loop {
        let call = Call::get(&format!("/links{query}"))
            .key(&agency.key)
            .after(last.as_ref().unwrap());
        let page = world.send(call).await.json(200);
        let data = page["data"].as_array().unwrap();
        assert!((1..=2).contains(&data.len()));
        seen.extend(data.iter().map(|link| text(&link["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=2&cursor={cursor}");
        last = Some(world.issue(&agency.key, &world.place(&agency.key).await.link()).await);
    }
    assert_eq!(seen, expected);
}

/// Many links of one moment: the order within it is settled by their ids, so that no page border loses one.
/// Mutant: a cursor of the time alone fails this.
#[tokio::test]
async fn links_of_one_moment_come_each_once() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (mut issued, mut last) = (vec![], None);
    for _ in 0..4 {
        let answer = world.issue(&agency.key, &world.place(&agency.key).await.link()).await;
        issued.push(text(&answer.json(201)["id"]));
        last = Some(answer);
    }
    let (mut seen, mut query) = (vec![], "?limit=1".to_owned());
    loop {
        let call = Call::get(&format!("/links{query}"))
            .key(&agency.key)
            .after(last.as_ref().unwrap());
        let page = world.send(call).await.json(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|link| text(&link["id"])));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=1&cursor={cursor}");
    }
    seen.sort();
    issued.sort();
    assert_eq!(seen, issued);
}

/// A39, B59: a link is found by whom it is for and how it stands.
/// Mutant: with the status left out of the filter, this fails.
#[tokio::test]
async fn links_are_found_by_customer_location_provider_and_status() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let (one, other) = (world.place(&agency.key).await, world.place(&agency.key).await);
    let first = world.issue(&agency.key, &one.link()).await.json(201);
    let second = world.issue(&agency.key, &other.link()).await.json(201);
    let revoke = Call::post(&format!("/links/{}/revoke", text(&second["id"]))).key(&agency.key);
    let revoked = world.send(revoke).await;
    let found = async |query: String| {
        let call = Call::get(&format!("/links?{query}")).key(&agency.key).after(&revoked);
        let page = world.send(call).await.json(200);
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| link["id"].clone())
            .collect::<Vec<_>>()
    };
    let (first, second) = (first["id"].clone(), second["id"].clone());
    assert_eq!(
        found(format!("customer_id={}", one.customer)).await,
        vec![first.clone()]
    );
    assert_eq!(
        found(format!("location_id={}", other.location)).await,
        vec![second.clone()]
    );
    assert_eq!(found("status=pending".into()).await, vec![first]);
    assert_eq!(found("status=revoked&provider=google".into()).await, vec![second]);
    assert_eq!(found("provider=facebook".into()).await, Vec::<serde_json::Value>::new());
}

/// B55: a cursor is of no use to another tenant, in another list or with another filter, and none can be made up.
/// Mutant: without the filters in the name of a list, this fails.
#[tokio::test]
async fn a_cursor_that_was_altered_or_is_anothers_is_refused() {
    let world = World::new().await;
    let (agency, stranger) = (world.agency("northwind").await, world.agency("southwind").await);
    let mut last = None;
    for _ in 0..2 {
        last = Some(world.issue(&agency.key, &world.place(&agency.key).await.link()).await);
    }
    let call = Call::get("/links?limit=1")
        .key(&agency.key)
        .after(last.as_ref().unwrap());
    let cursor = text(&world.send(call).await.json(200)["next_cursor"]);
    let get = |cursor: &str, key: &str| Call::get(&format!("/links?cursor={cursor}")).key(key);
    world.send(get(&cursor, &agency.key)).await.json(200);
    world
        .send(get(&cursor, &stranger.key))
        .await
        .problem(400, "/problems/invalid-cursor");
    for other in [
        "/integrations?",
        "/jobs?",
        "/links?provider=google&",
        &format!("/links/{}/audit?", agency.id),
    ] {
        let call = Call::get(&format!("{other}cursor={cursor}")).key(&agency.key);
        world.send(call).await.problem(400, "/problems/invalid-cursor");
    }
    for place in (0..cursor.len()).step_by(7) {
        let mut altered = cursor.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        world
            .send(get(&altered, &agency.key))
            .await
            .problem(400, "/problems/invalid-cursor");
    }
    assert_eq!(json!(cursor.split('.').count()), 3);
}
