//! Whose signature makes an id token believed.

use application::ports::provider::ProviderError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{
    Only, Secrets, at, id_claims,
    signer::{Signer, published},
};
use crate::http::fake::{Fake, Say};

const ISSUER: &str = "https://op.example";

/// What comes of a sign-in whose token answer carries that id token, at a provider with these keys.
async fn sign_in(id_token: &str, keys: Value) -> Result<String, ProviderError> {
    let tokens = json!({
        "access_token": "ya29.secret-access", "token_type": "Bearer", "expires_in": 3599, "id_token": id_token,
    });
    let fake = Fake::start(move |heard| match heard.path.as_str() {
        "/token" => Say::Json(200, tokens.clone()),
        "/certs" => Say::Json(200, keys.clone()),
        _ => Say::Json(200, json!({"sub": "104"})),
    })
    .await;
    let mut config = at(&fake.base);
    config.issuer = ISSUER.to_owned();
    let only = Only::new(config);
    let credential = only.connector().exchange(&Secrets::new().exchange()).await?;
    Ok(credential.account.subject)
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn what_the_provider_signed_is_believed() {
    let (signer, next) = (Signer::new("one"), Signer::new("two"));
    let claims = id_claims(ISSUER, &json!({}));
    let both = published(&[&next, &signer]);
    assert_eq!(sign_in(&signer.sign(&claims), both).await.unwrap(), "104");
    let alone = published(&[&signer]);
    assert_eq!(sign_in(&signer.sign_as(None, &claims), alone).await.unwrap(), "104");
}

/// OA-1. Mutant: with the claims read without the signature, as long as TLS alone stood for it, every one of these signs in.
#[tokio::test]
async fn what_anybody_else_signed_is_not() {
    let (signer, stranger) = (Signer::new("one"), Signer::new("one"));
    let claims = id_claims(ISSUER, &json!({}));
    let good = signer.sign(&claims);
    let parts: Vec<_> = good.split('.').collect();
    let other = part(&id_claims(ISSUER, &json!({"email": "olive@example.com"})));
    let public = signer.public();
    let shared = EncodingKey::from_secret(public.to_string().as_bytes());
    let mut as_secret = Header::new(Algorithm::HS256);
    as_secret.kid = Some("one".to_owned());
    let forged = [
        stranger.sign(&claims),
        [parts[0], &other, parts[2]].join("."),
        [parts[0], parts[1], ""].join("."),
        [&part(&json!({"alg": "none", "kid": "one"})), parts[1], ""].join("."),
        [&part(&json!({"alg": "ES256", "kid": "two"})), parts[1], parts[2]].join("."),
        [&part(&json!({"alg": "RS256", "kid": "one"})), parts[1], parts[2]].join("."),
        jsonwebtoken::encode(&as_secret, &claims, &shared).unwrap(),
        "a.b.c".to_owned(),
        good[1..].to_owned(),
    ];
    for (number, token) in forged.iter().enumerate() {
        let outcome = sign_in(token, published(&[&signer])).await;
        let error = outcome.expect_err(&number.to_string());
        assert!(!matches!(error, ProviderError::Misconfigured(_)), "{number} {error}");
        assert!(!format!("{error:?}").contains(parts[1]), "{number}");
    }
}
