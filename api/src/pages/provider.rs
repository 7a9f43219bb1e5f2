//! What is being connected, in words.

use super::Icon;

/// An entry of the provider catalogue, as a customer reads it.
#[derive(Debug, Clone, Copy)]
pub struct Provider<'a> {
    /// What is connected: "Google Business Profile".
    pub name: &'a str,
    /// Whose account it is: "Google", as in "Sign in with Google".
    pub account: &'a str,
    /// What one of the things to pick is called: "Business Profile".
    pub listing: &'a str,
    /// The same for several: "Business Profiles".
    pub listings: &'a str,
    /// Its picture.
    pub icon: Icon,
}
