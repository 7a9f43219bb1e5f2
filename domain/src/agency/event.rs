//! What can happen to an agency, and the words its events use.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    host::HostName,
    ids::{MemberId, Mode},
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
    provider::ProviderId,
    secret_hash::SecretHash,
    trail::Reminders,
};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Customers and links.
    SalesAgent,
}

/// What an API key may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
pub enum ApiKeyScope {
    /// Read customers.
    #[serde(rename = "customers:read")]
    #[strum(serialize = "customers:read")]
    CustomersRead,
    /// Create and change customers.
    #[serde(rename = "customers:write")]
    #[strum(serialize = "customers:write")]
    CustomersWrite,
    /// Erase customers, for good.
    #[serde(rename = "customers:erase")]
    #[strum(serialize = "customers:erase")]
    CustomersErase,
    /// Read links.
    #[serde(rename = "links:read")]
    #[strum(serialize = "links:read")]
    LinksRead,
    /// Issue, show again and revoke links.
    #[serde(rename = "links:write")]
    #[strum(serialize = "links:write")]
    LinksWrite,
    /// Read integrations.
    #[serde(rename = "integrations:read")]
    #[strum(serialize = "integrations:read")]
    IntegrationsRead,
    /// Connect directly, disconnect and delete integrations.
    #[serde(rename = "integrations:write")]
    #[strum(serialize = "integrations:write")]
    IntegrationsWrite,
    /// Ask providers how integrations are.
    #[serde(rename = "integrations:check")]
    #[strum(serialize = "integrations:check")]
    IntegrationsCheck,
    /// Read audit trails.
    #[serde(rename = "audit:read")]
    #[strum(serialize = "audit:read")]
    AuditRead,
    /// Follow the feed of events.
    #[serde(rename = "events:read")]
    #[strum(serialize = "events:read")]
    EventsRead,
    /// See personal data in the feed.
    #[serde(rename = "personal:read")]
    #[strum(serialize = "personal:read")]
    PersonalRead,
    /// See what the server does by itself.
    #[serde(rename = "jobs:read")]
    #[strum(serialize = "jobs:read")]
    JobsRead,
    /// Begin again what the server has given up.
    #[serde(rename = "jobs:retry")]
    #[strum(serialize = "jobs:retry")]
    JobsRetry,
    /// Read reports.
    #[serde(rename = "reports:read")]
    #[strum(serialize = "reports:read")]
    ReportsRead,
    /// Manage the agency's mail: its server and its habits.
    #[serde(rename = "mail:manage")]
    #[strum(serialize = "mail:manage")]
    MailManage,
    /// Manage the agency's own apps at providers.
    #[serde(rename = "providers:manage")]
    #[strum(serialize = "providers:manage")]
    ProvidersManage,
    /// Read the access tokens of connections.
    #[serde(rename = "credentials:read")]
    #[strum(serialize = "credentials:read")]
    CredentialsRead,
    /// Put other credentials in the place of a connection's.
    #[serde(rename = "credentials:write")]
    #[strum(serialize = "credentials:write")]
    CredentialsWrite,
}

impl ApiKeyScope {
    /// Every scope there is.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::IntoEnumIterator>::iter()
    }
}

/// A colour as `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

/// Why a text is no colour.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written #rrggbb")]
pub struct InvalidColour;

impl Colour {
    /// # Errors
    /// When the text is not `#` and six hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.strip_prefix('#').ok_or(InvalidColour)?;
        (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .then(|| Self(text.to_ascii_lowercase()))
            .ok_or(InvalidColour)
    }

    /// The colour as `#rrggbb`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Colour {
    type Error = InvalidColour;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

/// How an agency's pages look and whom they name for help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branding {
    /// The colour of the bar and the button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary: Option<Colour>,
    /// SHA-256 (hex) of the logo among the stored images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Where a customer gets help: an address of the agency, not of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_contact: Option<String>,
}

/// Which mails an agency sends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailHabits {
    /// When customers are reminded of links that they do not use; never when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Reminders>,
    /// Whether a customer gets a receipt when a connection was made.
    pub receipt: bool,
    /// Whether the member who asked gets one.
    pub requester_receipt: bool,
    /// Whether a customer is asked by mail when a connection needs a new sign-in. The member who asked for it always is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reconnect_customer: bool,
}

impl Default for MailHabits {
    /// Receipts to both, no reminders; a customer hears of what broke from the agency.
    fn default() -> Self {
        Self {
            reminders: None,
            receipt: true,
            requester_receipt: true,
            reconnect_customer: false,
        }
    }
}

/// What happened to an agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum AgencyEvent {
    /// It joined the installation.
    Created {
        /// The company's name.
        name: String,
    },
    /// Its pages look different from now on.
    BrandingChanged {
        /// The new look.
        #[serde(flatten)]
        branding: Branding,
    },
    /// It owns a host more.
    HostAdded {
        /// The name.
        host: HostName,
    },
    /// A person joined.
    MemberAdded {
        /// The id.
        member: MemberId,
        /// What the person may do.
        role: Role,
        /// Name and e-mail address.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// A key was made.
    ApiKeyIssued {
        /// Its number within the agency, from 1.
        number: u32,
        /// SHA-256 of its secret.
        secret_hash: SecretHash,
        /// The world it opens.
        mode: Mode,
        /// The member in whose name it acts.
        member: MemberId,
        /// What it may do.
        scopes: BTreeSet<ApiKeyScope>,
    },
    /// A key was taken back.
    ApiKeyRevoked {
        /// Its number.
        number: u32,
    },
    /// A person left, and was erased: the key that opened its personal data was destroyed in the same commit.
    MemberErased {
        /// The id.
        member: MemberId,
    },
    /// Its mail leaves over a server of its own. What stands there (host, login, sender) is sealed in the vault.
    MailAccountSet {
        /// Under which number, from 1.
        number: u32,
    },
    /// Its mail leaves over the installation's server again.
    MailAccountRemoved {},
    /// New sign-ins at a provider go through an app of its own. Its secret is sealed in the vault.
    ProviderAppSet {
        /// The provider.
        provider: ProviderId,
        /// The app's client id there.
        client_id: String,
        /// Under which number its secret is kept, from 1.
        number: u32,
    },
    /// New sign-ins at a provider go through the installation's app again.
    ProviderAppRemoved {
        /// The provider.
        provider: ProviderId,
    },
    /// It sends other mails by itself than before.
    MailHabitsChanged {
        /// From now on.
        #[serde(flatten)]
        habits: MailHabits,
    },
}

stored_as_variant!(AgencyEvent);

impl LoggedEvent for AgencyEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        match self {
            Self::MemberAdded { personal, .. } => Some(personal),
            _ => None,
        }
    }
}
