//! Timelines of customers, locations, members and integrations, as JSON and as files.

use serde_json::Value;

use super::{Answer, Call, World, world::text};

/// A42: what happened is told from whomever it concerns, with what places are called.
/// Mutant: with what an event adds left out of the index, the location's story lacks its beginning and this fails.
#[tokio::test]
async fn a_story_is_told_from_the_customer_the_location_the_member_and_the_integration() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let link = issued.json(201);
    world.connect(&agency, &link["id"]).await;
    let last = world.issue(&agency.key, &place.link()).await;

    let told = async |path: String| {
        let answer = world
            .send(Call::get(&path).key(&agency.key).after(&last))
            .await
            .json(200);
        answer["data"].as_array().unwrap().clone()
    };
    let customer = told(format!("/customers/{}/audit", place.customer)).await;
    assert_eq!(
        customer[0]["text"],
        "API key 1 of Anna Berg (owner) created the customer Trattoria Roma"
    );
    let picked = customer
        .iter()
        .find(|entry| entry["type"] == "connect_link.Completed")
        .unwrap();
    assert_eq!(picked["text"], "The customer picked a listing; the link is used up");
    assert_eq!(
        (&picked["customer"], &picked["location"]),
        (&"Trattoria Roma".into(), &"Old Town".into())
    );
    assert_eq!(picked["link_id"], link["id"]);
    let signed_in = customer
        .iter()
        .find(|entry| entry["type"] == "connect_link.Authorized")
        .unwrap();
    assert_eq!(signed_in["text"], "The customer signed in at Google and granted access");

    let location = told(format!("/locations/{}/audit", place.location)).await;
    assert_eq!(location.len(), customer.len() - 1, "all but the customer's creation");
    let integration = told(format!("/integrations/{}/audit", text(&link["integration_id"]))).await;
    assert!(integration.iter().any(|entry| entry["type"] == "integration.Connected"));
    let member = told(format!("/members/{}/audit", place.member)).await;
    assert_eq!(member[0]["text"], "The operator added Anna Berg as owner");
    assert!(
        member
            .iter()
            .skip(2)
            .all(|entry| text(&entry["who"]).contains("Anna Berg"))
    );
    assert!(member.iter().any(|entry| entry["type"] == "connect_link.Issued"));
}

async fn file(world: &World, path: &str, accept: &str, key: &str) -> Answer {
    let call = Call::get(path).key(key).header("Accept", accept);
    let answer = world.send(call).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    answer
}

/// What a customer is called comes from outside, and stands in a spreadsheet one day: it must stay a text.
/// Mutant: without `harmless` this fails.
#[tokio::test]
async fn a_timeline_is_a_file_too_and_no_name_in_it_is_a_formula() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let body = serde_json::json!({"name": "=HYPERLINK(\"http://evil.example\")", "locations": [{"name": "Old, Town"}]});
    let created = world.send(Call::post("/customers").key(&agency.key).json(&body)).await;
    let path = format!("/customers/{}/audit", text(&created.json(201)["id"]));
    world
        .send(Call::get(&path).key(&agency.key).after(&created))
        .await
        .json(200);

    let csv = file(&world, &path, "text/csv", &agency.key).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = csv.text();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("at,text,who,on_behalf_of,customer,location,type,"));
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].contains(",\"'=HYPERLINK(\"\"http://evil.example\"\")\","),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains("\"Old, Town\""));

    let ndjson = file(&world, &format!("{path}?format=ndjson"), "text/csv", &agency.key).await;
    let entries: Vec<Value> = ndjson
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let whole = world.send(Call::get(&path).key(&agency.key)).await.json(200);
    assert_eq!(whole["data"], Value::from(entries));
    let wrong = world
        .send(Call::get(&format!("{path}?format=xlsx")).key(&agency.key))
        .await;
    wrong.problem(400, "/problems/invalid-query");
}

#[tokio::test]
async fn a_long_file_comes_in_parts() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let path = format!("/customers/{}/audit?format=ndjson", place.customer);
    world.send(Call::get(&path).key(&agency.key).after(&issued)).await;
    let whole = file(&world, &path, "*/*", &agency.key).await.text();
    let (mut parts, mut query) = (String::new(), String::new());
    loop {
        let part = file(&world, &format!("{path}&limit=1{query}"), "*/*", &agency.key).await;
        parts += &part.text();
        let Some(cursor) = part.header("grantlink-next-cursor") else {
            break;
        };
        query = format!("&cursor={cursor}");
    }
    assert_eq!(parts, whole);
    assert!(whole.lines().count() > 2);
}
