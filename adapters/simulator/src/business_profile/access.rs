//! Who calls, and whether they may.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::business_profile::status::{Method, Status};
use crate::oauth::ledger::DeadToken;
use crate::oauth::scopes::BUSINESS_MANAGE;
use crate::personas::Persona;
use crate::state::Shared;

/// The persona whose token this is, if the token is alive and good for Business Profile.
pub(crate) async fn caller<'a>(app: &'a Shared, headers: &HeaderMap, method: Method) -> Result<&'a Persona, Status> {
    let header = headers
        .get(AUTHORIZATION)
        .ok_or_else(|| Status::credentials_missing(method))?;
    let bearer = header.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let bearer = bearer.ok_or_else(|| Status::token_unknown(method))?;
    let world = app.world.lock().await;
    let token = world
        .ledger
        .access_token(bearer, app.clock.now())
        .map_err(|dead| match dead {
            DeadToken::Ended => Status::token_expired(method),
            DeadToken::Unknown | DeadToken::Foreign => Status::token_unknown(method),
        })?;
    if !token.authorization.scopes.contains(BUSINESS_MANAGE) {
        return Err(Status::scope_insufficient(method));
    }
    app.persona(&token.authorization.persona)
        .ok_or_else(|| Status::token_unknown(method))
}
