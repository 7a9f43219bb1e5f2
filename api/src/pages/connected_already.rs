//! After somebody else was faster.

use askama::Template;

use super::Brand;

/// Tells whoever opens a link that was to mend a connection that it works again, and that nothing is left to do.
#[derive(Debug, Template)]
#[template(path = "pages/connected_already.html")]
pub struct ConnectedAlready<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
}
