//! Who has granted what to whom, and every code and token that came of it.

mod audit;
mod live;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::oauth::pkce::Challenge;
use crate::oauth::scopes::Scopes;
use crate::random;

pub use audit::{AccountTokens, TokenAudit};
pub use live::LiveGrant;

/// Google does not say how long a code lives; ten minutes is the most that the standard recommends.
const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);
pub(crate) const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::seconds(3599);
/// A refresh token that nobody uses for six months dies.
const IDLE_LIFETIME: TimeDelta = TimeDelta::days(182);
/// What refresh tokens of a project in "Testing" get.
pub(crate) const TESTING_LIFETIME: TimeDelta = TimeDelta::seconds(604_799);
/// Per account and client; the oldest goes without a word.
const LIVE_REFRESH_TOKENS: usize = 100;

type Time = DateTime<Utc>;

/// What a code or a token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) persona: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Scopes,
}

impl Authorization {
    fn same_grant(&self, persona: &str, project: &str) -> bool {
        self.persona == persona && project_of(&self.client_id) == project
    }
}

/// A code with everything it is bound to.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) authorization: Authorization,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) nonce: Option<String>,
    /// Offline access was asked for and a consent page was shown.
    pub(crate) earns_refresh_token: bool,
    /// Offline access was asked for.
    pub(crate) offline: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct AccessToken {
    pub(crate) authorization: Authorization,
    pub(crate) expires_at: Time,
    pub(crate) offline: bool,
    revoked: bool,
}

#[derive(Clone, Debug)]
struct RefreshToken {
    authorization: Authorization,
    number: u64,
    last_used: Time,
    expires_at: Option<Time>,
    dead: bool,
    uses: u64,
}

impl RefreshToken {
    fn lives(&self, now: Time) -> bool {
        !self.dead && now - self.last_used < IDLE_LIFETIME && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Why a token is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadToken {
    /// It was never issued.
    Unknown,
    /// It was, and has expired or been revoked since.
    Ended,
    /// It belongs to another client.
    Foreign,
}

/// The books of the authorization server.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By project and persona.
    consents: HashMap<(String, String), Scopes>,
    codes: HashMap<String, (Code, Time)>,
    access_tokens: HashMap<String, AccessToken>,
    refresh_tokens: HashMap<String, RefreshToken>,
    issued: u64,
    /// Refresh tokens that went because there were too many.
    evictions: u64,
    /// How often somebody presented a refresh token that had ended.
    uses_of_ended: u64,
}

impl Ledger {
    /// What this person has ever agreed to, and not taken back, for the client's project.
    pub(crate) fn consented(&self, persona: &str, client_id: &str) -> Scopes {
        let key = (project_of(client_id).to_owned(), persona.to_owned());
        self.consents.get(&key).cloned().unwrap_or_default()
    }

    pub(crate) fn consent(&mut self, authorization: &Authorization) {
        let key = (
            project_of(&authorization.client_id).to_owned(),
            authorization.persona.clone(),
        );
        self.consents.entry(key).or_default().extend(&authorization.scopes);
    }

    pub(crate) fn issue_code(&mut self, code: Code, now: Time) -> String {
        let text = random::authorization_code();
        self.codes.insert(text.clone(), (code, now + CODE_LIFETIME));
        text
    }

    /// Uses a code up. Any attempt by its own client does, even a failed one; a stranger's attempt does not.
    pub(crate) fn take_code(&mut self, text: &str, client_id: &str, now: Time) -> Option<Code> {
        self.codes
            .get(text)
            .filter(|(code, _)| code.authorization.client_id == client_id)?;
        let (code, expires_at) = self.codes.remove(text)?;
        (now < expires_at).then_some(code)
    }

    pub(crate) fn issue_access_token(&mut self, authorization: Authorization, offline: bool, now: Time) -> String {
        let text = random::access_token();
        let expires_at = now + ACCESS_TOKEN_LIFETIME;
        self.access_tokens.insert(
            text.clone(),
            AccessToken {
                authorization,
                expires_at,
                offline,
                revoked: false,
            },
        );
        text
    }

    /// Issues a refresh token, and silently ends the oldest one of the same person and client beyond the hundredth.
    pub(crate) fn issue_refresh_token(
        &mut self,
        authorization: Authorization,
        lifetime: Option<TimeDelta>,
        now: Time,
    ) -> String {
        self.issued += 1;
        let text = random::refresh_token();
        let (persona, client_id) = (authorization.persona.clone(), authorization.client_id.clone());
        let expires_at = lifetime.map(|lifetime| now + lifetime);
        let token = RefreshToken {
            authorization,
            number: self.issued,
            last_used: now,
            expires_at,
            dead: false,
            uses: 0,
        };
        self.refresh_tokens.insert(text.clone(), token);
        self.evict(&persona, &client_id, now);
        text
    }

    fn evict(&mut self, persona: &str, client_id: &str, now: Time) {
        let mut live: Vec<&mut RefreshToken> = self
            .refresh_tokens
            .values_mut()
            .filter(|token| token.authorization.persona == persona && token.authorization.client_id == client_id)
            .filter(|token| token.lives(now))
            .collect();
        live.sort_unstable_by_key(|token| token.number);
        let too_many = live.len().saturating_sub(LIVE_REFRESH_TOKENS);
        self.evictions += too_many as u64;
        for token in live.into_iter().take(too_many) {
            token.dead = true;
        }
    }

    /// What a refresh token stands for; looking counts as using it.
    pub(crate) fn refresh(&mut self, text: &str, client_id: &str, now: Time) -> Result<Authorization, DeadToken> {
        let token = self.refresh_tokens.get_mut(text).ok_or(DeadToken::Unknown)?;
        if token.authorization.client_id != client_id {
            return Err(DeadToken::Foreign);
        }
        if !token.lives(now) {
            self.uses_of_ended += 1;
            return Err(DeadToken::Ended);
        }
        token.last_used = now;
        token.uses += 1;
        Ok(token.authorization.clone())
    }

    pub(crate) fn access_token(&self, text: &str, now: Time) -> Result<&AccessToken, DeadToken> {
        let token = self.access_tokens.get(text).ok_or(DeadToken::Unknown)?;
        if token.revoked || now >= token.expires_at {
            Err(DeadToken::Ended)
        } else {
            Ok(token)
        }
    }

    /// Takes back everything that the token's owner ever granted to its project, through whatever client.
    pub(crate) fn revoke(&mut self, text: &str, now: Time) -> bool {
        let refresh = self
            .refresh_tokens
            .get(text)
            .filter(|token| token.lives(now))
            .map(|token| &token.authorization);
        let access = self.access_token(text, now).ok().map(|token| &token.authorization);
        let Some(authorization) = refresh.or(access).cloned() else {
            return false;
        };
        let (persona, project) = (authorization.persona.as_str(), project_of(&authorization.client_id));
        self.consents.remove(&(project.to_owned(), persona.to_owned()));
        self.codes
            .retain(|_, (code, _)| !code.authorization.same_grant(persona, project));
        for token in self
            .access_tokens
            .values_mut()
            .filter(|token| token.authorization.same_grant(persona, project))
        {
            token.revoked = true;
        }
        for token in self
            .refresh_tokens
            .values_mut()
            .filter(|token| token.authorization.same_grant(persona, project))
        {
            token.dead = true;
        }
        true
    }
}

/// Google's client ids begin with the number of the project they belong to: `<number>-<client>.apps...`. Without such a
/// number a client is a project of its own.
fn project_of(client_id: &str) -> &str {
    match client_id.split_once('-') {
        Some((project, _)) if !project.is_empty() && project.bytes().all(|byte| byte.is_ascii_digit()) => project,
        _ => client_id,
    }
}
