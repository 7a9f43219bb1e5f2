//! Accounts, locations and verification, with everything that makes them awkward.

use std::collections::BTreeSet;

use grantlink_simulator::personas::{BEA, MAX, NADIA, OLIVE, everyone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Stage, Text};

const ALL: &str = "/v1/accounts/-/locations";

/// Every page of a list.
async fn pages(stage: &Stage, token: &str, path: &str, list: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut next = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let answer = stage.get(&format!("{path}{separator}pageToken={next}"), token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        pages.push(answer.body[list].as_array().cloned().unwrap_or_default());
        match answer.body["nextPageToken"].as_str() {
            Some(token) => next = token.to_owned(),
            None => return pages,
        }
    }
}

fn sizes(pages: &[Vec<Value>]) -> Vec<usize> {
    pages.iter().map(Vec::len).collect()
}

fn names(pages: Vec<Vec<Value>>) -> Vec<String> {
    pages.into_iter().flatten().map(|item| item.text("name")).collect()
}

#[tokio::test]
async fn accounts_come_twenty_at_a_time_whatever_is_asked() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;
    for path in ["/v1/accounts", "/v1/accounts?pageSize=500"] {
        assert_eq!(sizes(&pages(&stage, &token, path, "accounts").await), [20, 6]);
    }
    let first = stage.get("/v1/accounts", &token).await.body["accounts"][0].clone();
    assert_eq!(first["type"], "PERSONAL");
    assert_eq!(first.get("role"), None);
    let groups = pages(&stage, &token, "/v1/accounts?filter=type=LOCATION_GROUP", "accounts").await;
    assert_eq!(groups.concat().len(), 25);
    assert_eq!(groups[0][1]["role"], "MANAGER");
    assert_eq!(groups[0][1]["permissionLevel"], "MEMBER_LEVEL");
    let users = stage.get("/v1/accounts?filter=type=USER_GROUP", &token).await.body;
    assert_eq!(users, json!({}));
}

#[tokio::test]
async fn max_reaches_250_listings_once_and_277_without_looking_at_names() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;

    let everything = pages(
        &stage,
        &token,
        &format!("{ALL}?readMask=name&pageSize=100"),
        "locations",
    )
    .await;
    assert_eq!(sizes(&everything), [100, 100, 50]);
    let everything: BTreeSet<String> = names(everything).into_iter().collect();
    assert_eq!(everything.len(), 250);

    let mut one_by_one = Vec::new();
    for account in names(pages(&stage, &token, "/v1/accounts", "accounts").await) {
        let path = format!("/v1/{account}/locations?readMask=name");
        one_by_one.extend(names(pages(&stage, &token, &path, "locations").await));
    }
    assert_eq!(one_by_one.len(), 277);
    assert_eq!(one_by_one.into_iter().collect::<BTreeSet<_>>(), everything);
}

#[tokio::test]
async fn a_personal_account_gives_only_what_is_owned_directly() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;
    let personal = stage.get("/v1/accounts", &token).await.body["accounts"][0].text("name");
    let path = format!("/v1/{personal}/locations?readMask=name");
    assert_eq!(sizes(&pages(&stage, &token, &path, "locations").await), [2]);
}

#[tokio::test]
async fn a_page_has_ten_locations_unless_asked_and_a_hundred_at_most() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;
    let first = stage.get(&format!("{ALL}?readMask=name"), &token).await.body;
    assert_eq!(first["locations"].as_array().unwrap().len(), 10);
    for size in ["101", "-1", "many"] {
        let refused = stage.get(&format!("{ALL}?readMask=name&pageSize={size}"), &token).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.body["error"]["status"], "INVALID_ARGUMENT");
    }
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_list_only() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;
    let of_accounts = stage.get("/v1/accounts", &token).await.body.text("nextPageToken");
    for wrong in [of_accounts.as_str(), "nonsense"] {
        let refused = stage
            .get(&format!("{ALL}?readMask=name&pageToken={wrong}"), &token)
            .await;
        assert_eq!(
            refused.body["error"]["details"][0]["fieldViolations"][0]["field"],
            "page_token"
        );
    }
}

#[tokio::test]
async fn the_read_mask_is_required_and_decides_what_comes() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(OLIVE).await;
    for path in [
        ALL.to_owned(),
        format!("{ALL}?readMask=name,nonsense"),
        "/v1/locations/20118406530001".to_owned(),
    ] {
        let refused = stage.get(&path, &token).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert_eq!(refused.body["error"]["status"], "INVALID_ARGUMENT");
        assert_eq!(
            refused.body["error"]["details"][0]["fieldViolations"][0]["field"],
            "read_mask"
        );
    }
    let path = "/v1/locations/20118406530001?readMask=title,metadata.placeId,storefrontAddress.locality";
    let expected = json!({
        "title": "Olive & Thyme Bakery",
        "metadata": {"placeId": "ChIJsimulated20118406530001"},
        "storefrontAddress": {"locality": "London"},
    });
    assert_eq!(stage.get(path, &token).await.body, expected);
}

#[tokio::test]
async fn what_is_empty_or_false_is_left_out() {
    let mut stage = Stage::set().await;
    let nadia = stage.access_token(NADIA).await;
    assert_eq!(stage.get(&format!("{ALL}?readMask=name"), &nadia).await.body, json!({}));
    assert_eq!(
        stage.get("/v1/accounts", &nadia).await.body["accounts"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let olive = stage.access_token(OLIVE).await;
    let mask = "name,title,storeCode,storefrontAddress,serviceArea,metadata,openInfo,phoneNumbers,websiteUri";
    let listings = stage.get(&format!("{ALL}?readMask={mask}"), &olive).await.body;
    assert_eq!(listings.get("nextPageToken"), None);
    assert_eq!(listings.get("totalSize"), None);
    let [shop, cakes, peckham] = listings["locations"].as_array().unwrap().as_slice() else {
        panic!("{listings}")
    };
    assert_eq!(shop["metadata"]["hasVoiceOfMerchant"], true);
    assert_eq!(peckham["metadata"].get("hasVoiceOfMerchant"), None);
    assert_eq!(peckham["metadata"].get("placeId"), None);
    // A business that goes to its customers has an area in place of an address.
    assert_eq!(cakes.get("storefrontAddress"), None);
    assert_eq!(cakes["serviceArea"]["businessType"], "CUSTOMER_LOCATION_ONLY");
    assert_eq!(cakes.get("storeCode"), None);
}

#[tokio::test]
async fn lists_can_be_filtered_and_ordered_and_then_have_a_total() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(MAX).await;
    let request = stage.http.get(stage.url(ALL)).bearer_auth(token).query(&[
        ("readMask", "title"),
        ("filter", "title=\"radhaus\""),
        ("orderBy", "title desc"),
    ]);
    let answer = Answer::of(request).await.body;
    assert_eq!(answer["totalSize"], 25);
    assert_eq!(answer["locations"][0]["title"], "Radhaus Rostock");
}

#[tokio::test]
async fn verification_says_why_a_listing_cannot_be_used() {
    let mut stage = Stage::set().await;
    let olive = stage.access_token(OLIVE).await;
    let max = stage.access_token(MAX).await;
    let cases = [
        (
            &olive,
            "20118406530001",
            json!({"hasVoiceOfMerchant": true, "hasBusinessAuthority": true}),
        ),
        (
            &olive,
            "20118406530003",
            json!({"verify": {"hasPendingVerification": true}}),
        ),
        (&max, "20610000000008", json!({"verify": {}})),
        (
            &max,
            "20610000020008",
            json!({"hasBusinessAuthority": true, "complyWithGuidelines": {"recommendationReason": "BUSINESS_LOCATION_SUSPENDED"}}),
        ),
        (
            &max,
            "20610000030008",
            json!({"hasBusinessAuthority": true, "complyWithGuidelines": {"recommendationReason": "BUSINESS_LOCATION_DISABLED"}}),
        ),
        (&max, "20610000040008", json!({"resolveOwnershipConflict": {}})),
    ];
    for (token, location, expected) in cases {
        let voice = stage
            .get(&format!("/v1/locations/{location}/VoiceOfMerchantState"), token)
            .await;
        assert_eq!(voice.body, expected, "{location}");
    }
    let pending = stage
        .get("/v1/locations/20118406530003/verifications", &olive)
        .await
        .body;
    assert_eq!(pending["verifications"][0]["state"], "PENDING");
    let never_begun = stage.get("/v1/locations/20610000000008/verifications", &max).await.body;
    assert_eq!(never_begun, json!({}));
    let duplicate = stage
        .get("/v1/locations/20610000040008?readMask=metadata", &max)
        .await
        .body;
    assert_eq!(duplicate["metadata"]["duplicateLocation"], "locations/20610000040007");
}

#[tokio::test]
async fn what_belongs_to_somebody_else_is_refused_and_what_nobody_has_not_found() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(BEA).await;
    let olives = ["/v1/locations/20118406530001", "/v1/accounts/11340872650017/locations"];
    for path in olives {
        let refused = stage.get(&format!("{path}?readMask=name"), &token).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.body["error"]["message"], "The caller does not have permission");
        assert_eq!(refused.body["error"].get("details"), None);
    }
    for path in ["/v1/locations/1", "/v1/accounts/1/locations"] {
        let missing = stage.get(&format!("{path}?readMask=name"), &token).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert_eq!(missing.body["error"]["status"], "NOT_FOUND");
    }
    let own = stage.get("/v1/accounts/11340872650029", &token).await.body;
    assert_eq!(own["accountName"], "Bea Lindqvist");
}

#[tokio::test]
async fn a_call_needs_a_token_that_google_knows() {
    let stage = Stage::set().await;
    for path in [
        "/v1/accounts",
        ALL,
        "/v1/locations/1",
        "/v1/locations/1/VoiceOfMerchantState",
    ] {
        let anonymous = Answer::of(stage.http.get(stage.url(path))).await;
        assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
        assert_eq!(anonymous.body["error"]["status"], "UNAUTHENTICATED");
        let info = &anonymous.body["error"]["details"][0];
        assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
        assert_eq!(info["reason"], "CREDENTIALS_MISSING");
        assert!(info["metadata"].text("service").ends_with(".googleapis.com"));
        let unknown = stage.get(path, "ya29.nonsense").await;
        assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    }
}

#[test]
fn the_cast_is_what_its_stories_say() {
    let pickable = |id: &str| {
        let cast = everyone();
        let persona = cast.iter().find(|persona| persona.id == id).unwrap();
        let listings = persona.listings();
        (
            listings.iter().filter(|listing| listing.is_pickable()).count(),
            listings.len(),
        )
    };
    assert_eq!(pickable(OLIVE), (2, 3));
    assert_eq!(pickable(BEA), (2, 2));
    assert_eq!(pickable(NADIA), (0, 0));
    assert_eq!(pickable(MAX), (228, 250));
    let cast = everyone();
    let subjects: BTreeSet<&str> = cast.iter().map(|persona| persona.subject.as_str()).collect();
    assert_eq!(subjects.len(), cast.len());
    assert!(cast.iter().all(|persona| persona.email.ends_with("example.com")));
}
