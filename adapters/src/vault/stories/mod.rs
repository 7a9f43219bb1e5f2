//! What the vault promises, as stories.

use application::ports::{
    cipher::{Cipher, CipherError},
    vault::{Place, Record},
};
use domain::{
    ids::{AttemptId, CustomerId, EventId, GrantId, InstallationId, LinkId, MemberId, TenantId},
    personal::Subject,
};
use secrecy::{ExposeSecret, SecretSlice};
use uuid::Uuid;

use super::{Keyring, VaultCipher};

mod golden;
mod hashes;
mod keyrings;
mod numbers;
mod personal;
mod places;
mod rotation;
mod secrecy_of_types;
mod tampering;

fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(number.into())
}

fn tenant(number: u64) -> TenantId {
    TenantId(uuid(number))
}

fn place(tenant_number: u64, record: Record) -> Place {
    Place {
        tenant: tenant(tenant_number),
        record,
    }
}

fn credential(grant: u64, generation: u32) -> Record {
    Record::Credential(GrantId(uuid(grant)), generation)
}

fn keyring() -> Keyring {
    Keyring::generate(InstallationId(uuid(1)))
}

fn cipher() -> VaultCipher {
    VaultCipher::new(keyring())
}

/// The text of a keyring with another id for a key; the keys themselves may hold the same letters and stay as they are.
fn renamed(text: &str, from: &str, to: &str) -> String {
    text.replace(&format!("\"{from}\""), &format!("\"{to}\""))
        .replace(&format!("\n{from} ="), &format!("\n{to} ="))
}

/// What a record opens to, or why it does not.
fn opened(cipher: &VaultCipher, place: &Place, sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
    cipher.open(place, sealed).map(|plain| plain.expose_secret().to_vec())
}
