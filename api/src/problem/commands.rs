//! What commands refuse, as problems. Every case of every error is named: a new one does not compile until it has its problem.

use application::{
    CommandError,
    agencies::Denied,
    ports::{StoreError, provider::ProviderError},
};
use domain::{
    agency::AgencyError, connect_link::ConnectLinkError, customer::CustomerError, host::HostError,
    integration::IntegrationError,
};
use projections::checkpoints::WaitError;

use super::{Kind, Problem};

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let text = error.to_string();
        match error {
            CommandError::Agency(error) => Self::new(of_agency(&error)).detail(&error),
            CommandError::ConnectLink(error) => of_link(&error),
            CommandError::Customer(error) => Self::new(of_customer(&error)).detail(&error),
            CommandError::Grant(error) => match error {},
            CommandError::Host(HostError::TakenByAnother) => Self::new(Kind::HostTaken).detail(&text),
            CommandError::Integration(error) => Self::new(of_integration(&error)).detail(&error),
            CommandError::Provider(error) => of_provider(&error),
            CommandError::LocationNotFound => Self::new(Kind::LocationNotFound).detail(&text),
            CommandError::IntegrationNotFound => Self::new(Kind::IntegrationNotFound).detail(&text),
            CommandError::NotConnected => Self::new(Kind::NotConnected).detail(&text),
            CommandError::NeedsReconnect(reason) => Self::new(Kind::NeedsReconnect).detail(&text).reason(reason),
            CommandError::ScopesUnknown => Self::new(Kind::ScopesUnknown).detail(&text),
            CommandError::CredentialsRefused => Self::new(Kind::CredentialsRefused).detail(&text),
            CommandError::CredentialsAway(wait) => Self::new(Kind::CredentialsAway)
                .detail(&text)
                .retry_after(wait.as_secs().max(1)),
            CommandError::JobNotFound => Self::new(Kind::JobNotFound).detail(&text),
            CommandError::ProviderUnknown => Self::new(Kind::ProviderUnknown).detail(&text),
            CommandError::NoHost => Self::new(Kind::NoHost).detail(&text),
            CommandError::Forbidden => Self::new(Kind::Forbidden).detail(&text),
            CommandError::AttemptOver => Self::new(Kind::SignInOver).detail(&text),
            CommandError::ListingNotPickable => Self::new(Kind::ListingNotPickable).detail(&text),
            CommandError::ListingInUse => Self::new(Kind::ListingInUse).detail(&text),
            CommandError::LinkIsDirect => Self::new(Kind::LinkIsDirect).detail(&text),
            CommandError::AppRefused => Self::new(Kind::AppRefused).detail(&text),
            CommandError::MailedOften => Self::new(Kind::MailedOften).detail(&text),
            CommandError::MailNotSetUp => Self::new(Kind::MailNotSetUp).detail(&text),
            CommandError::NoAddress => Self::new(Kind::NoMailAddress).detail(&text),
            CommandError::KeyReused => Self::new(Kind::IdempotencyKeyReused).detail(&text),
            CommandError::KeyInFlight => Self::new(Kind::IdempotencyKeyInFlight).detail(&text),
            CommandError::Contended => Self::new(Kind::Contended).detail(&text),
            CommandError::Store(error) => error.into(),
        }
    }
}

fn of_agency(error: &AgencyError) -> Kind {
    match error {
        AgencyError::NotFound => Kind::AgencyNotFound,
        AgencyError::AlreadyCreated | AgencyError::MemberKnown => Kind::AlreadyExists,
        AgencyError::InvalidName | AgencyError::TooManyReminders => Kind::InvalidBody,
        AgencyError::MemberUnknown => Kind::MemberNotFound,
        AgencyError::KeyUnknown => Kind::KeyNotFound,
        AgencyError::LastOwner => Kind::LastOwner,
    }
}

fn of_link(error: &ConnectLinkError) -> Problem {
    let problem = |kind| Problem::new(kind).detail(&error);
    match error {
        ConnectLinkError::NotIssued => problem(Kind::LinkNotFound),
        ConnectLinkError::AlreadyIssued => problem(Kind::AlreadyExists),
        ConnectLinkError::LifeOutOfBounds => problem(Kind::LinkLifeOutOfBounds),
        ConnectLinkError::Ended(end) => problem(Kind::LinkEnded).ended(*end),
        ConnectLinkError::NotAuthorized => problem(Kind::SignInOver),
    }
}

fn of_customer(error: &CustomerError) -> Kind {
    match error {
        CustomerError::NotFound => Kind::CustomerNotFound,
        CustomerError::AlreadyCreated | CustomerError::LocationKnown => Kind::AlreadyExists,
        CustomerError::AllowanceReached { .. } => Kind::AllowanceReached,
        CustomerError::Erased => Kind::CustomerErased,
    }
}

fn of_integration(error: &IntegrationError) -> Kind {
    match error {
        IntegrationError::NotFound => Kind::IntegrationNotFound,
        IntegrationError::NotPending => Kind::LinkSuperseded,
        IntegrationError::AnotherAccount => Kind::AnotherAccount,
    }
}

/// What a provider said is for the log: the caller can do nothing about our registration there.
fn of_provider(error: &ProviderError) -> Problem {
    match error {
        ProviderError::Refused(_) | ProviderError::Misconfigured(_) => Problem::new(Kind::ProviderRefused)
            .detail("the provider was asked and will not have it; whoever runs the server finds its words in the log"),
        ProviderError::Unavailable(_) => Problem::new(Kind::ProviderUnavailable)
            .detail("the provider did not answer, or made no sense; try again later"),
    }
    .cause(&error)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Unavailable(_) => Self::new(Kind::Unavailable).cause(&error),
            StoreError::Broken(_) => Self::internal(&error),
            StoreError::UnreadableRow(view) => Self::new(Kind::ViewRowUnreadable)
                .detail(&format!(
                    "nothing is lost; whoever runs the server mends it with: grantlink rebuild {view}"
                ))
                .cause(&error),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let text = denied.to_string();
        match denied {
            Denied::Unauthenticated => Self::new(Kind::Unauthenticated).detail(&text),
            Denied::MissingScope(_) => Self::new(Kind::MissingScope).detail(&text),
            Denied::Failed(error) => error.into(),
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        match error {
            // How far the log is would tell one tenant about the others: it stays in the log.
            WaitError::TooSlow { .. } => Self::new(Kind::NotYetVisible)
                .detail("what this position token stands for cannot be read yet, try again")
                .cause(&error),
            WaitError::UnknownView(_) => Self::internal(&error),
            WaitError::Store(error) => error.into(),
        }
    }
}
