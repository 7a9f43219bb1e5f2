//! An agency's own apps at providers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::provider::ProviderId;

/// The apps that an agency registered at providers itself, also those that it uses no more: what customers granted to one of them
/// can be renewed and taken back through that one alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apps {
    numbers: u32,
    in_use: BTreeMap<ProviderId, String>,
    known: BTreeMap<ProviderId, BTreeMap<String, u32>>,
}

impl Apps {
    /// The client id of the app that new sign-ins at a provider go through; none where that is the installation's.
    pub fn of(&self, provider: &ProviderId) -> Option<&str> {
        self.in_use.get(provider).map(String::as_str)
    }

    /// Under which number the secret of an app is kept, if it ever was the agency's.
    pub fn number(&self, provider: &ProviderId, client_id: &str) -> Option<u32> {
        self.known.get(provider)?.get(client_id).copied()
    }

    /// The client id of the app whose secret is kept under a number.
    pub fn client_of(&self, provider: &ProviderId, number: u32) -> Option<&str> {
        let mut known = self.known.get(provider)?.iter();
        let (client_id, _) = known.find(|(_, known)| **known == number)?;
        Some(client_id)
    }

    /// The number that the next one will have.
    pub fn next_number(&self) -> u32 {
        self.numbers + 1
    }

    pub(super) fn set(&mut self, provider: &ProviderId, client_id: &str, number: u32) {
        self.numbers = number;
        self.in_use.insert(provider.clone(), client_id.to_owned());
        let known = self.known.entry(provider.clone()).or_default();
        known.insert(client_id.to_owned(), number);
    }

    pub(super) fn remove(&mut self, provider: &ProviderId) {
        self.in_use.remove(provider);
    }
}
