//! Proof Key for Code Exchange (RFC 7636), with the reading of missing pieces that Google has.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::params::Params;

/// What the authorization request committed to.
#[derive(Clone, Debug)]
pub(crate) enum Challenge {
    Plain(String),
    S256(String),
}

impl Challenge {
    /// The challenge of a request, if it has one; the error names the bad parameter.
    pub(crate) fn of(params: &Params) -> Result<Option<Self>, &'static str> {
        let method = params.get("code_challenge_method");
        let Some(value) = params.get("code_challenge") else {
            return if method.is_some() {
                Err("code_challenge")
            } else {
                Ok(None)
            };
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if !(43..=128).contains(&value.len()) || !value.chars().all(allowed) {
            return Err("code_challenge");
        }
        match method {
            None | Some("plain") => Ok(Some(Self::Plain(value.to_owned()))),
            Some("S256") => Ok(Some(Self::S256(value.to_owned()))),
            Some(_) => Err("code_challenge_method"),
        }
    }

    pub(crate) fn is_answered_by(&self, verifier: &str) -> bool {
        match self {
            Self::Plain(challenge) => challenge == verifier,
            Self::S256(challenge) => *challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        }
    }
}
