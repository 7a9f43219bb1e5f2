//! What became of refresh tokens, in numbers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Ledger;

/// All refresh tokens that were ever given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenAudit {
    /// Ended without a word, because the account had more than a hundred for one application.
    pub evictions: u64,
    /// How often somebody presented one that had ended.
    pub uses_of_ended: u64,
    /// By person and application, in that order.
    pub accounts: Vec<AccountTokens>,
}

/// One person's refresh tokens for one application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccountTokens {
    /// The persona's id.
    pub persona: String,
    /// The application.
    pub client_id: String,
    /// How many still work.
    pub live: u64,
    /// How many do not.
    pub ended: u64,
    /// How often each was used to any effect, the oldest token first.
    pub uses: Vec<u64>,
}

impl Ledger {
    pub(crate) fn audit(&self, now: DateTime<Utc>) -> TokenAudit {
        let mut tokens: Vec<_> = self.refresh_tokens.values().collect();
        tokens.sort_unstable_by_key(|token| token.number);
        let mut accounts: BTreeMap<(&str, &str), AccountTokens> = BTreeMap::new();
        for token in tokens {
            let (persona, client_id) = (&token.authorization.persona, &token.authorization.client_id);
            let account = accounts.entry((persona, client_id)).or_insert_with(|| AccountTokens {
                persona: persona.clone(),
                client_id: client_id.clone(),
                ..AccountTokens::default()
            });
            account.uses.push(token.uses);
            if token.lives(now) {
                account.live += 1;
            } else {
                account.ended += 1;
            }
        }
        TokenAudit {
            evictions: self.evictions,
            uses_of_ended: self.uses_of_ended,
            accounts: accounts.into_values().collect(),
        }
    }

    /// Ends whatever a person has granted to anybody; says how many refresh tokens that were.
    pub(crate) fn withdraw(&mut self, persona: &str, now: DateTime<Utc>) -> usize {
        self.consents.retain(|(_, of), _| of != persona);
        self.codes.retain(|_, (code, _)| code.authorization.persona != persona);
        let access = self.access_tokens.values_mut();
        for token in access.filter(|token| token.authorization.persona == persona) {
            token.revoked = true;
        }
        let refresh = self.refresh_tokens.values_mut();
        let theirs = refresh.filter(|token| token.authorization.persona == persona && token.lives(now));
        theirs.map(|token| token.dead = true).count()
    }
}
