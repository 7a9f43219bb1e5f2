//! One page for every link that does not work, so that it tells a stranger nothing about which it is.

use askama::Template;

use super::Brand;

/// Unknown, used, revoked, declined or expired: the words are the same.
#[derive(Debug, Template)]
#[template(path = "pages/ended.html")]
pub struct Ended<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// Whether a new link can be asked for.
    pub ask: Ask<'a>,
}

/// Asking for a new link by a button.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// Nobody knows this link, so nobody could be asked.
    Unavailable,
    /// The link is known: the button posts to `/c/{token}/ask`.
    Offered {
        /// The link's token.
        token: &'a str,
        /// Bound to this browser.
        csrf: &'a str,
    },
    /// The button was pressed.
    Done,
}
