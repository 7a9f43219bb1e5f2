//! The random id that tells one browser from another, and the form token that is bound to it.

use application::{
    App,
    ports::cipher::{Cipher, HashPurpose},
};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// With `Secure` and the prefix that keeps other hosts from setting it.
const SECURE_COOKIE: &str = "__Host-gl";
/// On http, which is served on loopback only, browsers refuse the prefix.
const PLAIN_COOKIE: &str = "gl";
const BYTES: usize = 32;

/// A browser as this host knows it.
pub(super) struct Browser {
    id: String,
    is_new: bool,
}

impl Browser {
    /// The browser that sent these headers; a new one when its cookie is missing or damaged. A valid cookie is never replaced.
    pub(super) fn of(headers: &HeaderMap, app: &App) -> Self {
        let name = cookie_name(&app.addresses.scheme);
        match cookies(headers).find(|(key, value)| *key == name && is_id(value)) {
            Some((_, id)) => Self {
                id: id.to_owned(),
                is_new: false,
            },
            None => Self {
                id: URL_SAFE_NO_PAD.encode(app.random::<BYTES>()),
                is_new: true,
            },
        }
    }

    /// What rows keep of it.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.id.as_bytes()).into()
    }

    /// The cookie to set, for a new browser.
    pub(super) fn cookie(&self, scheme: &str) -> Option<HeaderValue> {
        let name = cookie_name(scheme);
        let secure = if scheme == "https" { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax{secure}",
            self.id
        );
        self.is_new.then(|| HeaderValue::from_str(&cookie).ok()).flatten()
    }

    /// The token that this browser's forms carry.
    pub(super) fn form_token(&self, cipher: &dyn Cipher) -> String {
        URL_SAFE_NO_PAD.encode(cipher.keyed_hash(HashPurpose::FormToken, &[self.id.as_bytes()]))
    }
}

/// Whether a form came from a page that this browser was given.
pub(super) fn is_own_form(expected: &str, sent: &str) -> bool {
    expected.as_bytes().ct_eq(sent.as_bytes()).into()
}

fn cookie_name(scheme: &str) -> &'static str {
    if scheme == "https" { SECURE_COOKIE } else { PLAIN_COOKIE }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let texts = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn is_id(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == BYTES)
}
