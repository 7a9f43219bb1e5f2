//! Google's OAuth 2.0 and `OpenID` Connect endpoints, as far as a web server uses them.

mod authorize;
pub(crate) mod client_authentication;
mod discovery;
pub(crate) mod error;
pub(crate) mod id_token;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod pkce;
pub(crate) mod request;
mod revoke;
pub(crate) mod scopes;
mod token;
mod tokeninfo;
pub(crate) mod user_agent;
pub(crate) mod userinfo;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) const AUTHORIZE: &str = "/o/oauth2/v2/auth";
pub(crate) const TOKEN: &str = "/token";
pub(crate) const REVOKE: &str = "/revoke";
pub(crate) const TOKENINFO: &str = "/tokeninfo";
pub(crate) const USERINFO: &str = "/v1/userinfo";
pub(crate) const CERTS: &str = "/oauth2/v3/certs";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document))
        .route(CERTS, get(discovery::certs))
        .route(AUTHORIZE, get(authorize::authorize))
        .route(TOKEN, post(token::token))
        .route(REVOKE, post(revoke::revoke))
        .route(TOKENINFO, get(tokeninfo::tokeninfo))
        .route(USERINFO, get(userinfo::userinfo).post(userinfo::userinfo))
        .route("/oauth2/v3/userinfo", get(userinfo::userinfo))
}
