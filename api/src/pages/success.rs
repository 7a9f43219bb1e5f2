//! The last page: it worked.

use askama::Template;

use super::{Brand, Provider};

/// Shown after completing, and again whenever the same browser comes back.
#[derive(Debug, Template)]
#[template(path = "pages/success.html")]
pub struct Success<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// What was connected.
    pub provider: Provider<'a>,
    /// Which listing was picked, where there was one to pick.
    pub listing: Option<&'a str>,
    /// For which place of business.
    pub location: Option<&'a str>,
    /// What the requester called this connection.
    pub connection: Option<&'a str>,
    /// Where at the provider the customer can take the access back: "your Google Account, under Security, Third-party connections".
    pub withdraw_at: Option<&'a str>,
}
