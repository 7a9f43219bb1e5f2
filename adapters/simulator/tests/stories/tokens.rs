//! The token endpoint: what a code buys, and who may use it.

use grantlink_simulator::personas::OLIVE;
use reqwest::StatusCode;

use crate::support::{Answer, CALLBACK, CLIENT, SECRET, Stage, Text, VERIFIER};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

#[tokio::test]
async fn a_code_buys_tokens_in_googles_shapes() {
    let mut stage = Stage::set().await;
    let tokens = stage.tokens(OLIVE).await;
    assert!(tokens.text("access_token").starts_with("ya29.a0"));
    assert!(tokens.text("refresh_token").starts_with("1//0g"));
    assert_eq!(tokens["expires_in"], 3599);
    assert_eq!(tokens["token_type"], "Bearer");
    let scope = tokens.text("scope");
    assert!(
        scope.contains("https://www.googleapis.com/auth/userinfo.email") && !scope.split(' ').any(|s| s == "email")
    );
    assert_eq!(tokens.get("refresh_token_expires_in"), None);
}

/// Mutant: with a code that is read instead of taken, the second exchange succeeds and this fails.
#[tokio::test]
async fn a_code_works_once() {
    let mut stage = Stage::set().await;
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let first = stage.exchange(&code).await;
    assert_eq!(first.status, StatusCode::OK);

    stage
        .exchange(&code)
        .await
        .assert_error(BAD, "invalid_grant", "Malformed auth code.");

    // The first exchange's tokens go on working: a repeated request must not cut off who won.
    assert_eq!(
        stage.get("/v1/accounts", &first.body.text("access_token")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes() {
    let mut stage = Stage::set().await;
    let (early, late) = (
        stage.sign_in(OLIVE, &[]).await.code(),
        stage.sign_in(OLIVE, &[]).await.code(),
    );
    stage.google.clock().advance(599);
    assert_eq!(stage.exchange(&early).await.status, StatusCode::OK);
    stage.google.clock().advance(1);
    stage
        .exchange(&late)
        .await
        .assert_error(BAD, "invalid_grant", "Malformed auth code.");
}

#[tokio::test]
async fn a_code_that_was_encoded_twice_is_not_a_code() {
    let mut stage = Stage::set().await;
    let code = stage.sign_in(OLIVE, &[]).await.code().replace('/', "%2F");
    stage
        .exchange(&code)
        .await
        .assert_error(BAD, "invalid_grant", "Malformed auth code.");
}

/// Mutant: with the verifier's check taken out, both exchanges succeed and this fails.
#[tokio::test]
async fn a_challenge_has_to_be_answered() {
    let mut stage = Stage::set().await;
    let wrong = VERIFIER.to_lowercase();
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let answer = stage.exchange_with(&code, &[("code_verifier", &wrong)]).await;
    answer.assert_error(BAD, "invalid_grant", "Invalid code verifier.");
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let answer = stage.exchange_with(&code, &[("code_verifier", "")]).await;
    answer.assert_error(BAD, "invalid_grant", "Missing code verifier.");
}

#[tokio::test]
async fn a_plain_challenge_is_the_default_method() {
    let mut stage = Stage::set().await;
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "")];
    let code = stage.sign_in(OLIVE, &plain).await.code();
    assert_eq!(stage.exchange(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let mut stage = Stage::set().await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = stage.sign_in(OLIVE, &without).await.code();
    let answer = stage.exchange(&code).await;
    answer.assert_error(BAD, "invalid_grant", "code_verifier or verifier is not needed.");
    let code = stage.sign_in(OLIVE, &without).await.code();
    assert_eq!(
        stage.exchange_with(&code, &[("code_verifier", "")]).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_code_is_bound_to_its_redirect_address() {
    let mut stage = Stage::set().await;
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let answer = stage
        .exchange_with(&code, &[("redirect_uri", &format!("{CALLBACK}/"))])
        .await;
    answer.assert_error(BAD, "redirect_uri_mismatch", "Bad Request");
}

#[tokio::test]
async fn an_application_has_to_say_who_it_is() {
    let stage = Stage::set().await;
    let unauthorized = StatusCode::UNAUTHORIZED;
    let cases = [
        (
            ("client_id", "nobody"),
            unauthorized,
            "invalid_client",
            "The OAuth client was not found.",
        ),
        (
            ("client_secret", "wrong"),
            unauthorized,
            "invalid_client",
            "Unauthorized",
        ),
        (
            ("client_id", ""),
            BAD,
            "invalid_request",
            "Could not determine client ID from request.",
        ),
        (
            ("client_secret", ""),
            BAD,
            "invalid_request",
            "client_secret is missing.",
        ),
        (
            ("grant_type", ""),
            BAD,
            "invalid_request",
            "Missing required parameter: grant_type",
        ),
        (
            ("grant_type", "password"),
            BAD,
            "unsupported_grant_type",
            "Invalid grant_type: password",
        ),
        (
            ("redirect_uri", ""),
            BAD,
            "invalid_request",
            "Missing required parameter: redirect_uri",
        ),
    ];
    for (change, status, error, description) in cases {
        stage
            .exchange_with("4/0A", &[change])
            .await
            .assert_error(status, error, description);
    }
}

#[tokio::test]
async fn id_and_secret_may_come_in_the_header() {
    let mut stage = Stage::set().await;
    let code = stage.sign_in(OLIVE, &[]).await.code();
    let form = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", &code),
    ];
    let request = |secret| {
        stage
            .http
            .post(stage.url("/token"))
            .form(&form)
            .basic_auth(CLIENT, Some(secret))
    };
    let refused = Answer::of(request("wrong")).await;
    refused.assert_error(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized");
    assert_eq!(Answer::of(request(SECRET)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_access_token_expires_by_the_simulators_clock() {
    let mut stage = Stage::set().await;
    let token = stage.access_token(OLIVE).await;
    stage.google.clock().advance(3599);
    let expired = stage.get("/v1/accounts", &token).await;
    assert_eq!(expired.status, StatusCode::UNAUTHORIZED);
    assert_eq!(expired.body["error"]["details"][0]["reason"], "ACCESS_TOKEN_EXPIRED");
    let expired = stage.get("/v1/userinfo", &token).await;
    expired.assert_error(StatusCode::UNAUTHORIZED, "invalid_request", "Invalid Credentials");
}
