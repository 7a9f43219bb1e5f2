//! Personal data: sealed for one event and one subject, and committed to by a salted hash.

use std::collections::HashSet;

use domain::log::SealedPersonal;
use sha2::{Digest, Sha256};

use super::*;

const JSON: &[u8] = r#"{"name":"Café Zürich"}"#.as_bytes();

fn event(number: u64) -> EventId {
    EventId(uuid(number))
}

fn customer(number: u64) -> Subject {
    Subject::Customer(CustomerId(uuid(number)))
}

fn sealed(cipher: &VaultCipher, key: &SecretSlice<u8>) -> SealedPersonal {
    cipher.seal_personal(key, event(1), customer(1), JSON)
}

#[test]
fn personal_data_opens_for_its_event_and_subject() {
    let cipher = cipher();
    let key = cipher.new_key();
    let personal = sealed(&cipher, &key);
    assert_eq!(personal.subject, customer(1));
    assert_eq!(cipher.open_personal(&key, event(1), &personal).as_deref(), Ok(JSON));
    let empty = cipher.seal_personal(&key, event(1), customer(1), b"");
    assert_eq!(cipher.open_personal(&key, event(1), &empty), Ok(vec![]));
}

/// Mutant: with an AAD without the event this opens.
#[test]
fn personal_data_moved_to_another_event_is_refused() {
    let cipher = cipher();
    let key = cipher.new_key();
    let personal = sealed(&cipher, &key);
    assert_eq!(
        cipher.open_personal(&key, event(2), &personal),
        Err(CipherError::Refused)
    );
}

/// Even if both subjects had one key. Mutant: with an AAD without the subject this opens.
#[test]
fn personal_data_moved_to_another_subject_is_refused() {
    let cipher = cipher();
    let key = cipher.new_key();
    for subject in [customer(2), Subject::Member(MemberId(uuid(1)))] {
        let moved = SealedPersonal {
            subject,
            ..sealed(&cipher, &key)
        };
        assert_eq!(cipher.open_personal(&key, event(1), &moved), Err(CipherError::Refused));
    }
}

#[test]
fn personal_data_does_not_open_under_another_key() {
    let cipher = cipher();
    let (key, other) = (cipher.new_key(), cipher.new_key());
    let personal = sealed(&cipher, &key);
    assert_eq!(
        cipher.open_personal(&other, event(1), &personal),
        Err(CipherError::Refused)
    );
    let half = SecretSlice::from(key.expose_secret()[..16].to_vec());
    assert_eq!(
        cipher.open_personal(&half, event(1), &personal),
        Err(CipherError::Malformed)
    );
}

/// The log's hash is SHA-256(salt ‖ JSON), and the salt is inside the seal.
#[test]
fn the_hash_is_a_salted_commitment_to_the_json() {
    let cipher = cipher();
    let key = cipher.new_key();
    let personal = sealed(&cipher, &key);
    let aad = crate::vault::aad::of_personal(1, event(1), customer(1));
    let key: &[u8; 32] = key.expose_secret().try_into().unwrap();
    let plain = crate::vault::aead::open(key, &aad, &personal.sealed[1..]).unwrap();
    let (salt, json) = plain.expose_secret().split_at(32);
    assert_eq!(json, JSON);
    let hash: [u8; 32] = Sha256::new().chain_update(salt).chain_update(JSON).finalize().into();
    assert_eq!(hash, personal.hash);
}

/// Mutant: without the salt all hashes are one, and whoever guesses a name can prove it from an erased log.
#[test]
fn the_same_json_hashes_differently_each_time() {
    let cipher = cipher();
    let key = cipher.new_key();
    let hashes: HashSet<_> = (0..100).map(|_| sealed(&cipher, &key).hash).collect();
    assert_eq!(hashes.len(), 100);
}

/// Mutant: without the comparison, a seal that was replaced by another for the same event still opens.
#[test]
fn a_seal_that_the_logs_hash_does_not_speak_of_is_refused() {
    let cipher = cipher();
    let key = cipher.new_key();
    let (one, other) = (sealed(&cipher, &key), sealed(&cipher, &key));
    let replaced = SealedPersonal {
        sealed: other.sealed,
        ..one
    };
    assert_eq!(
        cipher.open_personal(&key, event(1), &replaced),
        Err(CipherError::Refused)
    );
}

#[test]
fn personal_data_with_any_one_byte_altered_or_cut_is_refused() {
    let cipher = cipher();
    let key = cipher.new_key();
    let personal = sealed(&cipher, &key);
    for at in 0..personal.sealed.len() {
        let mut altered = personal.clone();
        altered.sealed[at] ^= 0x10;
        assert!(cipher.open_personal(&key, event(1), &altered).is_err(), "byte {at}");
        altered.sealed.truncate(at);
        assert!(cipher.open_personal(&key, event(1), &altered).is_err(), "{at} bytes");
    }
}

/// A sealed text too short for a salt cannot have come from here, but must not panic either.
#[test]
fn personal_data_without_room_for_a_salt_is_malformed() {
    let cipher = cipher();
    let key = cipher.new_key();
    let aad = crate::vault::aad::of_personal(1, event(1), customer(1));
    let sealed = crate::vault::aead::seal(key.expose_secret().try_into().unwrap(), &aad, b"short");
    let personal = SealedPersonal {
        subject: customer(1),
        sealed: [b"\x01", sealed.as_slice()].concat(),
        hash: Sha256::digest(b"short").into(),
    };
    assert_eq!(
        cipher.open_personal(&key, event(1), &personal),
        Err(CipherError::Malformed)
    );
}

#[test]
#[should_panic(expected = "32 bytes")]
fn personal_data_is_never_sealed_under_an_empty_key() {
    sealed(&cipher(), &SecretSlice::from(vec![]));
}
