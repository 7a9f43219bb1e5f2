//! A code becomes tokens, or an error that tells an operator from a customer, and nothing to anybody else.

use application::ports::provider::{Credential, ProviderError};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    NOW, Only, ProviderConfig, Secrets, at, id_claims,
    signer::{Signer, published},
};
use crate::{
    http::fake::{Fake, Say, raw},
    providers::ClientAuth,
};

const MANAGE: &str = "https://www.googleapis.com/auth/business.manage";

fn tokens() -> Value {
    json!({
        "access_token": "ya29.secret-access", "expires_in": 3599, "refresh_token": "1//secret-refresh",
        "scope": format!("openid https://www.googleapis.com/auth/userinfo.email {MANAGE}"), "token_type": "Bearer",
        "refresh_token_expires_in": 604_799, "something_new": {"nested": true},
    })
}

/// A provider whose token endpoint answers that.
async fn provider(status: u16, tokens: Value) -> Fake {
    signing_provider(status, tokens, json!({"keys": []})).await
}

async fn signing_provider(status: u16, tokens: Value, keys: Value) -> Fake {
    Fake::start(move |heard| match heard.path.as_str() {
        "/token" => Say::Json(status, tokens.clone()),
        "/certs" => Say::Json(200, keys.clone()),
        "/userinfo" => Say::Json(
            200,
            json!({"sub": "104", "email": "olive@example.com", "name": "Olive", "locale": "en"}),
        ),
        _ => Say::Text(404, String::new()),
    })
    .await
}

async fn exchange(config: ProviderConfig) -> Result<Credential, ProviderError> {
    Only::new(config).connector().exchange(&Secrets::new().exchange()).await
}

#[tokio::test]
async fn a_code_becomes_tokens_and_the_name_of_who_signed_in() {
    let fake = provider(200, tokens()).await;
    let credential = exchange(at(&fake.base)).await.unwrap();
    assert_eq!(credential.access_token.expose_secret(), "ya29.secret-access");
    assert_eq!(credential.refresh_token.unwrap().expose_secret(), "1//secret-refresh");
    assert_eq!(credential.expires_at, Some(NOW + 3599));
    assert_eq!(credential.account.subject, "104");
    assert_eq!(credential.account.email.as_deref(), Some("olive@example.com"));
    assert_eq!(credential.account.name.as_deref(), Some("Olive"));

    let request = &fake.heard("/token").await[0];
    for part in [
        "grant_type=authorization_code",
        "code=4%2F0AbC-code",
        "code_verifier=a-verifier-of-at-least-forty-three-characters",
        "redirect_uri=https%3A%2F%2Fconnect.example.com%2Foauth%2Fcallback%2Fgoogle",
        "client_id=our-client",
        "client_secret=our-secret",
    ] {
        assert!(request.body.split('&').any(|pair| pair == part), "{part}");
    }
    assert_eq!(request.authorization, None);
    let asked = &fake.heard("/userinfo").await[0];
    assert_eq!(asked.authorization.as_deref(), Some("Bearer ya29.secret-access"));
    assert_eq!(asked.query, "");
}

#[tokio::test]
async fn id_and_secret_travel_in_the_header_where_that_is_configured() {
    let fake = provider(200, tokens()).await;
    let mut config = at(&fake.base);
    config.client_auth = ClientAuth::Basic;
    config.pkce = false;
    exchange(config).await.unwrap();
    let request = &fake.heard("/token").await[0];
    assert_eq!(
        request.authorization.as_deref(),
        Some("Basic b3VyLWNsaWVudDpvdXItc2VjcmV0")
    );
    assert!(!request.body.contains("our-secret") && !request.body.contains("verifier"));
}

/// The scopes in their one spelling: what is missing is a plain difference of sets.
#[tokio::test]
async fn granted_and_required_scopes_can_be_compared_as_they_are() {
    let missing = |credential: &Credential, config: ProviderConfig| -> Vec<String> {
        let only = Only::new(config);
        let connector = only.connector();
        let required = connector.required_scopes();
        required.difference(&credential.scopes).cloned().collect()
    };
    for (granted, expected) in [
        (
            json!(format!(
                "{MANAGE} openid https://www.googleapis.com/auth/userinfo.email"
            )),
            vec![],
        ),
        (json!(format!("openid email {MANAGE}")), vec![]),
        (
            json!("openid https://www.googleapis.com/auth/userinfo.email"),
            vec![MANAGE.to_owned()],
        ),
        (json!(format!("openid {MANAGE}")), vec!["email".to_owned()]),
        // An answer without a scope grants what was asked for.
        (Value::Null, vec![]),
    ] {
        let mut answer = tokens();
        answer["scope"] = granted.clone();
        let fake = provider(200, answer).await;
        let mut config = at(&fake.base);
        config.required_scopes = ["openid", "https://www.googleapis.com/auth/userinfo.email", MANAGE]
            .map(str::to_owned)
            .into();
        let credential = exchange(config.clone()).await.unwrap();
        assert_eq!(missing(&credential, config), expected, "{granted}");
    }
}

#[tokio::test]
async fn no_refresh_token_is_normal() {
    for absent in [Value::Null, json!("")] {
        let mut answer = tokens();
        answer["refresh_token"] = absent;
        let fake = provider(200, answer).await;
        assert!(exchange(at(&fake.base)).await.unwrap().refresh_token.is_none());
    }
}

/// B52. Mutant: with the description in the message, the code is in it.
#[tokio::test]
async fn a_refusal_is_told_apart_from_a_wrong_registration_and_from_an_outage() {
    let refused = |text: &str| ProviderError::Refused(text.to_owned());
    let misconfigured = |text: &str| ProviderError::Misconfigured(text.to_owned());
    let unavailable = |text: &str| ProviderError::Unavailable(text.to_owned());
    for (status, word, expected) in [
        (400, "invalid_grant", refused("invalid_grant")),
        (400, "invalid_scope", refused("invalid_scope")),
        (400, "admin_policy_enforced", refused("admin_policy_enforced")),
        (401, "invalid_client", misconfigured("invalid_client")),
        (400, "unauthorized_client", misconfigured("unauthorized_client")),
        (400, "redirect_uri_mismatch", misconfigured("redirect_uri_mismatch")),
        (429, "rate_limit_exceeded", unavailable("it answered 429")),
        (200, "invalid_grant", refused("invalid_grant")),
        (500, "invalid_grant", unavailable("it answered 500")),
        (503, "temporarily_unavailable", unavailable("it answered 503")),
        (
            400,
            "secret_4/0AbC-code",
            refused("for a reason that is not in any standard"),
        ),
    ] {
        let fake = provider(status, json!({"error": word, "error_description": "saw 4/0AbC-code"})).await;
        assert_eq!(exchange(at(&fake.base)).await.err(), Some(expected), "{status} {word}");
        assert!(fake.heard("/userinfo").await.is_empty());
    }
}

/// B52. Mutant: with the oauth2 crate's own error in the message, a body is printed with what it holds.
#[tokio::test]
async fn nonsense_is_an_outage_and_is_not_repeated() {
    let html = "<html>4/0AbC-code</html>".to_owned();
    let large = format!("{{\"access_token\":\"{}\"}}", "x".repeat(70_000));
    let scripts: Vec<Box<dyn Fn() -> Say + Send + Sync>> = vec![
        Box::new({
            let html = html.clone();
            move || Say::Text(200, html.clone())
        }),
        Box::new(move || Say::Text(400, html.clone())),
        Box::new(|| Say::Text(200, String::new())),
        Box::new(|| Say::Json(200, json!(["ya29.secret-access"]))),
        Box::new(|| Say::Json(200, json!({"access_token": "", "token_type": "Bearer"}))),
        Box::new(|| Say::Json(200, json!({"access_token": "ya29.secret-access", "token_type": "mac"}))),
        Box::new(move || Say::Unannounced(large.clone())),
        Box::new(|| Say::Redirect(307, "/elsewhere".to_owned())),
        Box::new(|| Say::Silence),
    ];
    for (number, script) in scripts.into_iter().enumerate() {
        let fake = Fake::start(move |_| script()).await;
        let error = exchange(at(&fake.base)).await.err().unwrap();
        assert!(matches!(error, ProviderError::Unavailable(_)), "{number}: {error}");
        let printed = format!("{error} {error:?}");
        assert!(
            !printed.contains("0AbC") && !printed.contains("ya29") && !printed.contains("html"),
            "{printed}"
        );
        assert!(fake.heard("/elsewhere").await.is_empty());
    }
    let cut =
        raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"access_token\":").await;
    assert!(matches!(exchange(at(&cut)).await, Err(ProviderError::Unavailable(_))));
}

/// The rules one by one are in the id token's own tests.
/// Mutants: without the comparison of nonces, or of subjects, the last ones sign in.
#[tokio::test]
async fn an_id_token_that_comes_along_must_agree_with_the_attempt_and_with_userinfo() {
    let signer = Signer::new("one");
    for (claims, accepted) in [
        (json!({}), true),
        (json!({"iss": "accounts.google.com"}), true),
        (json!({"nonce": "another attempt's"}), false),
        (json!({"sub": "105"}), false),
    ] {
        // Its issuer is known only once it listens; the configuration fixes it beforehand.
        let mut answer = tokens();
        answer["id_token"] = json!(signer.sign(&id_claims("https://op.example", &claims)));
        let fake = signing_provider(200, answer, published(&[&signer])).await;
        let mut config = at(&fake.base);
        config.issuer = "https://op.example".to_owned();
        let outcome = exchange(config).await;
        assert_eq!(outcome.is_ok(), accepted, "{claims}");
        assert!(
            accepted || matches!(outcome, Err(ProviderError::Refused(_))),
            "{claims}"
        );
    }
}

#[tokio::test]
async fn who_signed_in_must_be_said() {
    for (status, info, refused) in [
        (
            401,
            json!({"error": "invalid_request", "error_description": "Invalid Credentials"}),
            true,
        ),
        (403, json!({}), true),
        (500, json!({}), false),
        (200, json!({}), false),
        (200, json!({"sub": ""}), false),
        (200, json!({"sub": "x".repeat(256)}), false),
        (302, json!({"sub": "104"}), false),
    ] {
        let fake = Fake::start(move |heard| match heard.path.as_str() {
            "/token" => Say::Json(200, tokens()),
            _ => Say::Json(status, info.clone()),
        })
        .await;
        let error = exchange(at(&fake.base)).await.err().unwrap();
        assert_eq!(matches!(error, ProviderError::Refused(_)), refused, "{status} {error}");
        assert!(!matches!(error, ProviderError::Misconfigured(_)));
    }
}
