//! Small pictures drawn here: plain glyphs on tiles, nobody's trademark. They are styled by class, never by a style attribute.

/// The picture of what is being connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Icon {
    /// A round capital letter.
    Google,
    /// A small slim letter.
    Facebook,
    /// Any other app.
    #[default]
    App,
}

impl Icon {
    /// Markup of our own, so it may go into a page as it is.
    pub(super) fn svg(self) -> &'static str {
        match self {
            Self::Google => GOOGLE,
            Self::Facebook => FACEBOOK,
            Self::App => APP,
        }
    }
}

const GOOGLE: &str = r##"<svg class="tile" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><rect class="tile-edge" x=".5" y=".5" width="39" height="39" rx="10" fill="#ffffff" stroke="#d5dae1"/><path d="M26.6 13.6A9 9 0 1 0 29 20h-8.4" fill="none" stroke="#1f5fbf" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>"##;

const FACEBOOK: &str = r##"<svg class="tile" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><rect width="40" height="40" rx="10" fill="#2a5cc4"/><path d="M25.6 11.4h-1.8c-2.6 0-4 1.5-4 4.2V29.4M15.4 19.8h8.6" fill="none" stroke="#ffffff" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>"##;

const APP: &str = r#"<svg class="tile tile-app" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><rect width="40" height="40" rx="10"/><path d="M16 10v6M24 10v6M13 16h14v3.5a7 7 0 0 1-14 0zM20 26.5V31" fill="none" stroke-width="2.8" stroke-linecap="round" stroke-linejoin="round"/></svg>"#;
