//! Grants as a whole: how they end, and how many there can be.

use grantlink_simulator::personas::{BEA, OLIVE};
use grantlink_simulator::{LiveGrant, OAuthClient};
use reqwest::StatusCode;

use crate::support::{CALLBACK, CLIENT, Stage, Text};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// Mutant: with only the presented token ended, the second refresh token still works and this fails.
#[tokio::test]
async fn revoking_one_token_ends_everything_between_that_person_and_the_project() {
    let mut stage = Stage::set().await;
    stage
        .google
        .register_client(OAuthClient::new("4711-mobile", "s", [CALLBACK]))
        .await;
    let (first, second) = (stage.tokens(OLIVE).await, stage.tokens(OLIVE).await);
    let sibling = stage.sign_in(OLIVE, &[("client_id", "4711-mobile")]).await.code();
    let sibling = stage
        .exchange_with(&sibling, &[("client_id", "4711-mobile"), ("client_secret", "s")])
        .await
        .body;
    let bea = stage.tokens(BEA).await;

    assert_eq!(stage.revoke(&first.text("access_token")).await.status, StatusCode::OK);

    for tokens in [&first, &second] {
        let dead = stage.refresh(&tokens.text("refresh_token")).await;
        dead.assert_error(BAD, "invalid_grant", "Token has been expired or revoked.");
    }
    for tokens in [&first, &second, &sibling] {
        let dead = stage.get("/v1/accounts", &tokens.text("access_token")).await;
        assert_eq!(dead.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(stage.refresh(&bea.text("refresh_token")).await.status, StatusCode::OK);
    // The consent is gone as well: Olive is asked again.
    let again = stage.authorize(&[("login_hint", "olive@example.com")]).await;
    assert!(again.body.contains("id=\"allow\""), "{}", again.body);
}

#[tokio::test]
async fn an_application_of_another_project_is_not_touched_by_a_revocation() {
    let mut stage = Stage::set().await;
    stage
        .google
        .register_client(OAuthClient::new("4712-other", "s", [CALLBACK]))
        .await;
    let ours = stage.tokens(OLIVE).await;
    let other = stage.sign_in(OLIVE, &[("client_id", "4712-other")]).await.code();
    let other = stage
        .exchange_with(&other, &[("client_id", "4712-other"), ("client_secret", "s")])
        .await
        .body;

    stage.revoke(&ours.text("refresh_token")).await;

    assert_eq!(
        stage.get("/v1/accounts", &other.text("access_token")).await.status,
        StatusCode::OK
    );
    let live: Vec<String> = stage
        .google
        .live_grants()
        .await
        .into_iter()
        .map(|grant| grant.client_id)
        .collect();
    assert_eq!(live, ["4712-other"]);
}

#[tokio::test]
async fn revoking_twice_is_an_error_that_means_done() {
    let mut stage = Stage::set().await;
    let token = stage.tokens(OLIVE).await.text("refresh_token");
    assert_eq!(stage.revoke(&token).await.status, StatusCode::OK);
    stage
        .revoke(&token)
        .await
        .assert_error(BAD, "invalid_token", "Token expired or revoked");
    stage
        .revoke("nonsense")
        .await
        .assert_error(BAD, "invalid_token", "Token expired or revoked");
    stage
        .revoke("")
        .await
        .assert_error(BAD, "invalid_request", "Missing required parameter: token");
}

#[tokio::test]
async fn a_revocation_ends_codes_that_were_not_exchanged_yet() {
    let mut stage = Stage::set().await;
    let token = stage.tokens(OLIVE).await.text("access_token");
    let code = stage.sign_in(OLIVE, &[]).await.code();
    stage.revoke(&token).await;
    stage
        .exchange(&code)
        .await
        .assert_error(BAD, "invalid_grant", "Malformed auth code.");
}

/// Mutant: with a limit of 101, the first token still works and this fails.
#[tokio::test]
async fn the_hundred_and_first_refresh_token_silently_ends_the_oldest() {
    let mut stage = Stage::set().await;
    let bea = stage.tokens(BEA).await;
    let mut tokens = Vec::new();
    for _ in 0..101 {
        let consent = stage
            .authorize(&[("prompt", "consent"), ("login_hint", "olive@example.com")])
            .await;
        let page = if tokens.is_empty() {
            stage.choose(&consent, OLIVE).await
        } else {
            consent
        };
        let code = stage.allow(&page).await.code();
        tokens.push(stage.exchange(&code).await.body.text("refresh_token"));
    }

    let evicted = stage.refresh(&tokens[0]).await;

    evicted.assert_error(BAD, "invalid_grant", "Token has been expired or revoked.");
    assert_eq!(stage.refresh(&tokens[1]).await.status, StatusCode::OK);
    assert_eq!(stage.refresh(&tokens[100]).await.status, StatusCode::OK);
    assert_eq!(stage.refresh(&bea.text("refresh_token")).await.status, StatusCode::OK);
    let olive = stage
        .google
        .live_grants()
        .await
        .into_iter()
        .find(|grant| grant.persona == OLIVE)
        .unwrap();
    assert_eq!(olive.refresh_tokens, 100);
}

#[tokio::test]
async fn live_grants_say_whose_tokens_still_work() {
    let mut stage = Stage::set().await;
    assert_eq!(stage.google.live_grants().await, []);
    stage.tokens(OLIVE).await;
    let [grant]: [LiveGrant; 1] = stage.google.live_grants().await.try_into().unwrap();
    assert_eq!((grant.persona.as_str(), grant.client_id.as_str()), (OLIVE, CLIENT));
    assert_eq!((grant.access_tokens, grant.refresh_tokens), (1, 1));
    assert!(grant.scopes.iter().any(|scope| scope.ends_with("business.manage")));

    stage.google.clock().advance(3600);
    let [grant]: [LiveGrant; 1] = stage.google.live_grants().await.try_into().unwrap();
    assert_eq!((grant.access_tokens, grant.refresh_tokens), (0, 1));
}
