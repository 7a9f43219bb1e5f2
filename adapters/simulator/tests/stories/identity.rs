//! Who has signed in: identity tokens, the keys that sign them, and what else is published.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use grantlink_simulator::personas::OLIVE;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Answer, CLIENT, EVERYTHING, Stage, Text};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// Checks a token as an application would: with the published keys.
async fn verified(stage: &Stage, id_token: &str) -> Value {
    let published = stage.http.get(stage.url("/oauth2/v3/certs")).send().await.unwrap();
    let keys: JwkSet = published.json().await.unwrap();
    let key = keys.find(&decode_header(id_token).unwrap().kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[CLIENT]);
    validation.set_issuer(&[stage.google.base_url()]);
    decode::<Value>(id_token, &DecodingKey::from_jwk(key).unwrap(), &validation)
        .unwrap()
        .claims
}

#[tokio::test]
async fn the_identity_token_can_be_checked_with_the_published_keys() {
    let mut stage = Stage::set().await;
    let back = stage.sign_in(OLIVE, &[("nonce", "n-1")]).await;
    let tokens = stage.exchange(&back.code()).await.body;

    let claims = verified(&stage, &tokens.text("id_token")).await;

    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["azp"], CLIENT);
    assert_eq!(claims["email"], "olive@example.com");
    assert_eq!(claims["sub"], "104512873309418265701");
    let hash = Sha256::digest(tokens.text("access_token"));
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash[..16]));
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 86_400);
}

#[tokio::test]
async fn keys_rotate_and_the_one_before_stays_published() {
    let mut stage = Stage::set().await;
    let before = stage.tokens(OLIVE).await.text("id_token");
    stage.google.rotate_keys().await.unwrap();
    let after = stage.tokens(OLIVE).await.text("id_token");

    assert_ne!(decode_header(&before).unwrap().kid, decode_header(&after).unwrap().kid);
    verified(&stage, &before).await;
    verified(&stage, &after).await;
}

#[tokio::test]
async fn without_openid_there_is_no_identity_token() {
    let mut stage = Stage::set().await;
    let back = stage.sign_in(OLIVE, &[("scope", "email profile")]).await;
    assert_eq!(stage.exchange(&back.code()).await.body.get("id_token"), None);
}

#[tokio::test]
async fn tokeninfo_tells_what_a_token_is_good_for() {
    let mut stage = Stage::set().await;
    let tokens = stage.tokens(OLIVE).await;
    let ask = |name: &str, value: String| Answer::of(stage.http.get(stage.url("/tokeninfo")).query(&[(name, value)]));

    let info = ask("access_token", tokens.text("access_token")).await.body;
    assert_eq!(info["aud"], CLIENT);
    assert_eq!(info["expires_in"], "3599");
    assert_eq!(
        info["scope"].as_str().unwrap().split(' ').count(),
        EVERYTHING.split(' ').count()
    );
    let info = ask("id_token", tokens.text("id_token")).await.body;
    assert_eq!(info["email_verified"], "true");
    ask("access_token", "nonsense".to_owned())
        .await
        .assert_error(BAD, "invalid_token", "Invalid Value");
}

#[tokio::test]
async fn the_discovery_document_names_what_is_there() {
    let stage = Stage::set().await;
    let document = Answer::of(stage.http.get(stage.url("/.well-known/openid-configuration")))
        .await
        .body;
    assert_eq!(document["issuer"], stage.google.base_url());
    assert_eq!(document.text("authorization_endpoint"), stage.url("/o/oauth2/v2/auth"));
    assert_eq!(document.text("token_endpoint"), stage.url("/token"));
    assert_eq!(document.text("revocation_endpoint"), stage.url("/revoke"));
    assert_eq!(document.text("userinfo_endpoint"), stage.url("/v1/userinfo"));
}
