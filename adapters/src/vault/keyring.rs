//! The installation's keys, and the text that holds them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::ids::InstallationId;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    aead::{Key, random_key},
    keyring_error::KeyringError,
};

const FIRST_KEY: &str = "k1";
const MAX_KEY_ID: usize = 32;
/// The name of the installation's key in the text.
const INSTALLATION_KEY: &str = "installation_key";

/// The installation's identity and keys: one that hashes and tokens are derived from, which can never change, and those that
/// wrap the vault's records, which can: new records are sealed under the active one, old ones open with the one that they name.
///
/// It cannot be printed, serialised or cloned, and is wiped when it is dropped. Who loses it loses what is in the vault.
pub struct Keyring {
    installation_id: InstallationId,
    installation_key: Key,
    active: (String, Key),
    /// The keys that only open what was sealed under them.
    others: BTreeMap<String, Key>,
    demo: bool,
}

/// The keyring as TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    installation_id: InstallationId,
    installation_key: SecretString,
    active: String,
    #[serde(default)]
    demo: bool,
    keys: BTreeMap<String, SecretString>,
}

impl Keyring {
    /// Fresh keys for a new installation.
    pub fn generate(installation_id: InstallationId) -> Self {
        Self {
            installation_id,
            installation_key: random_key(),
            active: (FIRST_KEY.to_owned(), random_key()),
            others: BTreeMap::new(),
            demo: false,
        }
    }

    /// The same keys, marked as good for demonstrations only.
    #[must_use]
    pub fn into_demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// Whether the keys are good for demonstrations only: who serves real customers must refuse them.
    pub fn is_demo(&self) -> bool {
        self.demo
    }

    /// The installation that the keys belong to.
    pub fn installation_id(&self) -> InstallationId {
        self.installation_id
    }

    /// Reads the text of a keyring: a file's, or that of an environment variable that holds the same.
    ///
    /// # Errors
    /// When it is not a keyring. What is wrong is named by its place, never quoted: it may be a key.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let found: Text = toml::from_str(text).map_err(|error| KeyringError::Malformed {
            line: line_of(text, error.span()),
        })?;
        if !found.keys.keys().all(|id| is_key_id(id)) {
            return Err(KeyringError::KeyId);
        }
        let keys = found.keys.iter().map(|(id, key)| Ok((id.clone(), decode(id, key)?)));
        let mut others = keys.collect::<Result<BTreeMap<_, _>, KeyringError>>()?;
        Ok(Self {
            installation_id: found.installation_id,
            installation_key: decode(INSTALLATION_KEY, &found.installation_key)?,
            active: others.remove_entry(&found.active).ok_or(KeyringError::Active)?,
            others,
            demo: found.demo,
        })
    }

    /// The text that [`Keyring::parse`] reads. It holds the keys: it belongs in a file that only the server can read.
    pub fn to_toml(&self) -> SecretString {
        // Room for everything at once: a text that grows leaves copies of the keys behind.
        let mut text = Zeroizing::new(String::with_capacity(512 + self.others.len() * 128));
        push(&mut text, "installation_id", &self.installation_id.to_string());
        push_key(&mut text, INSTALLATION_KEY, &self.installation_key);
        push(&mut text, "active", &self.active.0);
        if self.demo {
            text.push_str("demo = true\n");
        }
        text.push_str("\n[keys]\n");
        push_key(&mut text, &self.active.0, &self.active.1);
        for (id, key) in &self.others {
            push_key(&mut text, id, key);
        }
        text.as_str().into()
    }

    /// The id of the key that records are sealed under.
    pub fn active_id(&self) -> &str {
        &self.active.0
    }

    /// The ids of the keys that only open.
    pub fn other_ids(&self) -> impl Iterator<Item = &str> {
        self.others.keys().map(String::as_str)
    }

    /// The same keyring with a new key, and the new key's id. It only opens until it is made active, so that every node can know it
    /// before anything is sealed under it.
    #[must_use]
    pub fn with_new_key(mut self) -> (Self, String) {
        let number = |id: &str| id.strip_prefix('k')?.parse::<u32>().ok();
        let ids = self.others.keys().chain([&self.active.0]);
        let last = ids.filter_map(|id| number(id)).max().unwrap_or_default();
        let id = format!("k{}", last.saturating_add(1));
        self.others.insert(id.clone(), random_key());
        (self, id)
    }

    /// The same keyring, sealing under another of its keys from now on.
    ///
    /// # Errors
    /// When it has no such key.
    pub fn with_active(mut self, id: &str) -> Result<Self, KeyringError> {
        if id == self.active.0 {
            return Ok(self);
        }
        let found = self.others.remove_entry(id);
        let found = found.ok_or_else(|| KeyringError::NoKey { id: id.to_owned() })?;
        let (former, key) = std::mem::replace(&mut self.active, found);
        self.others.insert(former, key);
        Ok(self)
    }

    /// The same keyring without a key. Nothing that is under it can be opened any more.
    ///
    /// # Errors
    /// When it has no such key, or it is the active one.
    pub fn without(mut self, id: &str) -> Result<Self, KeyringError> {
        if id == self.active.0 {
            return Err(KeyringError::StillActive { id: id.to_owned() });
        }
        let removed = self.others.remove(id);
        removed.ok_or_else(|| KeyringError::NoKey { id: id.to_owned() })?;
        Ok(self)
    }

    /// Whether identity and hashes are the same.
    pub(super) fn is_of_the_same_installation(&self, other: &Self) -> bool {
        let (mine, its) = (&self.installation_key, &other.installation_key);
        self.installation_id == other.installation_id && bool::from(mine.expose_secret().ct_eq(its.expose_secret()))
    }

    pub(super) fn installation_key(&self) -> &Key {
        &self.installation_key
    }

    /// The key to seal under, and its id.
    pub(super) fn active(&self) -> (&str, &Key) {
        (&self.active.0, &self.active.1)
    }

    /// The key with this id.
    pub(super) fn key(&self, id: &str) -> Option<&Key> {
        if id == self.active.0 {
            return Some(&self.active.1);
        }
        self.others.get(id)
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring(..)")
    }
}

/// Whether a text can be a key's id: records carry it, so it is short and plain.
pub(super) fn is_key_id(text: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=MAX_KEY_ID).contains(&text.len()) && text.bytes().all(plain)
}

fn decode(name: &str, key: &SecretString) -> Result<Key, KeyringError> {
    let bytes = STANDARD.decode(key.expose_secret()).ok().map(Zeroizing::new);
    let bytes = bytes.filter(|bytes| bytes.len() == 32);
    let bytes = bytes.ok_or_else(|| KeyringError::Key { name: name.to_owned() })?;
    Ok(SecretBox::init_with_mut(|key: &mut [u8; 32]| {
        key.copy_from_slice(&bytes);
    }))
}

fn push_key(text: &mut String, name: &str, key: &Key) {
    push(text, name, &Zeroizing::new(STANDARD.encode(key.expose_secret())));
}

fn push(text: &mut String, name: &str, value: &str) {
    text.extend([name, " = \"", value, "\"\n"]);
}

/// The line, from 1, where a part of the text begins.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start);
    1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count()
}
