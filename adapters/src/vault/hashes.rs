//! Keyed hashes, and the keys derived from the installation's key: one per purpose, so that none says anything about another.

use application::ports::cipher::HashPurpose;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use super::{aad::canonical, aead::Key};

/// The keys derived from the installation's key. Their labels are final: what was hashed under them is kept.
pub(super) struct SubKeys {
    grant: Key,
    account: Key,
    form_token: Key,
    /// For number tokens.
    pub(super) number: Key,
}

impl SubKeys {
    pub(super) fn of(installation: &Key) -> Self {
        let key = |label: &[u8]| derive(installation.expose_secret(), &[label]);
        Self {
            grant: key(b"hash/grant"),
            account: key(b"hash/account"),
            form_token: key(b"hash/form_token"),
            number: key(b"number"),
        }
    }

    /// A hash for one purpose of parts that cannot run into each other.
    pub(super) fn hash(&self, purpose: HashPurpose, parts: &[&[u8]]) -> [u8; 32] {
        let key = match purpose {
            HashPurpose::Grant => &self.grant,
            HashPurpose::Account => &self.account,
            HashPurpose::FormToken => &self.form_token,
        };
        hmac(key.expose_secret(), &canonical(parts))
    }
}

/// A key derived from another: HKDF-Expand (RFC 5869) with SHA-256, whose `info` is the length-prefixed parts.
pub(super) fn derive(key: &[u8; 32], info: &[&[u8]]) -> Key {
    let mut input = canonical(info);
    input.push(1); // the number of the only block of output
    SecretBox::init_with_mut(|derived: &mut [u8; 32]| *derived = hmac(key, &input))
}

/// HMAC-SHA-256.
pub(super) fn hmac(key: &[u8; 32], data: &[u8]) -> [u8; 32] {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("HMAC takes keys of every length")
    };
    mac.chain_update(data).finalize().into_bytes().into()
}
