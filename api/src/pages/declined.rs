//! After a no.

use askama::Template;

use super::Brand;

/// Confirms that the customer rejected the request, and how to undo a slip of the thumb.
#[derive(Debug, Template)]
#[template(path = "pages/declined.html")]
pub struct Declined<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
}
