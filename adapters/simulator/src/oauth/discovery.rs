//! The discovery document and the keys it points to.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::oauth::{AUTHORIZE, CERTS, REVOKE, TOKEN, USERINFO};
use crate::state::App;

pub(crate) async fn document(State(app): State<App>) -> Json<Value> {
    let base = &app.settings.base_url;
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}{AUTHORIZE}"),
        "token_endpoint": format!("{base}{TOKEN}"),
        "userinfo_endpoint": format!("{base}{USERINFO}"),
        "revocation_endpoint": format!("{base}{REVOKE}"),
        "jwks_uri": format!("{base}{CERTS}"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "picture", "sub"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": app.settings.issuer_in_callback,
    }))
}

pub(crate) async fn certs(State(app): State<App>) -> impl IntoResponse {
    let keys = app.world.lock().await.keys.published();
    ([(CACHE_CONTROL, "public, max-age=20000, must-revalidate")], Json(keys))
}
