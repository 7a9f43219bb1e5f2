//! A link's audit trail.

use serde_json::{Value, json};

use super::{Call, World, world::text};

/// A25, A41, A42: every step of the token, oldest first, with who did it; another link's end is another link's story.
#[tokio::test]
async fn everything_that_happened_to_a_token_is_told() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let old = world.issue(&agency.key, &place.link()).await.json(201);
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let revoke = Call::post(&format!("/links/{}/revoke", text(&link["id"]))).key(&agency.key);
    let revoked = world.send(revoke).await;

    let types = async |link: &Value| {
        let call = Call::get(&format!("/links/{}/audit", text(&link["id"])))
            .key(&agency.key)
            .after(&revoked);
        let trail = world.send(call).await.json(200);
        assert_eq!(trail["next_cursor"], json!(null));
        trail["data"].as_array().unwrap().clone()
    };
    let told = types(&link).await;
    let kinds: Vec<_> = told.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "connect_link.Issued",
            "integration.LinkRequested",
            "connect_link.Revoked",
            "integration.LinkClosed"
        ]
    );
    let sentence =
        "API key 1 of Anna Berg (owner) issued a connect link for Google, valid until 28 November 2026, 10:00 UTC";
    assert_eq!(told[0]["text"], sentence);
    assert_eq!(told[0]["who"], "API key 1 of Anna Berg (owner)");
    assert!(text(&told[0]["actor"]).starts_with("api_key:1/"));
    assert!(told[0]["network"].is_string() && told[0]["on_behalf_of"].is_null());
    let superseded = types(&old).await;
    assert!(text(&superseded[2]["text"]).ends_with("issued a fresh link, which revoked this one"));
}

#[tokio::test]
async fn a_long_trail_comes_in_parts() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let revoke = Call::post(&format!("/links/{}/revoke", text(&link["id"]))).key(&agency.key);
    let revoked = world.send(revoke).await;
    let path = format!("/links/{}/audit", text(&link["id"]));
    let whole = world
        .send(Call::get(&path).key(&agency.key).after(&revoked))
        .await
        .json(200)["data"]
        .clone();

    let (mut parts, mut query) = (vec![], "?limit=1".to_owned());
    loop {
        let part = world
            .send(Call::get(&format!("{path}{query}")).key(&agency.key))
            .await
            .json(200);
        parts.extend(part["data"].as_array().unwrap().clone());
        let Some(cursor) = part["next_cursor"].as_str() else {
            break;
        };
        query = format!("?limit=1&cursor={cursor}");
    }
    assert_eq!(whole, Value::from(parts));
}
