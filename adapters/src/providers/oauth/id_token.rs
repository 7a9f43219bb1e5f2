//! The id token's claims.
//!
//! Its signature is not checked: the token comes straight from the token endpoint over TLS, in an answer to our own
//! authenticated request, and `OpenID` Connect Core 3.1.3.7 rule 6 lets TLS stand for the signature then. An id token that
//! came any other way (through a browser, from a customer) must not be read by this.

use application::ports::provider::ProviderError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Timestamp;
use serde::Deserialize;

use super::errors::{misconfigured, refused, unavailable};

/// How far the provider's clock and ours may be apart.
const SKEW_SECONDS: i64 = 300;

/// What an id token must agree with.
pub(super) struct Expected<'a> {
    /// The issuer, to the letter, and its accepted legacy forms.
    pub(super) issuers: &'a [String],
    /// Our client id.
    pub(super) client_id: &'a str,
    /// The attempt's nonce.
    pub(super) nonce: &'a str,
    /// Now.
    pub(super) now: Timestamp,
}

/// Who the token is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject(pub(super) String);

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: Option<i64>,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Checks a token against what is expected, by the rules of `OpenID` Connect Core 3.1.3.7.
pub(super) fn check(token: &str, expected: &Expected<'_>) -> Result<Subject, ProviderError> {
    let claims = claims(token).ok_or_else(|| unavailable("its id token is malformed"))?;
    if !expected.issuers.contains(&claims.iss) {
        return Err(misconfigured(
            "the id token names another issuer than the configured one",
        ));
    }
    if !is_meant_for(&claims, expected.client_id) {
        return Err(misconfigured("the id token is meant for another client id"));
    }
    let now = expected.now.timestamp();
    if claims.exp.saturating_add(SKEW_SECONDS) <= now {
        return Err(refused("the id token is expired"));
    }
    if claims
        .iat
        .is_some_and(|issued| issued.saturating_sub(SKEW_SECONDS) > now)
    {
        return Err(refused("the id token is from the future: compare this machine's clock"));
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(refused("the id token belongs to another sign-in"));
    }
    Ok(Subject(claims.sub))
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_header, payload, _signature, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn is_meant_for(claims: &Claims, client_id: &str) -> bool {
    match &claims.aud {
        Audience::One(audience) => audience == client_id,
        // With several audiences, the one that asked for the token is named besides (rules 4 and 5).
        Audience::Many(audiences) if audiences.len() > 1 => {
            audiences.iter().any(|audience| audience == client_id) && claims.azp.as_deref() == Some(client_id)
        }
        Audience::Many(audiences) => audiences.iter().any(|audience| audience == client_id),
    }
}

#[cfg(test)]
mod tests;
