//! When a box was left unticked at the provider.

use askama::Template;

use super::{Brand, Provider};

/// Says what is missing and offers the sign-in again; the link stays usable.
#[derive(Debug, Template)]
#[template(path = "pages/missing_permission.html")]
pub struct MissingPermission<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// Where the box was.
    pub provider: Provider<'a>,
    /// The link's token, for the address of the form.
    pub token: &'a str,
    /// Bound to this browser.
    pub csrf: &'a str,
    /// What was not granted, in plain words, one line each.
    pub missing: Vec<&'a str>,
}
