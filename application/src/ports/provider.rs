//! Providers: signing in, listing what can be connected, and taking access back.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    grant::{LossReason, RefreshFailure},
    integration::{Capability, CapabilityState},
    provider::{ListingRef, ProviderApp, ProviderId},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The catalogue of configured providers.
pub trait Catalogue: Send + Sync {
    /// The connector of a provider, with the installation's app; none when it is not configured.
    fn connector(&self, provider: &ProviderId) -> Option<Arc<dyn Connector>>;

    /// The connector of a provider with another app; none when the provider is not configured.
    fn with_app(&self, provider: &ProviderId, app: &OwnApp) -> Option<Arc<dyn Connector>>;

    /// The provider whose callback path that is: its own, or that of an agency's app under it.
    fn by_callback_path(&self, path: &str) -> Option<Arc<dyn Connector>>;

    /// Every configured provider.
    fn all(&self) -> Vec<Arc<dyn Connector>>;
}

/// An app that an agency registered at a provider itself.
#[derive(Clone, Debug)]
pub struct OwnApp {
    /// Who registered it, and its client id.
    pub app: ProviderApp,
    /// Under which number its secret is kept: another secret has another number.
    pub number: u32,
    /// Its client secret.
    pub secret: SecretString,
}

impl OwnApp {
    /// The number of one that is only tried: nobody keeps anything for it.
    pub const TRIED: u32 = 0;
}

/// What pages say about a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name in the catalogue.
    pub id: ProviderId,
    /// What people call it, as in "Sign in with Google".
    pub name: String,
    /// What is connected there: "Google Business Profile".
    pub product: String,
    /// What one thing to pick is called: "Business Profile".
    pub listing: String,
    /// The same for several: "Business Profiles".
    pub listings: String,
    /// What the agency will be able to do, in plain words, one line each.
    pub permissions: Vec<String>,
    /// Which icon stands for it: `google`, `facebook` or `app`.
    pub icon: String,
    /// Where its account's owner can take the access back: "your Google Account, under Security".
    pub withdraw_at: Option<String>,
    /// The address of a page that tells how an account gets the access that it lacks at a listing.
    pub access_guide: Option<String>,
}

/// What a sign-in at the provider needs to begin.
#[derive(Clone)]
pub struct SignIn<'a> {
    /// Random, once, bound to the attempt.
    pub state: &'a SecretString,
    /// Random, once; comes back in the id token.
    pub nonce: &'a str,
    /// SHA-256 of the PKCE verifier, base64url.
    pub code_challenge: &'a str,
}

/// A code and what its exchange needs.
pub struct CodeExchange<'a> {
    /// The code.
    pub code: &'a SecretString,
    /// The PKCE verifier.
    pub verifier: &'a SecretString,
    /// The redirect URI that was sent at the start.
    pub redirect_uri: &'a str,
    /// The nonce that an id token must carry.
    pub nonce: &'a str,
}

/// What a provider gave: tokens, and who signed in. Kept only sealed.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credential {
    /// The access token.
    #[serde(serialize_with = "expose")]
    pub access_token: SecretString,
    /// The refresh token, where there is one.
    #[serde(serialize_with = "expose_option")]
    pub refresh_token: Option<SecretString>,
    /// When the access token ends, in seconds since 1970, where the provider says.
    pub expires_at: Option<i64>,
    /// What was granted, which may be less than was asked.
    pub scopes: BTreeSet<String>,
    /// Who signed in.
    pub account: Account,
}

/// The account that signed in at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The provider's stable id of it.
    pub subject: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// For sealing alone: the one place where a credential turns into text.
fn expose<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(secret))
}

#[expect(clippy::ref_option, reason = "serde hands the field as it is")]
fn expose_option<S: serde::Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret
        .as_ref()
        .map(secrecy::ExposeSecret::expose_secret)
        .serialize(serializer)
}

/// Something that can be picked, or is shown greyed with the reason why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The provider's name of it.
    pub reference: ListingRef,
    /// What it is called.
    pub title: String,
    /// Where it is, on one line.
    pub address: Option<String>,
    /// Why it cannot be picked.
    pub unpickable: Option<Unpickable>,
}

/// Why a listing cannot be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Unpickable {
    /// The provider does not take the account for its owner yet.
    Unverified,
    /// The provider suspended or disabled it.
    Suspended,
    /// Another listing stands for the same place.
    Duplicate,
    /// It is closed for good.
    Closed,
}

/// What a provider answers when it is asked for something that a connection is good for: its kind, never its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Answer {
    /// It did it.
    Allowed,
    /// The account may not do it.
    Denied,
    /// It is not there any more.
    Gone,
    /// The listing has to be verified first.
    Unverified,
    /// The token does not work. Whether the sign-in does, renewing it will show.
    TokenRefused,
    /// It was asked too often.
    Busy,
    /// The app is not allowed to ask: whoever registered it has to act, and no customer.
    AppRefused,
    /// No answer, or one that says nothing.
    Unavailable,
}

impl Answer {
    /// What it says about the capability; nothing where it says nothing about it, and all stays as it was known.
    pub fn state(self) -> Option<CapabilityState> {
        match self {
            Self::Allowed => Some(CapabilityState::Ok),
            Self::Denied => Some(CapabilityState::PermissionDenied),
            Self::Gone => Some(CapabilityState::RemovedByProvider),
            Self::Unverified => Some(CapabilityState::Unverified),
            Self::TokenRefused | Self::Busy | Self::AppRefused | Self::Unavailable => None,
        }
    }

    /// Whether the same question may get another answer soon.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable)
    }
}

/// A question to a provider, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probed {
    /// What was asked for.
    pub capability: Capability,
    /// What was answered.
    pub answer: Answer,
}

/// What a provider says about an access token, as far as it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// What it is good for.
    pub scopes: Option<BTreeSet<String>>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<i64>,
}

/// How far taking back reaches at a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revokes {
    /// What came with one token ends; other sign-ins of the account go on.
    Token,
    /// Everything that the account ever granted the app ends, other connections included.
    #[default]
    Account,
}

/// Why a provider did not do what it was asked. Never holds a code, a token or an answer's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The code or the token is refused: sign in again.
    #[error("the provider refused the sign-in: {0}")]
    Refused(String),
    /// Our registration there is wrong: the operator must act.
    #[error("the provider refuses this installation's app: {0}")]
    Misconfigured(String),
    /// It could not be reached, was too slow, or answered nonsense.
    #[error("the provider is unavailable: {0}")]
    Unavailable(String),
}

/// Why credentials were not renewed. Never holds a token or an answer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// Not now: they are as good as before, and it is tried again.
    #[error("they could not be renewed: {reason}")]
    Failed {
        /// Why.
        reason: RefreshFailure,
        /// Not sooner, where the provider says so.
        retry_after: Option<Duration>,
        /// Whether the request may have been heard all the same. A provider that gives a new refresh token each time may then
        /// hold the old one for used up, and nobody has the new one.
        is_unanswered: bool,
    },
    /// The answer broke off, or nobody can read it. It may have held new credentials, and whoever asks for them again at once may
    /// get them: many providers forgive that for a moment.
    #[error("the answer broke off")]
    BrokenOff,
    /// They are worth nothing any more.
    #[error("they are worth nothing any more: {0}")]
    Lost(LossReason),
}

/// One configured provider.
#[async_trait]
pub trait Connector: Send + Sync {
    /// What pages say about it.
    fn about(&self) -> &About;

    /// The app that is registered there.
    fn app(&self) -> &ProviderApp;

    /// Who may answer, compared to the letter with an answer's `iss`.
    fn issuer(&self) -> &str;

    /// The redirect URI that is registered there.
    fn redirect_uri(&self) -> &str;

    /// The scopes without which nothing works.
    fn required_scopes(&self) -> &BTreeSet<String>;

    /// The address at the provider where the sign-in begins.
    ///
    /// # Errors
    /// When the configured address is no address.
    fn authorize_url(&self, sign_in: &SignIn<'_>) -> Result<String, ProviderError>;

    /// Turns a code into tokens, checks the id token that came along, and asks who signed in.
    async fn exchange(&self, exchange: &CodeExchange<'_>) -> Result<Credential, ProviderError>;

    /// Renews credentials by their refresh token. What the answer leaves out stays as it was: the refresh token, the scopes.
    async fn refresh(&self, credential: &Credential) -> Result<Credential, RefreshError>;

    /// Whose access token that is.
    async fn identify(&self, access_token: &SecretString) -> Result<Account, ProviderError>;

    /// What the provider says about an access token. A provider that cannot be asked says nothing.
    ///
    /// # Errors
    /// [`ProviderError::Refused`] when it is worth nothing, or was given to another app.
    async fn granted(&self, _access_token: &SecretString) -> Result<Granted, ProviderError> {
        Ok(Granted::default())
    }

    /// How long credentials may lie unused before they are renewed only to stay alive; none where the provider keeps them anyway.
    fn keep_alive(&self) -> Option<TimeDelta> {
        None
    }

    /// Whether the provider ends the credentials of apps that are registered for testing only, after seven days.
    fn has_testing(&self) -> bool {
        false
    }

    /// Whether there is nothing to pick: the account itself is what is connected.
    fn connects_account(&self) -> bool {
        false
    }

    /// Everything that the account manages, each once, pickable or not.
    async fn listings(&self, access_token: &SecretString) -> Result<Vec<Listing>, ProviderError>;

    /// What it can be asked about a connection.
    fn capabilities(&self) -> &'static [Capability] {
        &[]
    }

    /// Asks for everything that a connection is good for, once each and changing nothing. What a provider cannot be asked about is
    /// left out; without any interface of its own, that is everything.
    async fn probe(&self, _credential: &Credential, _listing: &ListingRef) -> Vec<Probed> {
        vec![]
    }

    /// How far [`Connector::revoke`] reaches. Unless said otherwise, it is taken for far-reaching, which harms nobody else.
    fn revokes(&self) -> Revokes {
        Revokes::Account
    }

    /// Whether the provider knows the app, and takes its secret. A provider that cannot be asked without a sign-in is not asked.
    async fn check_app(&self) -> Result<(), ProviderError> {
        Ok(())
    }

    /// Takes back what the account granted. Success when it was taken back before.
    async fn revoke(&self, credential: &Credential) -> Result<(), ProviderError>;
}
