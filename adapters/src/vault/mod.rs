//! The installation's cryptography: the [`Cipher`] over a [`Keyring`].
//!
//! Everything is bound to its place and names its key, so that what was moved, altered or sealed by somebody else does not open.

mod aad;
mod aead;
mod blob;
mod hashes;
mod keyring;
mod keyring_error;
mod keyring_file;
mod numbers;
mod personal;
#[cfg(test)]
mod stories;

use std::sync::{Arc, PoisonError, RwLock};

use application::ports::{
    cipher::{Cipher, CipherError, HashPurpose},
    vault::Place,
};
use domain::{
    ids::{EventId, TenantId},
    log::SealedPersonal,
    personal::Subject,
};
use secrecy::{ExposeSecret, SecretSlice};

pub use blob::key_id;
use hashes::SubKeys;
pub use keyring::Keyring;
pub use keyring_error::KeyringError;

/// A place by the names that its row carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whose it is.
    pub tenant: TenantId,
    /// What the record is.
    pub kind: String,
    /// To what it belongs.
    pub owner: String,
}

impl From<&Place> for Named {
    fn from(place: &Place) -> Self {
        Self {
            tenant: place.tenant,
            kind: place.record.kind().to_owned(),
            owner: place.record.owner(),
        }
    }
}

/// Seals, opens and hashes with the keys of a keyring.
pub struct VaultCipher {
    /// Another one takes its place while others read: keys come and go, hashes never change.
    keyring: RwLock<Arc<Keyring>>,
    sub_keys: SubKeys,
}

impl VaultCipher {
    /// Over the installation's keyring.
    pub fn new(keyring: Keyring) -> Self {
        let sub_keys = SubKeys::of(keyring.installation_key());
        Self {
            keyring: RwLock::new(Arc::new(keyring)),
            sub_keys,
        }
    }

    /// Goes on with another state of the same keyring: what is sealed from now on is under its active key.
    ///
    /// # Errors
    /// When it is another installation's: hashes and tokens would change.
    pub fn go_on_with(&self, keyring: Keyring) -> Result<(), KeyringError> {
        if !self.keyring().is_of_the_same_installation(&keyring) {
            return Err(KeyringError::Foreign);
        }
        *self.keyring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keyring);
        Ok(())
    }

    /// The same record under the active key; none when it is already.
    ///
    /// # Errors
    /// When it does not open there: it was moved or altered, or its key is gone.
    pub fn rewrap(&self, named: &Named, sealed: &[u8]) -> Result<Option<Vec<u8>>, CipherError> {
        blob::rewrap(&self.keyring(), named, sealed)
    }

    fn keyring(&self) -> Arc<Keyring> {
        // Nothing can panic while the lock is held, so what is there is whole.
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for VaultCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultCipher(..)")
    }
}

impl Cipher for VaultCipher {
    fn seal(&self, place: &Place, plain: &[u8]) -> Vec<u8> {
        blob::seal(&self.keyring(), &place.into(), plain)
    }

    fn open(&self, place: &Place, sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError> {
        blob::open(&self.keyring(), &place.into(), sealed)
    }

    fn new_key(&self) -> SecretSlice<u8> {
        aead::random_key().expose_secret().to_vec().into()
    }

    /// # Panics
    /// When the key is none that [`Cipher::new_key`] made.
    fn seal_personal(&self, key: &SecretSlice<u8>, event: EventId, subject: Subject, json: &[u8]) -> SealedPersonal {
        personal::seal(whole(key), event, subject, json)
    }

    fn open_personal(
        &self,
        key: &SecretSlice<u8>,
        event: EventId,
        personal: &SealedPersonal,
    ) -> Result<Vec<u8>, CipherError> {
        let key = key.expose_secret().try_into().map_err(|_| CipherError::Malformed)?;
        personal::open(key, event, personal)
    }

    fn keyed_hash(&self, purpose: HashPurpose, parts: &[&[u8]]) -> [u8; 32] {
        self.sub_keys.hash(purpose, parts)
    }

    /// # Panics
    /// When the key is none that [`Cipher::new_key`] made.
    fn hash_under(&self, key: &SecretSlice<u8>, data: &[u8]) -> [u8; 32] {
        hashes::hmac(whole(key), data)
    }

    fn seal_number(&self, tenant: TenantId, number: u64) -> String {
        numbers::seal(&self.sub_keys.number, tenant, number)
    }

    fn open_number(&self, tenant: TenantId, text: &str) -> Result<u64, CipherError> {
        numbers::open(&self.sub_keys.number, tenant, text)
    }
}

/// A key that [`Cipher::new_key`] made.
///
/// # Panics
/// When it is of another length. No row holds such a key: it would be a mistake in the code, and to seal personal data under,
/// say, an empty key would publish it.
fn whole(key: &SecretSlice<u8>) -> &[u8; 32] {
    let Ok(key) = key.expose_secret().try_into() else {
        panic!("a key for personal data or networks has 32 bytes")
    };
    key
}
