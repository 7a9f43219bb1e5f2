//! What was issued: codes, families of refresh tokens, access tokens, and who used what how often.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{oauth::pkce::Challenge, random};

const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

type Time = DateTime<Utc>;

/// What a code, or a family of tokens, stands for.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    pub(super) persona: String,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
}

/// A code with what it is bound to.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) authorization: Authorization,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) nonce: Option<String>,
}

/// Everything that came from one sign-in. It ends as a whole.
#[derive(Debug)]
struct Family {
    authorization: Authorization,
    /// The refresh token that works; the ones before it do not.
    current: String,
    /// The one before it, and until when it is borne with.
    former: Option<(String, Time)>,
    rotations: u32,
    uses: u32,
    dead: bool,
}

/// How a server refreshes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refreshes {
    /// Whether another refresh token takes the place of the one that is used.
    pub(super) rotate: bool,
    pub(super) now: Time,
    /// Until when the one that is replaced now is borne with.
    pub(super) grace_until: Time,
    /// When the access token ends.
    pub(super) expires_at: Time,
}

/// Why a refresh token is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Nobody ever got it, or another application did, or its family has ended.
    Refused,
    /// It was replaced by a newer one, and its family has ended by that.
    Reused,
}

/// The books.
#[derive(Debug, Default)]
pub(super) struct Books {
    codes: HashMap<String, (Code, Time)>,
    families: Vec<Family>,
    /// Every refresh token ever given, by its family.
    refresh_tokens: HashMap<String, usize>,
    access_tokens: HashMap<String, (usize, Time)>,
    reuse_detections: u32,
    codes_presented_twice: u32,
    spent_codes: HashMap<String, Option<usize>>,
    verifiers: Vec<String>,
}

/// What happened to tokens so far, in numbers; no token stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// How often a refresh token was presented after it had been replaced.
    pub reuse_detections: u32,
    /// How often a code was presented again.
    pub codes_presented_twice: u32,
    /// By person and application, in that order.
    pub accounts: Vec<Account>,
}

/// One person's tokens for one application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The persona's id.
    pub persona: String,
    /// The application.
    pub client_id: String,
    /// Families that still work.
    pub live_families: u32,
    /// Families that have ended.
    pub ended_families: u32,
    /// Refreshes that were answered with tokens.
    pub refreshes: u32,
    /// Refresh tokens that were replaced.
    pub rotations: u32,
    /// Access tokens that still work.
    pub access_tokens: u32,
}

/// Tokens that were made without a sign-in, for whoever tests what comes after one.
#[derive(Clone, Serialize)]
pub struct Minted {
    /// An access token.
    pub access_token: String,
    /// The first refresh token of a new family.
    pub refresh_token: String,
}

impl Books {
    pub(super) fn issue_code(&mut self, code: Code, now: Time) -> String {
        let text = random::authorization_code();
        self.codes.insert(text.clone(), (code, now + CODE_LIFETIME));
        text
    }

    /// Uses a code up, whoever presents it. Presented again, it takes with it what it was exchanged for (RFC 6749 4.1.2).
    pub(super) fn take_code(&mut self, text: &str, client_id: &str, now: Time) -> Option<Code> {
        if let Some(family) = self.spent_codes.get(text) {
            self.codes_presented_twice += 1;
            if let Some(family) = *family {
                self.families[family].dead = true;
            }
            return None;
        }
        let (code, expires_at) = self.codes.remove(text)?;
        self.spent_codes.insert(text.to_owned(), None);
        (code.authorization.client_id == client_id && now < expires_at).then_some(code)
    }

    /// Begins a family: an access token, and its first refresh token.
    pub(super) fn begin(&mut self, authorization: Authorization, code: Option<&str>, expires_at: Time) -> Minted {
        let refresh_token = random::refresh_token();
        let family = self.families.len();
        self.families.push(Family {
            authorization,
            current: refresh_token.clone(),
            former: None,
            rotations: 0,
            uses: 0,
            dead: false,
        });
        self.refresh_tokens.insert(refresh_token.clone(), family);
        if let Some(code) = code {
            self.spent_codes.insert(code.to_owned(), Some(family));
        }
        Minted {
            access_token: self.access_token(family, expires_at),
            refresh_token,
        }
    }

    /// Uses a refresh token. One that was replaced a moment ago gets what took its place once more, where the server bears with that.
    pub(super) fn refresh(
        &mut self,
        text: &str,
        client_id: &str,
        how: Refreshes,
    ) -> Result<(Minted, Authorization), Unusable> {
        let number = *self.refresh_tokens.get(text).ok_or(Unusable::Refused)?;
        let family = &mut self.families[number];
        if family.authorization.client_id != client_id {
            return Err(Unusable::Refused);
        }
        let is_former = |former: &(String, Time)| former.0 == text && how.now < former.1;
        let is_borne_with = family.former.as_ref().is_some_and(is_former);
        if family.current != text && !is_borne_with {
            family.dead = true;
            self.reuse_detections += 1;
            return Err(Unusable::Reused);
        }
        if family.dead {
            return Err(Unusable::Refused);
        }
        family.uses += 1;
        if how.rotate && !is_borne_with {
            family.rotations += 1;
            let former = std::mem::replace(&mut family.current, random::refresh_token());
            family.former = Some((former, how.grace_until));
            self.refresh_tokens.insert(family.current.clone(), number);
        }
        let (refresh_token, authorization) = (family.current.clone(), family.authorization.clone());
        let access_token = self.access_token(number, how.expires_at);
        Ok((
            Minted {
                access_token,
                refresh_token,
            },
            authorization,
        ))
    }

    fn access_token(&mut self, family: usize, expires_at: Time) -> String {
        let text = random::access_token();
        self.access_tokens.insert(text.clone(), (family, expires_at));
        text
    }

    /// What a living access token stands for.
    pub(super) fn bearer(&self, text: &str, now: Time) -> Option<&Authorization> {
        let (family, expires_at) = self.access_tokens.get(text)?;
        let family = &self.families[*family];
        (!family.dead && now < *expires_at).then_some(&family.authorization)
    }

    /// Ends the family of a token of that application; says whether there was a living one. A refresh token that was replaced is
    /// unknown here, as at most servers.
    pub(super) fn revoke(&mut self, text: &str, client_id: Option<&str>) -> bool {
        let access = self.access_tokens.get(text).map(|(family, _)| *family);
        let refresh = self.refresh_tokens.get(text).copied();
        let current = refresh.filter(|family| self.families[*family].current == text);
        let Some(family) = current.or(access) else {
            return false;
        };
        let family = &mut self.families[family];
        let is_ours = client_id.is_none_or(|client| family.authorization.client_id == client);
        is_ours && !std::mem::replace(&mut family.dead, true)
    }

    /// Ends everything of a person, as somebody does on the provider's own pages.
    pub(super) fn withdraw(&mut self, persona: &str) -> usize {
        let families = self.families.iter_mut();
        let theirs = families.filter(|family| family.authorization.persona == persona && !family.dead);
        theirs.map(|family| family.dead = true).count()
    }

    /// Remembers what a client proved itself with.
    pub(super) fn hear(&mut self, verifier: &str) {
        self.verifiers.push(verifier.to_owned());
    }

    /// Everything that nobody but a client and this server may ever know, by what it is.
    pub(super) fn secrets(&self) -> Vec<(&'static str, String)> {
        let named = |name: &'static str| move |text: &String| (name, text.clone());
        let codes = self.codes.keys().chain(self.spent_codes.keys()).map(named("a code"));
        let refresh = self.refresh_tokens.keys().map(named("a refresh token"));
        let access = self.access_tokens.keys().map(named("an access token"));
        let verifiers = self.verifiers.iter().map(named("a verifier"));
        codes.chain(refresh).chain(access).chain(verifiers).collect()
    }

    pub(super) fn audit(&self, now: Time) -> Audit {
        let mut accounts: BTreeMap<(&str, &str), Account> = BTreeMap::new();
        for (number, family) in self.families.iter().enumerate() {
            let (persona, client_id) = (&family.authorization.persona, &family.authorization.client_id);
            let account = accounts.entry((persona, client_id)).or_default();
            (account.persona, account.client_id) = (persona.clone(), client_id.clone());
            account.live_families += u32::from(!family.dead);
            account.ended_families += u32::from(family.dead);
            account.refreshes += family.uses;
            account.rotations += family.rotations;
            let tokens = self.access_tokens.values();
            let living = tokens.filter(|(of, expires_at)| *of == number && now < *expires_at && !family.dead);
            account.access_tokens += u32::try_from(living.count()).unwrap_or(u32::MAX);
        }
        Audit {
            reuse_detections: self.reuse_detections,
            codes_presented_twice: self.codes_presented_twice,
            accounts: accounts.into_values().collect(),
        }
    }
}
