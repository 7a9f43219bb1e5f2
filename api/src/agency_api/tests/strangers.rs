//! Nobody sees or touches what is not theirs.

use std::collections::BTreeSet;

use domain::ids::Mode;
use serde_json::{Value, json};

use super::{
    Call, World,
    document::{Route, routes},
    world::{Place, TODAY, every_scope, text},
};

/// The id that a route asks for.
fn id_in(route: &Route, place: &Place, link: &Value) -> String {
    if route.path.contains("/customers/{id}") {
        place.customer.clone()
    } else if route.path.contains("/locations/{id}") {
        place.location.clone()
    } else if route.path.contains("/jobs/{id}") {
        place.job.clone()
    } else if route.path.contains("/members/{id}") {
        place.member.clone()
    } else if route.path.contains("/integrations/{id}") {
        text(&link["integration_id"])
    } else {
        text(&link["id"])
    }
}

/// A good call of a route, with the ids of a place and its link in it. A new route needs an arm here, or the tests that walk
/// over all routes fail.
pub(super) fn call_of(route: &Route, place: &Place, link: &Value, key: &str) -> Call {
    let id = id_in(route, place, link);
    let path = route.path.replace("{id}", &id).replace("{provider}", "google");
    let call = Call::new(&route.method, &path).key(key);
    let at = format!("{} {}", route.method, route.path.trim_start_matches("/api/agency/v1"));
    match at.as_str() {
        "POST /customers" => call.json(&json!({"name": "Trattoria Roma"})),
        "POST /customers/{id}/erase" => call.json(&json!({"confirm": place.customer})),
        "POST /customers/{id}/locations" => call.json(&json!({"name": "Harbour"})),
        "PUT /customers/{id}/plan" => call.json(&json!({"source_allowance": 3})),
        "PATCH /customers/{id}" => call.json(&json!({"language": "de"})),
        "POST /links" => call.json(&place.link()),
        "POST /links/batch" => {
            let link = json!({"location_id": place.location, "provider": "google"});
            call.json(&json!({"customer_id": place.customer, "links": [link]}))
        }
        "POST /integrations" => call.json(&json!({
            "customer_id": place.customer, "location_id": place.location, "provider": "google",
        })),
        "PUT /providers/{provider}/app" => call.json(&json!({"client_id": "ours", "client_secret": "s3cret"})),
        "PUT /mail" => call.json(&json!({"host": "smtp.agency.example", "port": 465, "from": "us@agency.example"})),
        "PUT /mail/habits" => call.json(&json!({"reminders": null, "receipt": true, "requester_receipt": false})),
        "GET /reports/access" => Call::get(&format!("/reports/access?date={TODAY}")).key(key),
        "GET /reports/days" => Call::get(&format!("/reports/days?from={TODAY}&to={TODAY}")).key(key),
        "PUT /integrations/{id}/credentials" => {
            let body = json!({"access_token": "ya29.old", "refresh_token": "1//good", "replace_account": true});
            call.json(&body)
        }
        "GET /integrations/{id}/credentials" => {
            Call::get(&format!("/integrations/{id}/credentials?purpose=review-sync")).key(key)
        }
        "GET /customers/{id}"
        | "GET /customers/{id}/audit"
        | "GET /events"
        | "GET /integrations"
        | "GET /integrations/{id}"
        | "DELETE /integrations/{id}"
        | "POST /integrations/{id}/disconnect"
        | "GET /integrations/{id}/audit"
        | "GET /integrations/{id}/credential-reads"
        | "GET /locations/{id}/audit"
        | "GET /members/{id}/audit"
        | "GET /jobs"
        | "GET /jobs/{id}"
        | "POST /integrations/{id}/check"
        | "POST /jobs/{id}/retry"
        | "GET /links"
        | "GET /links/{id}"
        | "GET /links/{id}/audit"
        | "GET /providers"
        | "GET /providers/{provider}/app"
        | "DELETE /providers/{provider}/app"
        | "GET /mail"
        | "DELETE /mail"
        | "POST /mail/test"
        | "POST /links/{id}/send"
        | "POST /links/{id}/reveal"
        | "POST /links/{id}/revoke" => call,
        _ => panic!("no call is known for {at}"),
    }
}

/// B55: no key, garbage, another scheme, a revoked key: no route does anything, and none says more than that a key is needed.
/// Mutant: a handler without `Authenticated` fails this.
#[tokio::test]
async fn no_route_opens_without_a_key_that_opens() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let link = world.issue(&agency.key, &place.link()).await.json(201);
    let revoked = world.revoked_key(&agency).await;
    let other_secret = world.agency("southwind").await.key.replace("glk_live_", "glk_test_");
    let shortened = &agency.key[..agency.key.len() - 1];
    let before = world.head().await;
    let mut answers = BTreeSet::new();
    for route in routes() {
        for key in ["", "garbage", "glk_live_x_1_y_z", shortened, &other_secret, &revoked] {
            let refused = world.send(call_of(&route, &place, &link, key)).await;
            refused.problem(401, "/problems/unauthenticated");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
            answers.insert(refused.without_request_id());
        }
        let path = route.path.replace("{id}", &text(&link["id"]));
        let nobody = world.send(Call::new(&route.method, &path)).await;
        let basic = Call::new(&route.method, &path).header("Authorization", &format!("Basic {}", agency.key));
        for refused in [nobody, world.send(basic).await] {
            refused.problem(401, "/problems/unauthenticated");
            answers.insert(refused.without_request_id());
        }
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(world.events_since(before).await.is_empty());
}

/// A customer and all that hangs on it, none of which ever was.
fn nowhere(world: &World) -> Place {
    Place {
        customer: world.new_id().to_string(),
        location: world.new_id().to_string(),
        member: world.new_id().to_string(),
        job: world.new_id().to_string(),
    }
}

/// B55: what belongs to another tenant is as missing as what never was, byte for byte; the same agency's test world is another
/// tenant too. Mutant: a read that leaves out the tenant fails this.
#[tokio::test]
async fn another_tenants_things_are_as_missing_as_what_never_was() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issued = world.issue(&agency.key, &place.link()).await;
    let link = issued.json(201);
    world
        .send(Call::get("/links").key(&agency.key).after(&issued))
        .await
        .json(200); // the views are there
    let strangers = [
        world.agency("southwind").await.key,
        world.key(&agency, Mode::Test, every_scope()).await,
    ];
    let nowhere = nowhere(&world);
    let never = json!({"id": world.new_id(), "integration_id": world.new_id()});
    let before = world.head().await;
    for (route, key) in routes()
        .iter()
        .flat_map(|route| strangers.iter().map(move |key| (route, key)))
    {
        let at = format!("{} {}", route.method, route.path);
        let answer = world.send(call_of(route, &place, &link, key)).await;
        let is_colleague = route.path.contains("/members/") && *key == strangers[1]; // of the same agency
        let names_something = !is_colleague
            && (route.path.contains("{id}")
                || at.starts_with("POST /api/agency/v1/links")
                || at == "POST /api/agency/v1/integrations");
        if names_something {
            let missing = world.send(call_of(route, &nowhere, &never, key)).await;
            assert_eq!(answer.status.as_u16(), 404, "{at}: {}", answer.text());
            assert_eq!(answer.without_request_id(), missing.without_request_id(), "{at}");
        } else {
            let ids = [
                &place.customer,
                &place.location,
                &place.job,
                &text(&link["id"]),
                &text(&link["integration_id"]),
            ];
            assert!(
                ids.iter().all(|id| !answer.text().contains(id.as_str())),
                "{at}: {}",
                answer.text()
            );
        }
    }
    let touched = world.recorded_since(before).await;
    assert!(
        touched
            .iter()
            .all(|row| row.event_type == "Created" && row.aggregate_type == "customer"
                || (row.event_type.starts_with("Mail") || row.event_type.starts_with("ProviderApp"))
                    && row.aggregate_type == "agency")
    ); // the strangers' own
    world
        .send(Call::get(&format!("/links/{}", text(&link["id"]))).key(&agency.key))
        .await
        .json(200);
}
