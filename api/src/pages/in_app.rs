//! For the browser inside a chat app, where Google refuses to sign anybody in.

use askama::Template;

use super::{Brand, Provider, qr::QrSvg};

/// Shown instead of the invitation when the browser belongs to another app.
#[derive(Debug, Template)]
#[template(path = "pages/in_app.html")]
pub struct InAppBrowser<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// What is to be connected.
    pub provider: Provider<'a>,
    /// The name of the app, where it is known.
    pub app: Option<&'a str>,
    /// The full address of the link, to be copied.
    pub url: &'a str,
    /// The same as a picture; an address that is too long for one does without.
    pub qr: Option<QrSvg>,
    /// The path that shows the invitation all the same.
    pub continue_path: &'a str,
}
