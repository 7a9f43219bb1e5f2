//! What still works of all that was granted, so that a test can prove who won and who lost.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Ledger;
use crate::oauth::scopes::Scopes;

/// What one person lets one application do, as far as tokens for it still work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveGrant {
    /// The persona's id.
    pub persona: String,
    /// The application.
    pub client_id: String,
    /// Every scope that some live token has.
    pub scopes: Vec<String>,
    /// How many access tokens still work.
    pub access_tokens: usize,
    /// How many refresh tokens still work.
    pub refresh_tokens: usize,
}

impl Ledger {
    pub(crate) fn live_grants(&self, now: DateTime<Utc>) -> Vec<LiveGrant> {
        let access = self
            .access_tokens
            .values()
            .filter(|token| !token.revoked && now < token.expires_at);
        let access = access.map(|token| (&token.authorization, 1, 0));
        let refresh = self.refresh_tokens.values().filter(|token| token.lives(now));
        let refresh = refresh.map(|token| (&token.authorization, 0, 1));
        let mut grants: HashMap<(&str, &str), (Scopes, usize, usize)> = HashMap::new();
        for (authorization, access_tokens, refresh_tokens) in access.chain(refresh) {
            let grant = grants
                .entry((&authorization.persona, &authorization.client_id))
                .or_default();
            grant.0.extend(&authorization.scopes);
            grant.1 += access_tokens;
            grant.2 += refresh_tokens;
        }
        let mut grants: Vec<LiveGrant> = grants.into_iter().map(LiveGrant::from).collect();
        grants.sort_by(|a, b| (&a.persona, &a.client_id).cmp(&(&b.persona, &b.client_id)));
        grants
    }
}
impl From<((&str, &str), (Scopes, usize, usize))> for LiveGrant {
    fn from(
        ((persona, client_id), (scopes, access_tokens, refresh_tokens)): ((&str, &str), (Scopes, usize, usize)),
    ) -> Self {
        Self {
            persona: persona.to_owned(),
            client_id: client_id.to_owned(),
            scopes: scopes.to_vec(),
            access_tokens,
            refresh_tokens,
        }
    }
}
