//! The form of a sealed record. It is final: another form is another version, and this one stays readable.
//!
//! ```text
//! version (1) | algorithm (1) | length of the key's id (1) | key's id | wrapped data key (60) | record
//! ```
//! Both seals are nonce (12), ciphertext, tag (16). The record is sealed under a data key of its own. The data key is sealed
//! under a wrapping key that is derived from the key that the keyring names by that id, for this place alone: so no key ever
//! seals enough for a random nonce to repeat. Re-wrapping changes the data key's seal only.

use application::ports::cipher::CipherError;
use secrecy::{ExposeSecret, SecretSlice};

use super::{
    Named, aad,
    aead::{self, Key, OVERHEAD},
    hashes::derive,
    keyring::{Keyring, is_key_id},
};

/// Version 1, AES-256-GCM.
const FORMAT: [u8; 2] = [1, 1];
const WRAPPED: usize = 32 + OVERHEAD;

/// The parts of a sealed record.
struct Blob<'a> {
    key_id: &'a str,
    wrapped: &'a [u8],
    record: &'a [u8],
}

impl<'a> Blob<'a> {
    fn parse(sealed: &'a [u8]) -> Result<Self, CipherError> {
        Self::parts(sealed).ok_or(CipherError::Malformed)
    }

    fn parts(sealed: &'a [u8]) -> Option<Self> {
        let rest = sealed.strip_prefix(&FORMAT)?;
        let (length, rest) = rest.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*length))?;
        let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_key_id(id))?;
        let (wrapped, record) = rest.split_at_checked(WRAPPED)?;
        (record.len() >= OVERHEAD).then_some(Self {
            key_id,
            wrapped,
            record,
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.key_id.len()).unwrap_or(0); // the keyring knows no id that is longer than 32
        [
            &FORMAT,
            [length].as_slice(),
            self.key_id.as_bytes(),
            self.wrapped,
            self.record,
        ]
        .concat()
    }
}

/// The id of the key that a sealed record is wrapped under, to find those that still stand under an old one.
pub fn key_id(sealed: &[u8]) -> Option<&str> {
    Blob::parts(sealed).map(|blob| blob.key_id)
}

/// Seals a record into its place, under the active key.
pub(super) fn seal(keyring: &Keyring, named: &Named, plain: &[u8]) -> Vec<u8> {
    let (key_id, key) = keyring.active();
    let data_key = aead::random_key();
    Blob {
        key_id,
        wrapped: &wrap((key_id, key), named, data_key.expose_secret()),
        record: &aead::seal(data_key.expose_secret(), &aad::of_record(FORMAT, named), plain),
    }
    .to_bytes()
}

/// Opens a record from its place. The key is the one that the record names: no other is tried.
pub(super) fn open(keyring: &Keyring, named: &Named, sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError> {
    let blob = Blob::parse(sealed)?;
    let data_key = unwrap(keyring, named, &blob)?;
    open_record(&data_key, named, &blob)
}

/// The same record with its data key wrapped under the active key; none when it is already. A record that does not open is refused:
/// under a new key it would look as if it had been whole.
pub(super) fn rewrap(keyring: &Keyring, named: &Named, sealed: &[u8]) -> Result<Option<Vec<u8>>, CipherError> {
    let blob = Blob::parse(sealed)?;
    let (key_id, key) = keyring.active();
    if blob.key_id == key_id {
        return Ok(None);
    }
    let data_key = unwrap(keyring, named, &blob)?;
    open_record(&data_key, named, &blob)?;
    let wrapped = wrap((key_id, key), named, data_key.expose_secret());
    let rewrapped = Blob {
        key_id,
        wrapped: &wrapped,
        ..blob
    };
    Ok(Some(rewrapped.to_bytes()))
}

fn wrap((key_id, key): (&str, &Key), named: &Named, data_key: &[u8]) -> Vec<u8> {
    let aad = aad::of_wrap(FORMAT, named, key_id);
    aead::seal(wrapping_key(key, &aad).expose_secret(), &aad, data_key)
}

fn unwrap(keyring: &Keyring, named: &Named, blob: &Blob<'_>) -> Result<SecretSlice<u8>, CipherError> {
    let key = keyring.key(blob.key_id).ok_or(CipherError::UnknownKey)?;
    let aad = aad::of_wrap(FORMAT, named, blob.key_id);
    aead::open(wrapping_key(key, &aad).expose_secret(), &aad, blob.wrapped)
}

fn open_record(data_key: &SecretSlice<u8>, named: &Named, blob: &Blob<'_>) -> Result<SecretSlice<u8>, CipherError> {
    let key = data_key.expose_secret().try_into();
    let key = key.map_err(|_| CipherError::Malformed)?;
    aead::open(key, &aad::of_record(FORMAT, named), blob.record)
}

fn wrapping_key(key: &Key, wrap_aad: &[u8]) -> Key {
    derive(key.expose_secret(), &[b"wrap", wrap_aad])
}
