//! The token endpoint: a code, or a refresh token, for an access token.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::OAuthClient;
use crate::oauth::client_authentication::authenticate;
use crate::oauth::error::{NEVER_STORED, OAuthError};
use crate::oauth::id_token;
use crate::oauth::ledger::{ACCESS_TOKEN_LIFETIME, Authorization, Code, DeadToken, TESTING_LIFETIME};
use crate::oauth::pkce::Challenge;
use crate::oauth::scopes::{OPENID, Scopes};
use crate::params::Params;
use crate::state::{App, Shared, World};

/// The answer; what does not apply is left out.
#[derive(Debug, Serialize)]
struct Tokens {
    access_token: String,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<i64>,
}

pub(crate) async fn token(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Result<Response, OAuthError> {
    let form = Params::parse(&body);
    let mut world = app.world.lock().await;
    let grant_type = form
        .get("grant_type")
        .ok_or_else(|| OAuthError::missing("grant_type"))?;
    let client = authenticate(&world, &headers, &form)?;
    let now = app.clock.now();
    let tokens = match grant_type {
        "authorization_code" => exchange(&app, &mut world, &client, &form, now),
        "refresh_token" => refresh(&app, &mut world, &client, &form, now),
        other => Err(OAuthError::unsupported_grant_type(other)),
    }?;
    Ok((NEVER_STORED, Json(tokens)).into_response())
}

fn exchange(
    app: &Shared,
    world: &mut World,
    client: &OAuthClient,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Tokens, OAuthError> {
    let text = form.get("code").ok_or_else(|| OAuthError::missing("code"))?;
    let redirect_uri = form
        .get("redirect_uri")
        .ok_or_else(|| OAuthError::missing("redirect_uri"))?;
    let code = world.ledger.take_code(text, &client.id, now);
    let code = code.ok_or_else(|| OAuthError::invalid_grant("Malformed auth code."))?;
    world.token_error_of(&code.authorization.persona)?;
    if code.redirect_uri != redirect_uri {
        return Err(OAuthError::redirect_uri_mismatch());
    }
    check_verifier(code.challenge.as_ref(), form.get("code_verifier"))?;
    let mut tokens = issue(
        app,
        world,
        &code.authorization,
        (code.offline, code.nonce.as_deref()),
        now,
    )?;
    if code.earns_refresh_token {
        add_refresh_token(app, world, &mut tokens, code, now);
    }
    Ok(tokens)
}

fn check_verifier(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.is_answered_by(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(OAuthError::invalid_grant("Invalid code verifier.")),
        (Some(_), None) => Err(OAuthError::invalid_grant("Missing code verifier.")),
        (None, Some(_)) => Err(OAuthError::invalid_grant("code_verifier or verifier is not needed.")),
    }
}

fn add_refresh_token(app: &Shared, world: &mut World, tokens: &mut Tokens, code: Code, now: DateTime<Utc>) {
    // Signing in alone is exempt from the seven days of a project in "Testing".
    let short = app.settings.testing_project && !code.authorization.scopes.beyond_sign_in().is_empty();
    let lifetime = short.then_some(TESTING_LIFETIME);
    tokens.refresh_token = Some(world.ledger.issue_refresh_token(code.authorization, lifetime, now));
    tokens.refresh_token_expires_in = lifetime.map(|lifetime| lifetime.num_seconds());
}

/// No rotation: the answer never has a refresh token, and the one presented goes on working.
fn refresh(
    app: &Shared,
    world: &mut World,
    client: &OAuthClient,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Tokens, OAuthError> {
    let text = form
        .get("refresh_token")
        .ok_or_else(|| OAuthError::missing("refresh_token"))?;
    let mut authorization = world.ledger.refresh(text, &client.id, now).map_err(|dead| match dead {
        DeadToken::Unknown => OAuthError::invalid_grant("Bad Request"),
        DeadToken::Ended => OAuthError::invalid_grant("Token has been expired or revoked."),
        DeadToken::Foreign => OAuthError::not_your_token(),
    })?;
    world.token_error_of(&authorization.persona)?;
    if let Some(narrower) = form.get("scope") {
        let narrower = Scopes::parse(narrower).map_err(|_| OAuthError::invalid_scope())?;
        if !authorization.scopes.covers(&narrower) {
            return Err(OAuthError::invalid_scope());
        }
        authorization.scopes = narrower;
    }
    issue(app, world, &authorization, (true, None), now)
}

fn issue(
    app: &Shared,
    world: &mut World,
    authorization: &Authorization,
    (offline, nonce): (bool, Option<&str>),
    now: DateTime<Utc>,
) -> Result<Tokens, OAuthError> {
    let persona = app
        .persona(&authorization.persona)
        .ok_or_else(|| OAuthError::invalid_grant("Bad Request"))?;
    let access_token = world.ledger.issue_access_token(authorization.clone(), offline, now);
    let id_token = if authorization.scopes.contains(OPENID) {
        let about = (authorization, access_token.as_str(), nonce);
        let signed = id_token::issue(world, &app.settings, persona, about, now);
        Some(
            signed
                .inspect_err(|error| tracing::error!(%error, "no identity token"))
                .map_err(|_| OAuthError::internal())?,
        )
    } else {
        None
    };
    Ok(Tokens {
        access_token,
        expires_in: ACCESS_TOKEN_LIFETIME.num_seconds(),
        refresh_token: None,
        scope: authorization.scopes.to_string(),
        token_type: "Bearer",
        id_token,
        refresh_token_expires_in: None,
    })
}
