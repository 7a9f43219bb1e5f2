//! Taking access back.

use application::ports::provider::ProviderError;
use serde_json::json;

use super::{Only, at, credential};
use crate::{
    http::fake::{Fake, Say},
    providers::ClientAuth,
};

async fn saying(status: u16, body: serde_json::Value) -> Fake {
    Fake::start(move |_| Say::Json(status, body.clone())).await
}

#[tokio::test]
async fn the_refresh_token_is_taken_back_and_else_the_access_token() {
    for (refresh, sent) in [(Some("1//refresh"), "token=1%2F%2Frefresh"), (None, "token=access")] {
        let fake = saying(200, json!({})).await;
        Only::new(at(&fake.base))
            .connector()
            .revoke(&credential(refresh))
            .await
            .unwrap();
        let heard = &fake.heard("/revoke").await[0];
        assert_eq!((heard.body.as_str(), heard.query.as_str()), (sent, ""));
    }
}

#[tokio::test]
async fn what_was_taken_back_before_is_a_success() {
    let fake = saying(
        400,
        json!({"error": "invalid_token", "error_description": "Token expired or revoked"}),
    )
    .await;
    assert_eq!(
        Only::new(at(&fake.base)).connector().revoke(&credential(None)).await,
        Ok(())
    );
}

#[tokio::test]
async fn a_provider_without_revocation_is_not_asked() {
    let fake = saying(500, json!({})).await;
    let mut config = at(&fake.base);
    config.revoke_url = String::new();
    assert_eq!(Only::new(config).connector().revoke(&credential(None)).await, Ok(()));
    assert!(fake.heard("/revoke").await.is_empty());
}

#[tokio::test]
async fn a_revocation_that_failed_says_whether_trying_again_helps() {
    for (status, body, again) in [
        (429, json!({}), true),
        (503, json!({"error": "invalid_token"}), true),
        (302, json!({"error": "invalid_token"}), true),
        (404, json!("access"), true),
        (401, json!({"error": "invalid_client"}), false),
        (400, json!({"error": "unsupported_token_type"}), false),
    ] {
        let fake = saying(status, body.clone()).await;
        let error = Only::new(at(&fake.base))
            .connector()
            .revoke(&credential(None))
            .await
            .unwrap_err();
        assert_eq!(matches!(error, ProviderError::Unavailable(_)), again, "{status} {body}");
        assert_eq!(
            matches!(error, ProviderError::Misconfigured(_)),
            !again,
            "{status} {body}"
        );
        assert!(!error.to_string().contains("access"));
    }
}

#[tokio::test]
async fn a_provider_that_wants_to_know_who_asks_is_told() {
    for (auth, body, header) in [
        (
            ClientAuth::Post,
            "token=access&client_id=our-client&client_secret=our-secret",
            None,
        ),
        (
            ClientAuth::Basic,
            "token=access",
            Some("Basic b3VyLWNsaWVudDpvdXItc2VjcmV0"),
        ),
    ] {
        let fake = saying(200, json!({})).await;
        let mut config = at(&fake.base);
        config.revoke_with_client = true;
        config.client_auth = auth;
        Only::new(config).connector().revoke(&credential(None)).await.unwrap();
        let heard = &fake.heard("/revoke").await[0];
        assert_eq!((heard.body.as_str(), heard.authorization.as_deref()), (body, header));
    }
}
