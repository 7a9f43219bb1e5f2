//! The forms on disk never change in silence. The vectors in `tests/golden/vault` were made by another implementation of
//! the same description (pyca/cryptography); they are never edited. A new form gets new vectors beside them.

use application::ports::cipher::HashPurpose;
use domain::log::SealedPersonal;
use serde::{Deserialize, de::DeserializeOwned};

use super::*;
use crate::vault::key_id;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/golden/vault/", $name))
    };
}

fn vectors<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

fn golden_cipher() -> VaultCipher {
    let keyring = Keyring::parse(golden!("keyring.toml")).unwrap();
    assert!(keyring.is_demo());
    VaultCipher::new(keyring)
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum GoldenRecord {
    LinkToken(LinkId),
    PendingCredential(AttemptId),
    Credential(GrantId, u32),
    Verifier(AttemptId),
    HandOff(AttemptId),
    SubjectKey(Subject),
    NetworkKey(String),
    Receipt(String, String),
}

impl From<GoldenRecord> for Record {
    fn from(record: GoldenRecord) -> Self {
        match record {
            GoldenRecord::LinkToken(id) => Self::LinkToken(id),
            GoldenRecord::PendingCredential(id) => Self::PendingCredential(id),
            GoldenRecord::Credential(grant, generation) => Self::Credential(grant, generation),
            GoldenRecord::Verifier(id) => Self::Verifier(id),
            GoldenRecord::HandOff(id) => Self::HandOff(id),
            GoldenRecord::SubjectKey(subject) => Self::SubjectKey(subject),
            GoldenRecord::NetworkKey(month) => Self::NetworkKey(month),
            GoldenRecord::Receipt(route, key) => Self::Receipt(route, key),
        }
    }
}

#[derive(Deserialize)]
struct SealedVector {
    record: GoldenRecord,
    tenant: TenantId,
    kind: String,
    owner: String,
    key_id: String,
    plain: String,
    sealed: String,
}

#[test]
fn records_of_every_kind_still_open() {
    let cipher = golden_cipher();
    let vectors: Vec<SealedVector> = vectors(golden!("records.json"));
    assert_eq!(vectors.len(), 10);
    for vector in vectors {
        let place = Place {
            tenant: vector.tenant,
            record: vector.record.into(),
        };
        assert_eq!(place.record.kind(), vector.kind);
        assert_eq!(place.record.owner(), vector.owner);
        let sealed = bytes(&vector.sealed);
        assert_eq!(key_id(&sealed), Some(vector.key_id.as_str()));
        assert_eq!(opened(&cipher, &place, &sealed), Ok(vector.plain.clone().into_bytes()));
        // What is sealed today has the same form: the same head and the same length.
        let today = cipher.seal(&place, vector.plain.as_bytes());
        assert_eq!(today[..3], [1, 1, 7]); // the active key's id has seven letters
        assert_eq!(today.len() - 7, sealed.len() - vector.key_id.len());
    }
}

#[derive(Deserialize)]
struct PersonalVector {
    key: String,
    event: EventId,
    subject: Subject,
    json: String,
    sealed: String,
    hash: String,
}

#[test]
fn personal_data_still_opens() {
    let vectors: Vec<PersonalVector> = vectors(golden!("personal.json"));
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let personal = SealedPersonal {
            subject: vector.subject,
            sealed: bytes(&vector.sealed),
            hash: bytes(&vector.hash).try_into().unwrap(),
        };
        let key = SecretSlice::from(bytes(&vector.key));
        let json = golden_cipher().open_personal(&key, vector.event, &personal);
        assert_eq!(json, Ok(vector.json.into_bytes()));
    }
}

#[derive(Deserialize)]
struct HashVectors {
    keyed: Vec<KeyedVector>,
    under: Vec<UnderVector>,
}

#[derive(Deserialize)]
struct KeyedVector {
    purpose: String,
    parts: Vec<String>,
    hash: String,
}

#[derive(Deserialize)]
struct UnderVector {
    key: String,
    data: String,
    hash: String,
}

#[test]
fn hashes_are_still_the_same() {
    let (cipher, vectors): (_, HashVectors) = (golden_cipher(), vectors(golden!("hashes.json")));
    assert_eq!((vectors.keyed.len(), vectors.under.len()), (9, 1));
    for vector in vectors.keyed {
        let purpose = match vector.purpose.as_str() {
            "grant" => HashPurpose::Grant,
            "account" => HashPurpose::Account,
            "form_token" => HashPurpose::FormToken,
            other => panic!("no purpose: {other}"),
        };
        let parts: Vec<_> = vector.parts.iter().map(String::as_bytes).collect();
        assert_eq!(cipher.keyed_hash(purpose, &parts).as_slice(), bytes(&vector.hash));
    }
    for vector in vectors.under {
        let hash = cipher.hash_under(&SecretSlice::from(bytes(&vector.key)), vector.data.as_bytes());
        assert_eq!(hash.as_slice(), bytes(&vector.hash));
    }
}

#[derive(Deserialize)]
struct NumberVector {
    tenant: TenantId,
    number: String,
    text: String,
}

#[test]
fn number_tokens_still_open() {
    let vectors: Vec<NumberVector> = vectors(golden!("numbers.json"));
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let number = golden_cipher().open_number(vector.tenant, &vector.text);
        assert_eq!(number, Ok(vector.number.parse().unwrap()));
        let today = golden_cipher().seal_number(vector.tenant, 1);
        assert_eq!((today.len(), &today[..1]), (vector.text.len(), &vector.text[..1]));
    }
}
