//! Whose page it is.

use super::Contact;

/// The agency as its customer sees it. Every page starts with it.
#[derive(Debug, Clone)]
pub struct Brand {
    /// The agency's name, in every title and at the top of every page.
    pub company: String,
    /// Where a customer can ask; without one the pages say "reply to the message that brought you here".
    pub support_contact: Option<Contact>,
    /// Whether `/c/assets/logo` answers with a picture; otherwise the monogram stands in.
    pub has_logo: bool,
    /// One or two letters for the tile that stands in for a logo, see [`Brand::monogram_of`].
    pub monogram: String,
    /// The language that the texts are written in, as a BCP 47 tag: `en`.
    pub lang: String,
}

impl Brand {
    /// The first letters of the first two words of a name: "Bright Side Marketing" is `BS`.
    pub fn monogram_of(name: &str) -> String {
        name.split_whitespace()
            .filter_map(|word| word.chars().find(|c| c.is_alphanumeric()))
            .take(2)
            .flat_map(char::to_uppercase)
            .collect()
    }

    /// The writing direction of the page's language.
    pub(super) fn dir(&self) -> &'static str {
        let language = self.lang.split(['-', '_']).next().unwrap_or_default();
        if matches!(language, "ar" | "dv" | "fa" | "he" | "ps" | "ur" | "yi") {
            "rtl"
        } else {
            "ltr"
        }
    }
}
