//! Refresh tokens: when there is one, what it buys, how it dies.

use grantlink_simulator::SimulatorConfig;
use grantlink_simulator::personas::OLIVE;
use reqwest::StatusCode;

use crate::support::{CLIENT, SECRET, Stage, Text};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

#[tokio::test]
async fn refreshing_gives_an_access_token_and_no_new_refresh_token() {
    let mut stage = Stage::set().await;
    let refresh_token = stage.tokens(OLIVE).await.text("refresh_token");
    for _ in 0..2 {
        let answer = stage.refresh(&refresh_token).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body.get("refresh_token"), None);
        assert!(answer.body.text("scope").contains("business.manage"));
        assert_eq!(
            stage
                .get("/v1/accounts", &answer.body.text("access_token"))
                .await
                .status,
            StatusCode::OK
        );
    }
    stage
        .refresh("1//0gNonsense")
        .await
        .assert_error(BAD, "invalid_grant", "Bad Request");
}

#[tokio::test]
async fn a_refreshed_token_may_be_narrower_and_never_wider() {
    let mut stage = Stage::set().await;
    let refresh_token = stage.tokens(OLIVE).await.text("refresh_token");
    let form = |scope| {
        [
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("refresh_token", &*refresh_token),
            ("scope", scope),
        ]
    };
    let narrow = stage.post("/token", &form("openid email")).await.body;
    assert_eq!(
        stage.get("/v1/accounts", &narrow.text("access_token")).await.status,
        StatusCode::FORBIDDEN
    );
    let wide = stage.post("/token", &form("https://mail.google.com/")).await;
    wide.assert_error(BAD, "invalid_scope", "Some requested scopes were invalid.");
}

#[tokio::test]
async fn a_refresh_token_comes_only_with_a_consent_page_and_offline_access() {
    let mut stage = Stage::set().await;
    let online = stage.sign_in(OLIVE, &[("access_type", "")]).await.code();
    assert_eq!(stage.exchange(&online).await.body.get("refresh_token"), None);

    let silent = stage.authorize(&[]).await.code();
    assert_eq!(stage.exchange(&silent).await.body.get("refresh_token"), None);

    let consent = stage.authorize(&[("prompt", "consent")]).await;
    let asked_again = stage.allow(&consent).await.code();
    assert!(stage.exchange(&asked_again).await.body.get("refresh_token").is_some());
}

#[tokio::test]
async fn a_refresh_token_that_nobody_uses_dies_and_one_in_use_does_not() {
    let mut stage = Stage::set().await;
    let (idle, used) = (stage.tokens(OLIVE).await, stage.tokens(OLIVE).await);
    let months_passed = |months: u32| stage.google.clock().advance(months * 30 * 86_400);
    months_passed(4);
    assert_eq!(stage.refresh(&used.text("refresh_token")).await.status, StatusCode::OK);
    months_passed(4);
    assert_eq!(stage.refresh(&used.text("refresh_token")).await.status, StatusCode::OK);
    let dead = stage.refresh(&idle.text("refresh_token")).await;
    dead.assert_error(BAD, "invalid_grant", "Token has been expired or revoked.");
}

#[tokio::test]
async fn in_a_project_that_is_testing_refresh_tokens_live_for_a_week() {
    let mut stage = Stage::set_with(SimulatorConfig {
        testing_project: true,
        ..SimulatorConfig::default()
    })
    .await;
    let tokens = stage.tokens(OLIVE).await;
    assert_eq!(tokens["refresh_token_expires_in"], 604_799);
    stage.google.clock().advance(604_799);
    let dead = stage.refresh(&tokens.text("refresh_token")).await;
    dead.assert_error(BAD, "invalid_grant", "Token has been expired or revoked.");

    let sign_in_only = stage.sign_in(OLIVE, &[("scope", "openid email")]).await.code();
    assert_eq!(
        stage.exchange(&sign_in_only).await.body.get("refresh_token_expires_in"),
        None
    );
}
