//! Whatever a client sends, it is told what was wrong, in one form, and nothing is recorded.

use axum::{Router, routing::get};
use serde_json::json;

use super::{Agency, Answer, Call, World, document::routes, world::Place};
use crate::agency_api::surrounded;

async fn world() -> (World, Agency, Place) {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    (world, agency, place)
}

/// Every route that takes a body × bodies that are none.
#[tokio::test]
async fn a_body_that_is_no_good_is_a_problem_on_every_route() {
    let (world, agency, place) = world().await;
    let deep = "[".repeat(100_000);
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(300_000));
    let json = "application/json";
    let bodies = [
        (400, "malformed-body", json, "{"),
        (400, "malformed-body", json, "\u{0}"),
        (400, "malformed-body", json, "\u{feff}{}"),
        (400, "malformed-body", json, &deep),
        (422, "invalid-body", json, "[]"),
        (422, "invalid-body", json, r#"["x"]"#),
        (422, "invalid-body", json, "null"),
        (422, "invalid-body", json, "7"),
        (422, "invalid-body", json, r#"{"no_such_field": 1}"#),
        (413, "body-too-large", json, &huge),
        (415, "unsupported-media-type", "text/plain", "{}"),
        (
            415,
            "unsupported-media-type",
            "application/x-www-form-urlencoded",
            "a=b",
        ),
    ];
    let before = world.head().await;
    for route in routes().into_iter().filter(|route| route.method != "GET") {
        let path = route
            .path
            .replace("{id}", &place.customer)
            .replace("{provider}", "google");
        for (status, code, kind, body) in &bodies {
            let call = Call::new(&route.method, &path)
                .key(&agency.key)
                .text(body)
                .header("Content-Type", kind);
            world.send(call).await.problem(*status, &format!("/problems/{code}"));
        }
    }
    assert!(world.events_since(before).await.is_empty());
}

#[tokio::test]
async fn a_field_that_is_no_good_is_named() {
    let (world, agency, place) = world().await;
    let many: Vec<_> = (0..51).map(|_| json!({"name": "x"})).collect();
    let long = "x".repeat(201);
    let customers = [
        (json!({}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": long}), "name"),
        (json!({"name": "two\nlines"}), "name"),
        (json!({"name": "x", "email": "nobody"}), "email"),
        (json!({"name": "x", "email": "<a@b.example>"}), "email"),
        (json!({"name": "\u{200b}"}), "name"),
        (json!({"name": "Caf\u{202e}e"}), "name"),
        (json!({"name": "x", "source_allowance": -1}), "source_allowance"),
        (json!({"name": "x", "source_allowance": 1.5}), "source_allowance"),
        (json!({"name": "x", "locations": [{"name": ""}]}), "locations[0].name"),
        (json!({"name": "x", "locations": [{"nam": "x"}]}), "locations[0]"),
        (json!({"name": "x", "locations": many}), "locations"),
        (json!({"name": "x", "id": world.new_id()}), "id"),
    ];
    let before = world.head().await;
    for (body, field) in customers {
        named(
            &world.send(Call::post("/customers").key(&agency.key).json(&body)).await,
            field,
        );
    }
    let links = [
        ("customer_id", json!("7")),
        ("location_id", json!(null)),
        ("provider", json!("Google!")),
        ("name", json!("")),
        ("expires_in_hours", json!(-1)),
        ("expires_in_hours", json!("48")),
        ("expires_at", json!("tomorrow")),
        ("replace_account", json!("yes")),
        ("token", json!("chosen by the caller")),
        ("tenant", json!(agency.id)),
    ];
    for (field, value) in links {
        let mut body = place.link();
        body[field] = value;
        named(&world.issue(&agency.key, &body).await, field);
    }
    assert!(world.events_since(before).await.is_empty());
}

/// What mail will never use is refused when it is set, not when the first mail fails.
#[tokio::test]
async fn a_mail_server_that_will_never_be_asked_is_named() {
    let (world, agency, _) = world().await;
    let before = world.head().await;
    let mail = [
        ("host", json!("10.0.0.1")),
        ("host", json!("localhost")),
        ("host", json!("[::1]")),
        ("port", json!(8080)),
        ("port", json!(0)),
        ("username", json!("")),
        ("password", json!("")),
        ("password", json!("x".repeat(1025))),
        ("from", json!("<us@agency.example>")),
        ("security", json!("ssl")),
    ];
    for (field, value) in mail {
        let mut body = json!({"host": "smtp.agency.example", "port": 465, "from": "us@agency.example",
            "username": "us", "password": "secret"});
        body[field] = value;
        named(
            &world
                .send(Call::new("PUT", "/api/agency/v1/mail").key(&agency.key).json(&body))
                .await,
            field,
        );
    }
    assert!(world.events_since(before).await.is_empty());
}

#[track_caller]
fn named(refused: &Answer, field: &str) {
    let problem = refused.problem(422, "/problems/invalid-body");
    assert!(
        problem["detail"].as_str().unwrap().contains(field),
        "{field}: {problem}"
    );
}

#[tokio::test]
async fn an_id_or_a_query_that_is_no_good_is_a_problem() {
    let (world, agency, _) = world().await;
    for route in routes().into_iter().filter(|route| route.path.contains("{id}")) {
        for id in ["7", "%00", "..%2f..", "ä", &"x".repeat(3000)] {
            let path = route.path.replace("{id}", id);
            let call = Call::new(&route.method, &path.replace('ä', "%C3%A4")).key(&agency.key);
            world.send(call).await.problem(400, "/problems/invalid-path");
        }
    }
    let queries = [
        ("limit=0", "invalid-query"),
        ("limit=201", "invalid-query"),
        ("limit=-1", "invalid-query"),
        ("limit=ten", "invalid-query"),
        ("status=live", "invalid-query"),
        ("provider=GOOGLE", "invalid-query"),
        ("customer_id=7", "invalid-query"),
        ("no_such=1", "invalid-query"),
        ("limit=1&limit=2", "invalid-query"),
        ("cursor=", "invalid-cursor"),
        ("cursor=7", "invalid-cursor"),
        ("cursor=a.b.c", "invalid-cursor"),
        ("cursor=%FF", "invalid-query"),
    ];
    for (query, code) in queries {
        for path in ["/links", "/integrations"] {
            let refused = world.send(Call::get(&format!("{path}?{query}")).key(&agency.key)).await;
            let problem = refused.some_problem();
            assert_eq!(problem["status"], 400, "{path}?{query}: {problem}");
            if code != "invalid-query" || !query.contains("%FF") {
                assert_eq!(
                    problem["type"],
                    format!("/problems/{code}"),
                    "{path}?{query}: {problem}"
                );
            }
        }
    }
}

/// What is misspelt is told, also where nothing can be asked for. Mutant: without the extractor on one route, this fails.
#[tokio::test]
async fn a_query_parameter_that_no_route_knows_is_a_problem_on_every_route_that_reads() {
    let (world, agency, place) = world().await;
    for route in routes().into_iter().filter(|route| route.method == "GET") {
        let path = route
            .path
            .replace("{id}", &place.customer)
            .replace("{provider}", "google");
        let call = Call::new("GET", &format!("{path}?no_such=1")).key(&agency.key);
        let problem = world.send(call).await.problem(400, "/problems/invalid-query");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("`no_such`"), "{path}: {detail}");
    }
}

#[tokio::test]
async fn a_path_or_a_method_that_is_not_there_is_a_problem() {
    let (world, agency, place) = world().await;
    for path in [
        "/",
        "/api",
        "/api/agency/v1",
        "/api/agency/v2/links",
        "/api/agency/v1/nothing",
        "/api/agency/v1/links/",
    ] {
        world
            .send(Call::new("GET", path).key(&agency.key))
            .await
            .problem(404, "/problems/route-not-found");
    }
    let refused = world
        .send(Call::new(
            "DELETE",
            &format!("/api/agency/v1/customers/{}", place.customer),
        ))
        .await;
    refused.problem(405, "/problems/method-not-allowed");
    assert_eq!(refused.header("allow"), Some("GET,HEAD,PATCH"));
    let refused = world.send(Call::new("PATCH", "/api/agency/v1/links")).await;
    refused.problem(405, "/problems/method-not-allowed");
    assert_eq!(refused.header("allow"), Some("POST,GET,HEAD"));
}

/// Not even a defect of ours gives anything away.
#[tokio::test]
async fn a_handler_that_panics_is_a_problem() {
    let mut world = World::new().await;
    let defect = || async {
        assert!(world_is_flat(), "a secret cause");
    };
    world.router = surrounded(Router::new().route("/defect", get(defect)), world.server.clone());
    let refused = world.send(Call::new("GET", "/defect")).await;
    refused.problem(500, "/problems/internal");
    assert!(!refused.text().contains("secret"));
}

fn world_is_flat() -> bool {
    false
}

/// A call keeps the id that its caller gave it, where it is one; else it gets one.
#[tokio::test]
async fn a_call_is_followed_by_its_id() {
    let (world, agency, _) = world().await;
    let id = "0190b3a5-6f0f-7c3d-9a4b-0123456789ab";
    let before = world.head().await;
    let body = json!({"name": "Trattoria Roma"});
    let call = Call::post("/customers")
        .key(&agency.key)
        .json(&body)
        .header("X-Request-Id", id);
    let answer = world.send(call).await;
    assert_eq!(answer.header("x-request-id"), Some(id));
    assert!(
        world
            .recorded_since(before)
            .await
            .iter()
            .all(|row| row.metadata.contains(id))
    );
    for bad in ["7", "<script>", ""] {
        let answer = world
            .send(Call::get("/providers").key(&agency.key).header("X-Request-Id", bad))
            .await;
        let given: uuid::Uuid = answer.header("x-request-id").unwrap().parse().unwrap();
        assert_eq!(given.get_version_num(), 7);
    }
}
