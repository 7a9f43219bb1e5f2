//! The step between our button and the provider: a page that leads on.
//!
//! A redirect in answer to the form would be refused by `form-action 'self'`, and so would a form to the provider.

use askama::Template;

use super::{Brand, Provider};

/// `GET /c/go`.
#[derive(Debug, Template)]
#[template(path = "pages/go.html")]
pub struct Go<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// Who signs the customer in.
    pub provider: Provider<'a>,
    /// Where to.
    pub url: ProviderUrl,
}

/// An address that may be followed without asking: `https:`, or `http:` to this very machine, and made only of the characters of a written-out URL,
/// so that neither the refresh nor the link can be made to mean anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderUrl {
    text: String,
    host: String,
}

/// A provider's address that is not safe to lead a customer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the provider's address is not an absolute https address")]
pub struct UnsafeUrl;

impl ProviderUrl {
    /// Checks an address that was built for the provider's sign-in.
    ///
    /// # Errors
    /// When it is not absolute, names a user, uses another scheme or holds a quote, a space or anything else that a URL must write as `%xx`.
    pub fn parse(text: &str) -> Result<Self, UnsafeUrl> {
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"'`<>\\^{|}".contains(&b));
        let uri: http::Uri = text.parse().map_err(|_| UnsafeUrl)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(UnsafeUrl)?;
        let names_a_user = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'));
        let safe_scheme = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_this_machine(host),
            _ => false,
        };
        if plain && safe_scheme && !names_a_user {
            Ok(Self {
                text: text.to_owned(),
                host: host.to_owned(),
            })
        } else {
            Err(UnsafeUrl)
        }
    }

    fn as_str(&self) -> &str {
        &self.text
    }

    /// Shown to the customer, who may know it from elsewhere: "accounts.google.com".
    fn host(&self) -> &str {
        &self.host
    }
}

fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}
