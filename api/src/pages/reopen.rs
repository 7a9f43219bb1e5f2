//! When the sign-in ends in another browser than it began in.

use askama::Template;

use super::Brand;

/// The 403 of the way back from the provider.
#[derive(Debug, Template)]
#[template(path = "pages/reopen.html")]
pub struct Reopen<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
}
