//! What can be picked, and what is greyed.

use application::ports::provider::{Listing, ProviderError, Unpickable};
use serde_json::{Value, json};

use super::{Only, at};
use crate::http::fake::{Fake, Heard, Say};

async fn listings(fake: &Fake) -> Result<Vec<Listing>, ProviderError> {
    Only::new(at(&fake.base))
        .connector()
        .listings(&"ya29.access".into())
        .await
}

fn verified(id: u32, title: &str) -> Value {
    json!({"name": format!("locations/{id}"), "title": title, "metadata": {"hasVoiceOfMerchant": true}})
}

/// A `google.rpc.Status` as Google writes it.
fn status(code: u16, reason: Option<&str>, metadata: &Value) -> Value {
    let details: Vec<Value> = reason
        .map(|reason| {
            json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
                "metadata": metadata})
        })
        .into_iter()
        .collect();
    json!({"error": {"code": code, "message": "project 4711 said no to ya29.access", "status": "X", "details": details}})
}

/// An independent provider's stub, and what Google says to somebody without a business.
#[tokio::test]
async fn an_answer_that_says_nothing_is_an_empty_list() {
    let fake = Fake::start(|_| Say::Json(200, json!({}))).await;
    assert_eq!(listings(&fake).await, Ok(vec![]));
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(200, json!({"accounts": [{"name": "accounts/1", "type": "PERSONAL"}]})),
        _ => Say::Json(200, json!({})),
    })
    .await;
    assert_eq!(listings(&fake).await, Ok(vec![]));
    assert_eq!(fake.heard("/v1/accounts/1/locations").await.len(), 1);
}

/// A30. Accounts by twenty, locations by a hundred, and a location that two accounts hold once.
#[tokio::test]
async fn every_page_of_every_account_is_read_and_each_listing_kept_once() {
    let fake = Fake::start(|heard| {
        Say::Json(
            200,
            match (heard.path.as_str(), heard.parameter("pageToken")) {
                ("/v1/accounts", None) => json!({"accounts": [{"name": "accounts/1"}], "nextPageToken": "a 2"}),
                ("/v1/accounts", Some("a+2")) => json!({"accounts": [{"name": "accounts/2"}, {"name": "accounts/3"}]}),
                ("/v1/accounts/1/locations", None) => {
                    json!({"locations": [verified(1, "zeta"), verified(2, "Alpha")], "nextPageToken": "l2"})
                }
                ("/v1/accounts/1/locations", Some("l2")) => json!({"locations": [verified(3, "beta")]}),
                ("/v1/accounts/2/locations", None) => {
                    json!({"locations": [verified(2, "Alpha"), verified(4, "alpha")]})
                }
                ("/v1/accounts/3/locations", None) => json!({}),
                other => panic!("nobody was to ask {other:?}"),
            },
        )
    })
    .await;
    let found = listings(&fake).await.unwrap();
    let shown: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.title.as_str(),
                one.reference.id.as_str(),
                one.reference.account.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("Alpha", "locations/2", "accounts/1"),
            ("alpha", "locations/4", "accounts/2"),
            ("beta", "locations/3", "accounts/1"),
            ("zeta", "locations/1", "accounts/1"),
        ]
    );
    assert!(found.iter().all(|one| one.unpickable.is_none()));
    assert_eq!(fake.heard("/v1/accounts").await[0].query, "pageSize=20");
    let asked: Heard = fake.heard("/v1/accounts/2/locations").await.remove(0);
    assert_eq!(asked.parameter("pageSize"), Some("100"));
    assert_eq!(
        asked.parameter("readMask"),
        Some("name%2Ctitle%2CstorefrontAddress%2Cmetadata%2CopenInfo")
    );
    assert_eq!(asked.authorization.as_deref(), Some("Bearer ya29.access"));
}

/// Only those whose reason is not known yet are asked for it, and no answer is a reason to fail.
#[tokio::test]
async fn a_listing_that_cannot_be_picked_says_why() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(200, json!({"accounts": [{"name": "accounts/1"}]})),
        "/v1/accounts/1/locations" => Say::Json(
            200,
            json!({"locations": [
                verified(1, "1 fine"),
                {"name": "locations/2", "title": "2 unverified"},
                {"name": "locations/3", "title": "3 suspended"},
                {"name": "locations/4", "title": "4 duplicate", "metadata": {"duplicateLocation": "locations/1"}},
                {"name": "locations/5", "title": "5 closed", "openInfo": {"status": "CLOSED_PERMANENTLY"}},
                {"name": "locations/6", "title": "6 verified meanwhile"},
                {"name": "locations/7", "title": "7 nobody knows"},
                {"name": "locations/8/../9", "title": "no name of a location"},
                {"title": "no name at all"},
            ]}),
        ),
        "/v1/locations/2/VoiceOfMerchantState" => Say::Json(200, json!({"verify": {"hasPendingVerification": true}})),
        "/v1/locations/3/VoiceOfMerchantState" => Say::Json(
            200,
            json!({"complyWithGuidelines": {"recommendationReason": "BUSINESS_LOCATION_SUSPENDED"}}),
        ),
        "/v1/locations/6/VoiceOfMerchantState" => Say::Json(200, json!({"hasVoiceOfMerchant": true})),
        "/v1/locations/7/VoiceOfMerchantState" => Say::Json(403, status(403, Some("SERVICE_DISABLED"), &json!({}))),
        other => panic!("nobody was to ask {other}"),
    })
    .await;
    let reasons: Vec<_> = listings(&fake)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.unpickable)
        .collect();
    assert_eq!(
        reasons,
        [
            None,
            Some(Unpickable::Unverified),
            Some(Unpickable::Suspended),
            Some(Unpickable::Duplicate),
            Some(Unpickable::Closed),
            None,
            Some(Unpickable::Unverified),
        ]
    );
}

#[tokio::test]
async fn no_more_than_fifty_listings_are_asked_for_their_standing() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(200, json!({"accounts": [{"name": "accounts/1"}]})),
        "/v1/accounts/1/locations" => {
            let locations: Vec<_> = (0..60).map(|id| json!({"name": format!("locations/{id}")})).collect();
            Say::Json(200, json!({"locations": locations}))
        }
        _ => Say::Json(200, json!({"complyWithGuidelines": {}})),
    })
    .await;
    let found = listings(&fake).await.unwrap();
    let with = |reason| found.iter().filter(|one| one.unpickable == Some(reason)).count();
    assert_eq!((with(Unpickable::Suspended), with(Unpickable::Unverified)), (50, 10));
}

/// Mutant: without a last page, it asks on until patience ends, and there is no list.
#[tokio::test]
async fn a_provider_that_repeats_itself_comes_to_an_end() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(
            200,
            json!({"accounts": [{"name": "accounts/1"}], "nextPageToken": "again"}),
        ),
        _ => Say::Json(
            200,
            json!({"locations": [verified(1, "one")], "nextPageToken": "again"}),
        ),
    })
    .await;
    assert_eq!(listings(&fake).await.unwrap().len(), 1);
    assert_eq!(fake.heard("/v1/accounts").await.len(), 10);
    assert_eq!(fake.heard("/v1/accounts/1/locations").await.len(), 50);
}

#[tokio::test]
async fn an_account_that_may_not_be_read_hides_no_other() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(
            200,
            json!({"accounts": [{"name": "accounts/1"}, {"name": "accounts/2"}]}),
        ),
        "/v1/accounts/1/locations" => Say::Json(403, status(403, None, &json!({}))),
        _ => Say::Json(200, json!({"locations": [verified(1, "one")]})),
    })
    .await;
    assert_eq!(listings(&fake).await.unwrap().len(), 1);
}

/// A quota of 0 is not "slow down": Google has not approved the operator's project.
#[tokio::test]
async fn an_error_says_who_must_act_and_repeats_nothing() {
    let quota = |value: &str| json!({"quota_limit_value": value});
    for (code, body, kind) in [
        (
            429,
            status(429, Some("RATE_LIMIT_EXCEEDED"), &quota("0")),
            "misconfigured",
        ),
        (
            429,
            status(429, Some("RATE_LIMIT_EXCEEDED"), &quota("300")),
            "unavailable",
        ),
        (429, json!({}), "unavailable"),
        (401, status(401, Some("ACCESS_TOKEN_EXPIRED"), &json!({})), "refused"),
        (
            403,
            status(403, Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), &json!({})),
            "refused",
        ),
        (403, status(403, Some("SERVICE_DISABLED"), &json!({})), "misconfigured"),
        (403, status(403, None, &json!({})), "refused"),
        (404, status(404, None, &json!({})), "refused"),
        (404, json!("nothing here"), "unavailable"),
        (503, status(503, None, &json!({})), "unavailable"),
        (200, json!({"accounts": "ya29.access"}), "unavailable"),
        (307, json!({}), "unavailable"),
    ] {
        let answer = body.clone();
        let fake = Fake::start(move |_| Say::Json(code, answer.clone())).await;
        let error = listings(&fake).await.unwrap_err();
        let found = match error {
            ProviderError::Refused(_) => "refused",
            ProviderError::Misconfigured(_) => "misconfigured",
            ProviderError::Unavailable(_) => "unavailable",
        };
        assert_eq!(found, kind, "{code} {body}");
        assert!(
            !error.to_string().contains("ya29") && !error.to_string().contains("4711"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_page_that_never_comes_is_an_outage() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/v1/accounts" => Say::Json(200, json!({"accounts": [{"name": "accounts/1"}]})),
        _ => Say::Silence,
    })
    .await;
    assert_eq!(
        listings(&fake).await,
        Err(ProviderError::Unavailable("it took too long".to_owned()))
    );
}
