//! An account that a test has put into some state: how its tokens fail, and what the APIs say.

use grantlink_simulator::personas::{BEA, OLIVE};
use grantlink_simulator::{AccountState, Capability, Quota, TokenError};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Stage, Text};

const SHOP: &str = "20118406530001";
const PECKHAM: &str = "20118406530003";

struct Signed {
    stage: Stage,
    access: String,
    refresh: String,
}

impl Signed {
    async fn in_as(persona: &str) -> Self {
        let mut stage = Stage::set().await;
        let back = stage.sign_in(persona, &[]).await;
        let tokens = stage.exchange(&back.code()).await.body;
        Self {
            access: tokens.text("access_token"),
            refresh: tokens.text("refresh_token"),
            stage,
        }
    }

    async fn put(&self, state: &AccountState) {
        let request = self.stage.http.put(self.stage.url("/_simulator/accounts/olive"));
        let answer = request.json(state).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    }

    async fn ask(&self, path: &str) -> Answer {
        self.stage.get(path, &self.access).await
    }
}

fn reviews(listing: &str) -> String {
    format!("/v4/accounts/11340872650017/locations/{listing}/reviews?pageSize=1")
}

fn metrics(listing: &str) -> String {
    let range = "dailyRange.start_date.year=2026&dailyRange.start_date.month=5&dailyRange.start_date.day=1\
                 &dailyRange.end_date.year=2026&dailyRange.end_date.month=5&dailyRange.end_date.day=31";
    format!("/v1/locations/{listing}:fetchMultiDailyMetricsTimeSeries?dailyMetrics=CALL_CLICKS&{range}")
}

#[tokio::test]
async fn each_account_has_its_own_error_at_the_token_endpoint() {
    let olive = Signed::in_as(OLIVE).await;
    let gone = "Token has been expired or revoked.";
    for (error, status, word) in [
        (TokenError::Revoked, 400, "invalid_grant"),
        (TokenError::TestingExpired, 400, "invalid_grant"),
        (TokenError::Idle, 400, "invalid_grant"),
        (TokenError::AccountDeleted, 400, "invalid_grant"),
        (TokenError::InvalidRapt, 400, "invalid_grant"),
        (TokenError::AdminPolicyEnforced, 400, "admin_policy_enforced"),
        (TokenError::InvalidClient, 401, "invalid_client"),
        (TokenError::RateLimited, 429, "rate_limit_exceeded"),
        (TokenError::Outage, 503, "internal_failure"),
    ] {
        let token_error = Some(error);
        olive
            .put(&AccountState {
                token_error,
                ..AccountState::default()
            })
            .await;
        let refused = olive.stage.refresh(&olive.refresh).await;
        assert_eq!(
            (refused.status.as_u16(), refused.body.text("error").as_str()),
            (status, word)
        );
        let subtype = refused.body.get("error_subtype").and_then(Value::as_str);
        assert_eq!(subtype, (error == TokenError::InvalidRapt).then_some("invalid_rapt"));
        if error == TokenError::Revoked {
            assert_eq!(refused.body["error_description"], gone);
        }
    }
    olive.put(&AccountState::default()).await;
    assert_eq!(olive.stage.refresh(&olive.refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_an_account_may_not_do_is_refused_by_that_call_alone() {
    let olive = Signed::in_as(OLIVE).await;
    for (capability, denied, allowed) in [
        (Capability::Reviews, reviews(SHOP), metrics(SHOP)),
        (Capability::Metrics, metrics(SHOP), reviews(SHOP)),
    ] {
        olive
            .put(&AccountState {
                denied: vec![capability],
                ..AccountState::default()
            })
            .await;
        let refused = olive.ask(&denied).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.body["error"]["status"], "PERMISSION_DENIED");
        assert_eq!(olive.ask(&allowed).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_listing_can_be_removed_or_lost() {
    let olive = Signed::in_as(OLIVE).await;
    let shop = || vec![SHOP.to_owned()];
    for (removed, lost, status) in [(shop(), vec![], 404), (vec![], shop(), 403)] {
        olive
            .put(&AccountState {
                removed,
                lost,
                ..AccountState::default()
            })
            .await;
        for path in [
            reviews(SHOP),
            metrics(SHOP),
            format!("/v1/locations/{SHOP}?readMask=name"),
        ] {
            assert_eq!(olive.ask(&path).await.status.as_u16(), status, "{path}");
        }
        let list = olive.ask("/v1/accounts/-/locations?readMask=name").await.body;
        assert_eq!(list["locations"].as_array().map(Vec::len), Some(2), "{list}");
    }
}

#[tokio::test]
async fn a_quota_of_nothing_can_be_told_from_one_that_is_used_up() {
    let olive = Signed::in_as(OLIVE).await;
    for (quota, value) in [(Quota::Exceeded, "300"), (Quota::NotApproved, "0")] {
        olive
            .put(&AccountState {
                quota: Some(quota),
                ..AccountState::default()
            })
            .await;
        let refused = olive.ask(&reviews(SHOP)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        let metadata = &refused.body["error"]["details"][0]["metadata"];
        assert_eq!(metadata["quota_limit_value"], value);
        assert_eq!(metadata["service"], "mybusiness.googleapis.com");
    }
}

#[tokio::test]
async fn reviews_are_for_verified_listings_and_an_answer_is_looked_at_first() {
    let olive = Signed::in_as(OLIVE).await;
    let unverified = olive.ask(&reviews(PECKHAM)).await;
    assert_eq!(unverified.body["error"]["status"], "FAILED_PRECONDITION");
    let page = olive.ask(&reviews(SHOP)).await.body;
    assert_eq!(page["reviews"].as_array().map(Vec::len), Some(1));
    assert!(page["nextPageToken"].is_string());

    let name = page["reviews"][0].text("name");
    let reply = |comment: String| {
        let request = olive.stage.http.put(olive.stage.url(&format!("/v4/{name}/reply")));
        Answer::of(request.bearer_auth(&olive.access).json(&json!({ "comment": comment })))
    };
    assert_eq!(reply("é".repeat(2049)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply("Thank you".to_owned()).await.body["reviewReplyState"], "PENDING");
    olive.stage.google.clock().advance(600);
    let review = olive.ask(&format!("/v4/{name}")).await.body;
    assert_eq!(review["reviewReply"]["reviewReplyState"], "APPROVED");
}

#[tokio::test]
async fn a_zero_is_left_out_of_the_metrics() {
    let olive = Signed::in_as(OLIVE).await;
    let series = olive.ask(&metrics(SHOP)).await.body;
    let series = &series["multiDailyMetricTimeSeries"][0]["dailyMetricTimeSeries"][0];
    assert_eq!(series["dailyMetric"], "CALL_CLICKS");
    let values = series["timeSeries"]["datedValues"].as_array().unwrap();
    assert_eq!(values.len(), 31);
    assert!(values.iter().any(|dated| dated.get("value").is_none()));
    assert!(values.iter().any(|dated| dated["value"].is_string()));
}

#[tokio::test]
async fn the_hundred_and_first_token_ends_the_oldest_and_the_books_say_so() {
    let mut stage = Stage::set().await;
    let mut refresh_tokens = vec![];
    for _ in 0..101 {
        let back = stage.sign_in(BEA, &[]).await;
        refresh_tokens.push(stage.exchange(&back.code()).await.body.text("refresh_token"));
    }
    assert_eq!(stage.refresh(&refresh_tokens[0]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(stage.refresh(&refresh_tokens[1]).await.status, StatusCode::OK);
    let audit = stage.google.tokens().await;
    assert_eq!((audit.evictions, audit.uses_of_ended), (1, 1));
    assert_eq!((audit.accounts[0].live, audit.accounts[0].ended), (100, 1));
    assert_eq!(audit.accounts[0].uses[..3], [0, 1, 0]);
    assert_eq!(stage.google.withdraw(BEA).await, 100);
    assert_eq!(stage.refresh(&refresh_tokens[1]).await.status, StatusCode::BAD_REQUEST);
}
