//! Renewing credentials, and what refusals mean.

use std::time::Duration;

use application::ports::provider::{Credential, RefreshError};
use domain::grant::{LossReason, RefreshFailure};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{NOW, Only, at, credential};
use crate::{
    http::fake::{Fake, Say},
    providers::ClientAuth,
};

async fn renewed(body: Value) -> Result<Credential, RefreshError> {
    refused_with(200, body).await
}

async fn refused_with(status: u16, body: Value) -> Result<Credential, RefreshError> {
    let fake = Fake::start(move |_| Say::Json(status, body.clone())).await;
    let only = Only::new(at(&fake.base));
    only.connector().refresh(&credential(Some("1//old"))).await
}

fn failed(reason: RefreshFailure, is_unanswered: bool) -> RefreshError {
    RefreshError::Failed {
        reason,
        retry_after: None,
        is_unanswered,
    }
}

/// C41.
///
/// Mutant: when what the answer does not name is gone, this fails.
#[tokio::test]
async fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let body = json!({"access_token": "new", "expires_in": 3599, "scope": "openid", "token_type": "Bearer"});
    let fake = Fake::start(move |_| Say::Json(200, body.clone())).await;
    let only = Only::new(at(&fake.base));
    let new = only.connector().refresh(&credential(Some("1//old"))).await.unwrap();
    assert_eq!(new.access_token.expose_secret(), "new");
    assert_eq!(new.refresh_token.unwrap().expose_secret(), "1//old");
    assert_eq!(new.expires_at, Some(NOW + 3599));
    assert_eq!(new.account, credential(None).account);
    let heard = &fake.heard("/token").await[0];
    let sent = "grant_type=refresh_token&refresh_token=1%2F%2Fold&client_id=our-client&client_secret=our-secret";
    assert_eq!(heard.body, sent);
}

/// C41.
///
/// Mutant: when the old one is kept, this fails.
#[tokio::test]
async fn a_refresh_token_that_was_changed_takes_the_old_ones_place() {
    let new = renewed(json!({"access_token": "new", "refresh_token": "1//new"}))
        .await
        .unwrap();
    assert_eq!(new.refresh_token.unwrap().expose_secret(), "1//new");
    // Nothing was said of scopes and time: the ones stay, the other is not known.
    assert_eq!((new.scopes, new.expires_at), (credential(None).scopes, None));
    // An empty one is none.
    let new = renewed(json!({"access_token": "new", "refresh_token": ""}))
        .await
        .unwrap();
    assert_eq!(new.refresh_token.unwrap().expose_secret(), "1//old");
}

#[tokio::test]
async fn scopes_that_shrank_are_seen() {
    let new = renewed(json!({"access_token": "new", "scope": "https://www.googleapis.com/auth/userinfo.email"})).await;
    assert_eq!(new.unwrap().scopes, std::iter::once("email".to_owned()).collect());
}

#[tokio::test]
async fn a_number_may_be_written_as_text() {
    let new = renewed(json!({"access_token": "new", "expires_in": "60", "token_type": "bearer"})).await;
    assert_eq!(new.unwrap().expires_at, Some(NOW + 60));
}

#[tokio::test]
async fn what_is_lost_says_why() {
    for (status, body, reason) in [
        (400, json!({"error": "invalid_grant"}), LossReason::ExpiredOrRevoked),
        (
            400,
            json!({"error": "invalid_grant", "error_description": "Bad Request"}),
            LossReason::ExpiredOrRevoked,
        ),
        (
            400,
            json!({"error": "invalid_grant", "error_subtype": "invalid_rapt"}),
            LossReason::SessionControl,
        ),
        (400, json!({"error": "admin_policy_enforced"}), LossReason::AdminPolicy),
        (400, json!({"error": "invalid_scope"}), LossReason::ScopesWithdrawn),
        // An error is one, whatever its status says.
        (200, json!({"error": "invalid_grant"}), LossReason::ExpiredOrRevoked),
        (
            200,
            json!({"ok": false, "error": "token_revoked"}),
            LossReason::ExpiredOrRevoked,
        ),
    ] {
        let error = refused_with(status, body.clone()).await.map(|_| ()).unwrap_err();
        assert_eq!(error, RefreshError::Lost(reason), "{status} {body}");
    }
    let only = Only::new(at("http://127.0.0.1:1"));
    let error = only
        .connector()
        .refresh(&credential(None))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, RefreshError::Lost(LossReason::NotRenewable));
}

#[tokio::test]
async fn mistakes_of_the_operators_lose_nothing() {
    let quota = json!({"error": {"code": 429, "details": [{"metadata": {"quota_limit_value": "0"}}]}});
    for (status, body, reason) in [
        (401, json!({"error": "invalid_client"}), RefreshFailure::AppRefused),
        (401, json!({"error": "deleted_client"}), RefreshFailure::AppRefused),
        (400, json!({"error": "unauthorized_client"}), RefreshFailure::AppRefused),
        (429, quota, RefreshFailure::AppNotApproved),
    ] {
        let error = refused_with(status, body.clone()).await.map(|_| ()).unwrap_err();
        assert_eq!(error, failed(reason, false), "{status} {body}");
        assert!(reason.is_the_operators());
    }
}

#[tokio::test]
async fn trouble_that_passes_loses_nothing_and_says_whether_the_request_may_have_been_heard() {
    for (status, body, reason, is_unanswered) in [
        (429, json!({}), RefreshFailure::RateLimited, false),
        (
            503,
            json!({"error": "invalid_grant"}),
            RefreshFailure::Unavailable,
            true,
        ),
        (302, json!({}), RefreshFailure::Unavailable, false),
        (
            400,
            json!({"error": "a_word_of_its_own"}),
            RefreshFailure::Unavailable,
            false,
        ),
        (404, json!({}), RefreshFailure::Unavailable, false),
        (200, json!({}), RefreshFailure::Unavailable, true),
        (
            200,
            json!({"access_token": "new", "token_type": "mac"}),
            RefreshFailure::Unavailable,
            true,
        ),
    ] {
        let error = refused_with(status, body.clone()).await.map(|_| ()).unwrap_err();
        assert_eq!(error, failed(reason, is_unanswered), "{status} {body}");
    }
    let unread = refused_with(200, json!("new")).await.map(|_| ()).unwrap_err();
    assert_eq!(unread, RefreshError::BrokenOff, "it may have held new credentials");
    let fake = Fake::start(|_| Say::Silence).await;
    let slow = Only::new(at(&fake.base));
    let error = slow
        .connector()
        .refresh(&credential(Some("1//old")))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, failed(RefreshFailure::Unavailable, true));
    let nobody = Only::new(at("http://127.0.0.1:1"));
    let error = nobody
        .connector()
        .refresh(&credential(Some("1//old")))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, failed(RefreshFailure::Unavailable, false));
}

#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_says_for_how_long() {
    // NOW is 2026-09-21T14:13:20Z.
    for (status, body, said, heard) in [
        (429, json!({}), "30", Some(30)),
        (429, json!({}), "Mon, 21 Sep 2026 14:14:20 GMT", Some(60)),
        (429, json!({}), "Mon, 21 Sep 2026 13:00:00 GMT", None),
        (429, json!({}), "soon", None),
        (200, json!({"error": "rate_limited"}), "30", Some(30)),
    ] {
        let fake = Fake::start(move |_| Say::Later(status, body.clone(), said)).await;
        let only = Only::new(at(&fake.base));
        let error = only
            .connector()
            .refresh(&credential(Some("1//old")))
            .await
            .map(|_| ())
            .unwrap_err();
        let expected = RefreshError::Failed {
            reason: RefreshFailure::RateLimited,
            retry_after: heard.map(Duration::from_secs),
            is_unanswered: false,
        };
        assert_eq!(error, expected, "{said}");
    }
}

#[tokio::test]
async fn a_provider_that_wants_the_secret_in_a_header_gets_it_there() {
    let fake = Fake::start(|_| Say::Json(200, json!({"access_token": "new"}))).await;
    let mut config = at(&fake.base);
    config.client_auth = ClientAuth::Basic;
    config.client_secret = "a secret".into();
    Only::new(config)
        .connector()
        .refresh(&credential(Some("1//old")))
        .await
        .unwrap();
    let heard = &fake.heard("/token").await[0];
    assert_eq!(heard.body, "grant_type=refresh_token&refresh_token=1%2F%2Fold");
    // our-client:a+secret
    assert_eq!(
        heard.authorization.as_deref(),
        Some("Basic b3VyLWNsaWVudDphK3NlY3JldA==")
    );
}
