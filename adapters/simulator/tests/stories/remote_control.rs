//! What tests steer and read: the log, the clock, faults.

use grantlink_simulator::personas::OLIVE;
use grantlink_simulator::{Fault, OAuthClient};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, CLIENT, SECRET, Stage, Text, VERIFIER};

#[tokio::test]
async fn the_log_says_what_was_asked_and_keeps_no_secret() {
    let mut stage = Stage::set().await;
    let back = stage.sign_in(OLIVE, &[("nonce", "a-nonce")]).await;
    let tokens = stage.exchange(&back.code()).await.body;
    stage.refresh(&tokens.text("refresh_token")).await;
    stage.get("/v1/accounts", &tokens.text("access_token")).await;
    stage.revoke(&tokens.text("refresh_token")).await;

    assert_eq!(stage.google.count("POST", "/token"), 2);
    let exchange = stage
        .google
        .requests()
        .into_iter()
        .find(|request| request.path == "/token")
        .unwrap();
    assert_eq!(exchange.form["grant_type"].as_deref(), Some("authorization_code"));
    assert_eq!(exchange.form["client_id"].as_deref(), Some(CLIENT));
    assert_eq!(exchange.form["code"], None);
    assert_eq!(exchange.status, Some(200));
    let secrets = [
        back.code(),
        tokens.text("access_token"),
        tokens.text("refresh_token"),
        SECRET.to_owned(),
        VERIFIER.to_owned(),
        back.callback()["state"].clone(),
        "a-nonce".to_owned(),
    ];
    let log = stage
        .http
        .get(stage.url("/_simulator/requests"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_form_does_not_reach_the_log() {
    let stage = Stage::set().await;
    let request = stage
        .http
        .post(stage.url("/revoke"))
        .header("content-type", "application/x-www-form-urlencoded");
    request
        .body("1//0gSomebodysRefreshTokenWithoutAnyName")
        .send()
        .await
        .unwrap();
    let log = serde_json::to_string(&stage.google.requests()).unwrap();
    assert!(!log.contains("Somebodys"), "{log}");
}

#[tokio::test]
async fn the_log_can_be_read_and_cleared_from_another_process() {
    let mut stage = Stage::set().await;
    stage.authorize(&[]).await;
    let log = Answer::of(stage.http.get(stage.url("/_simulator/requests"))).await.body;
    let paths: Vec<String> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request.text("path"))
        .collect();
    assert_eq!(paths, ["/o/oauth2/v2/auth", "/signin/accounts"]);

    stage
        .http
        .delete(stage.url("/_simulator/requests"))
        .send()
        .await
        .unwrap();

    assert!(stage.google.requests().is_empty());
}

#[tokio::test]
async fn a_test_can_wait_for_a_request() {
    let stage = Stage::set().await;
    let (answer, ()) = tokio::join!(stage.exchange("4/0A"), stage.google.wait_for("POST", "/token", 1));
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn grants_and_applications_can_be_managed_from_another_process() {
    let mut stage = Stage::set().await;
    let other = json!({"id": "app", "secret": "s", "redirect_uris": ["http://connect.localhost:9/other"]});
    assert_eq!(
        stage.control("/_simulator/clients", &other).await,
        StatusCode::NO_CONTENT
    );
    let page = stage
        .authorize(&[
            ("client_id", "app"),
            ("redirect_uri", "http://connect.localhost:9/other"),
        ])
        .await;
    assert_eq!(page.status, StatusCode::OK);

    stage.tokens(OLIVE).await;
    let grants = Answer::of(stage.http.get(stage.url("/_simulator/grants"))).await.body;
    assert_eq!(grants[0]["persona"], OLIVE);
    assert_eq!(grants[0]["refresh_tokens"], 1);
}

#[tokio::test]
async fn the_clock_can_be_moved_from_another_process() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(OLIVE).await;
    assert_eq!(
        stage
            .control("/_simulator/clock", &json!({"advance_seconds": 3600}))
            .await,
        StatusCode::OK
    );
    assert_eq!(stage.get("/v1/accounts", &token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_fault_strikes_as_often_as_it_was_told() {
    let mut stage = Stage::set().await;
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let outage = json!({"path": "/token", "status": 503, "times": 2});
    assert_eq!(
        stage.control("/_simulator/faults", &outage).await,
        StatusCode::NO_CONTENT
    );

    for _ in 0..2 {
        assert_eq!(stage.exchange(&code).await.status, StatusCode::SERVICE_UNAVAILABLE);
    }

    // Nothing has happened to the code meanwhile, and the log has all three.
    assert_eq!(stage.exchange(&code).await.status, StatusCode::OK);
    assert_eq!(stage.google.count("POST", "/token"), 3);
}

#[tokio::test]
async fn business_profile_fails_in_its_own_words() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(OLIVE).await;
    stage.google.inject_fault(Fault::status("/v1/accounts", 429)).await;
    let quota = stage.get("/v1/accounts", &token).await;
    assert_eq!(quota.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(quota.body["error"]["status"], "RESOURCE_EXHAUSTED");
    assert_eq!(
        quota.body["error"]["details"][0]["metadata"]["quota_limit_value"],
        "300"
    );

    stage.google.inject_fault(Fault::status("/v1/accounts/*", 503)).await;
    let path = "/v1/accounts/-/locations?readMask=name";
    assert_eq!(stage.get(path, &token).await.body["error"]["status"], "UNAVAILABLE");
    assert_eq!(stage.get(path, &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_fault_may_bring_its_own_answer() {
    let stage = Stage::set().await;
    let answer = json!({"error": "invalid_grant", "error_subtype": "invalid_rapt"});
    let body: Option<Value> = Some(answer.clone());
    stage
        .google
        .inject_fault(Fault {
            body,
            ..Fault::status("/token", 400)
        })
        .await;
    assert_eq!(stage.refresh("1//0g").await.body, answer);
}

#[tokio::test]
async fn a_late_answer_is_in_the_log_before_it_is_given() {
    let stage = Stage::set().await;
    stage.google.inject_fault(Fault::delay("/token", 3_600_000)).await;
    let waiting = tokio::spawn({
        let request = stage
            .http
            .post(stage.url("/token"))
            .form(&[("grant_type", "refresh_token")]);
        async move { request.send().await.is_ok() }
    });
    stage.google.wait_for("POST", "/token", 1).await;
    assert_eq!(stage.google.requests()[0].status, None);
    waiting.abort();
}

#[tokio::test]
async fn a_simulator_that_is_dropped_or_stopped_answers_no_more() {
    let stage = Stage::set().await;
    let (http, url) = (stage.http.clone(), stage.url("/"));
    assert!(http.get(&url).send().await.is_ok());
    stage.google.stop().await;
    assert!(http.get(&url).send().await.is_err());
}

#[test]
fn an_application_is_written_on_one_line() {
    let client: OAuthClient = "app:secret:http://a.localhost/x,http://b.localhost/y".parse().unwrap();
    assert_eq!(
        client,
        OAuthClient::new("app", "secret", ["http://a.localhost/x", "http://b.localhost/y"])
    );
    assert!(!format!("{client:?}").contains("secret"));
    for wrong in ["app", "app:secret", "app:secret:", ":secret:http://a.localhost"] {
        assert!(wrong.parse::<OAuthClient>().is_err(), "{wrong}");
    }
}
