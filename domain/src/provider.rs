//! Words about providers that events carry.

use serde::{Deserialize, Serialize};

/// The catalogue's name of a provider: `google`, `facebook` ...
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(String);

/// Why a text is not a provider's name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 40 lower-case letters, digits or hyphens")]
pub struct InvalidProviderId;

impl ProviderId {
    /// # Errors
    /// When the text is not 1 to 40 lower-case ASCII letters, digits or hyphens.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidProviderId> {
        let text = text.into();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match text.len() {
            1..=40 if text.chars().all(allowed) => Ok(Self(text)),
            _ => Err(InvalidProviderId),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderId {
    type Error = InvalidProviderId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(text)
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl std::fmt::Display for ProviderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One OAuth client registration, named by its owner and its client id; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderApp {
    /// Who registered it: `installation`, or an agency's id.
    pub owner: String,
    /// The client id at the provider.
    pub client_id: String,
}

/// A listing as the provider names it (a Business Profile's `locations/..` or a Page's id), with the account it was reached through.
/// What it is called stands in personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingRef {
    /// The provider's stable name of the listing.
    pub id: String,
    /// The provider's account that holds it, where its calls need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}
