//! Why a command did nothing. One list, so that the edge can map every case and miss none.

use domain::{
    agency::AgencyError,
    connect_link::ConnectLinkError,
    customer::CustomerError,
    grant::{GrantError, LossReason},
    host::HostError,
    integration::IntegrationError,
};

use crate::{
    personal::ReadError,
    ports::{StoreError, provider::ProviderError},
};

/// Why a command did nothing (or recorded only that it came too late).
#[derive(Debug, thiserror::Error)]
#[expect(
    missing_docs,
    reason = "a variant that wraps the error of its module says what that error says"
)]
pub enum CommandError {
    #[error(transparent)]
    Agency(#[from] AgencyError),
    #[error(transparent)]
    ConnectLink(#[from] ConnectLinkError),
    #[error(transparent)]
    Customer(#[from] CustomerError),
    #[error(transparent)]
    Grant(#[from] GrantError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Integration(#[from] IntegrationError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The integration is not the tenant's, or does not exist.
    #[error("there is no such integration")]
    IntegrationNotFound,
    /// Nothing was ever connected there, or it was taken off its account.
    #[error("nothing is connected there")]
    NotConnected,
    /// The credentials are worth nothing any more.
    #[error("the credentials are worth nothing any more: a new sign-in is needed")]
    NeedsReconnect(LossReason),
    /// The provider will not have the credentials that were brought, or they are good for too little.
    #[error("the provider does not take these credentials, or they lack a permission")]
    CredentialsRefused,
    /// The provider does not say what the credentials that were brought are good for.
    #[error("the provider does not say what these credentials are good for: send a refresh token, or sign in")]
    ScopesUnknown,
    /// The credentials cannot be renewed just now: worth another try after so long.
    #[error("the provider cannot be reached, and the credentials have ended")]
    CredentialsAway(std::time::Duration),
    /// The location is not the customer's, or does not exist.
    #[error("there is no such location")]
    LocationNotFound,
    /// There is no such job.
    #[error("there is no such job")]
    JobNotFound,
    /// The installation has no such provider.
    #[error("this provider is not configured")]
    ProviderUnknown,
    /// Links need a host of the agency to open on.
    #[error("the agency has no host on which links could open")]
    NoHost,
    /// Only owners and sales agents issue links.
    #[error("this member may not do that")]
    Forbidden,
    /// The attempt is unknown, over, or another browser's.
    #[error("this sign-in cannot go on: reopen the link")]
    AttemptOver,
    /// The listing is not one that the account can connect.
    #[error("this listing cannot be connected")]
    ListingNotPickable,
    /// The listing is connected to another location, and nobody confirmed that this is meant.
    #[error("this listing is connected to another location already")]
    ListingInUse,
    /// A member connects directly with it, so it is mailed to nobody.
    #[error("a member connects directly with this link: it is mailed to nobody")]
    LinkIsDirect,
    /// The link was mailed often enough.
    #[error("this link was mailed often enough: wait an hour, or send its address another way")]
    MailedOften,
    /// Neither the agency nor the installation has a mail server.
    #[error("no mail server is set up")]
    MailNotSetUp,
    /// The member has no e-mail address that a test mail could go to.
    #[error("nobody's e-mail address is known that the test mail could go to")]
    NoAddress,
    /// The provider does not know the app, or not with that secret.
    #[error("the provider does not accept this client id and secret")]
    AppRefused,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// This node is at work on a call with the same idempotency key.
    #[error("a call with this idempotency key is under way, ask again for its answer")]
    KeyInFlight,
    /// Too many others changed the same things at the same time.
    #[error("the data is too contended, try again")]
    Contended,
    /// A store failed; what it said is for the log alone.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Store(error),
            ReadError::Decode(error) => Self::Store(error.into()),
        }
    }
}
