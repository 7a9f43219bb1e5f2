//! The first page: who asks, for what, and one button.

use askama::Template;
use chrono::{DateTime, Utc};

use super::{Brand, Provider, dates};

/// `GET /c/{token}`.
#[derive(Debug, Template)]
#[template(path = "pages/invitation.html")]
pub struct Invitation<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// The link's token, for the addresses of the two forms.
    pub token: &'a str,
    /// Bound to this browser.
    pub csrf: &'a str,
    /// The person who asks.
    pub requester: Option<Requester<'a>>,
    /// What is to be connected.
    pub provider: Provider<'a>,
    /// For which place of business; a free-standing connection has none.
    pub location: Option<&'a str>,
    /// What the requester called this connection.
    pub connection: Option<&'a str>,
    /// What the connection allows, in plain words, one line each.
    pub permissions: Vec<&'a str>,
    /// When the link ends by itself.
    pub expires_at: DateTime<Utc>,
    /// Whether the agency lets its customers say no by a button.
    pub can_reject: bool,
    /// Why the last try did not finish.
    pub notice: Option<Notice>,
}

/// The person at the agency who issued the link.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// Their name.
    pub name: &'a str,
    /// Their address, so that the customer can recognise it.
    pub email: Option<&'a str>,
}

/// Why an earlier try did not finish; the link still works after each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The customer pressed "cancel" or "deny" at the provider.
    Denied,
    /// The try broke off on our side.
    Interrupted,
    /// The provider answered with an error.
    ProviderFailed,
    /// A reconnect signed in with another account than before.
    DifferentAccount,
}

impl Notice {
    /// What happened, and that nothing is lost.
    pub fn text(self, account: &str) -> String {
        match self {
            Self::Denied => "The last try did not finish: you denied access. You can try again.".to_owned(),
            Self::Interrupted => {
                "The last try did not finish: it was interrupted. Nothing was connected. Please try again.".to_owned()
            }
            Self::ProviderFailed => format!(
                "The last try did not finish: {account} did not complete the sign-in. Please try again in a moment."
            ),
            Self::DifferentAccount => {
                format!(
                    "The last try did not finish: you signed in with a different {account} account than before. Nothing was changed. Please try again with the same account."
                )
            }
        }
    }
}

impl Invitation<'_> {
    fn expiry(&self) -> String {
        dates::in_words(&self.expires_at)
    }

    fn expiry_attribute(&self) -> String {
        dates::machine(&self.expires_at)
    }
}
