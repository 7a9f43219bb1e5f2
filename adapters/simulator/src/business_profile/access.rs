//! Who calls, and whether they may.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::account_state::{AccountState, Capability};
use crate::business_profile::model::Listing;
use crate::business_profile::status::{Method, Status};
use crate::oauth::ledger::DeadToken;
use crate::oauth::scopes::BUSINESS_MANAGE;
use crate::personas::Persona;
use crate::state::Shared;

/// The persona whose token this is, if the token is alive and good for Business Profile.
pub(crate) async fn caller<'a>(app: &'a Shared, headers: &HeaderMap, method: Method) -> Result<Caller<'a>, Status> {
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
    let persona = app.persona(&token.authorization.persona);
    let persona = persona.ok_or_else(|| Status::token_unknown(method))?;
    let state = world.state_of(&persona.id);
    match state.quota {
        Some(quota) => Err(Status::quota_exceeded(method, quota)),
        None => Ok(Caller { persona, state }),
    }
}

/// Who calls, and in what state their account is.
pub(crate) struct Caller<'a> {
    pub(crate) persona: &'a Persona,
    state: AccountState,
}

impl<'a> Caller<'a> {
    /// Whether the listing is there for this account at all.
    pub(crate) fn reaches(&self, listing: &Listing) -> bool {
        !self.state.removed.contains(&listing.id) && !self.state.lost.contains(&listing.id)
    }

    /// A listing that the account can reach. Somebody else's is refused, and an unknown one not found.
    pub(crate) fn listing(&self, app: &Shared, id: &str) -> Result<&'a Listing, Status> {
        let is_removed = self.state.removed.iter().any(|removed| removed == id);
        let own = self.persona.listings().into_iter();
        let own = own
            .filter(|listing| self.reaches(listing))
            .find(|listing| listing.id == id);
        own.ok_or_else(|| {
            let mut all = app.personas.iter().flat_map(Persona::listings);
            if !is_removed && all.any(|listing| listing.id == id) {
                Status::permission_denied()
            } else {
                Status::not_found()
            }
        })
    }

    /// Refuses what the account may not do.
    pub(crate) fn may(&self, capability: Capability) -> Result<(), Status> {
        if self.state.denied.contains(&capability) {
            Err(Status::permission_denied())
        } else {
            Ok(())
        }
    }
}
