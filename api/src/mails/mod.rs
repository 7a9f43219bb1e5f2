//! How an agency's mails look and what they say: as a page that every mail program shows, and as plain text. The agency's name and
//! colours lead; nothing is loaded from elsewhere.

mod de;
mod en;
mod sheet;
#[cfg(test)]
mod tests;

use application::mail::{Broken, Connected, Content, Invited, Letter, LetterBrand, Stationery, Written};
use askama::Template;

use crate::pages::{Brand, BrandCss};
use de::German;
use en::English;
use sheet::Sheet;

/// The languages that mails can be written in. The first is for everybody who has none of them.
pub const LANGUAGES: [&str; 2] = ["en", "de"];

/// Writes the agencies' mails.
#[derive(Clone, Copy, Debug)]
pub struct AgencyStationery;

#[derive(Template)]
#[template(path = "mails/letter.html")]
struct Page<'a> {
    sheet: &'a Sheet,
    brand: &'a LetterBrand,
    look: Look,
}

#[derive(Template)]
#[template(path = "mails/letter.txt")]
struct Text<'a> {
    sheet: &'a Sheet,
}

/// The agency's colours, made readable.
struct Look {
    primary: String,
    on_primary: String,
    edge_light: String,
    edge_dark: String,
    monogram: String,
}

impl Look {
    fn of(brand: &LetterBrand) -> Self {
        let css = brand
            .primary
            .as_ref()
            .map(|primary| BrandCss::parse(primary.as_str(), primary.as_str()));
        let css = css.and_then(Result::ok).unwrap_or_default();
        let (edge_light, edge_dark) = css.edges();
        Self {
            primary: css.primary.to_string(),
            on_primary: css.primary.readable_text().to_string(),
            edge_light: edge_light.to_string(),
            edge_dark: edge_dark.to_string(),
            monogram: Brand::monogram_of(&brand.company),
        }
    }
}

impl Stationery for AgencyStationery {
    fn write(&self, letter: &Letter) -> Result<Written, String> {
        let sheet = sheet_of(letter);
        let (brand, look) = (&letter.brand, Look::of(&letter.brand));
        let html = Page {
            sheet: &sheet,
            brand,
            look,
        }
        .render();
        let text = Text { sheet: &sheet }.render();
        Ok(Written {
            html: html.map_err(|error| format!("the page of a mail: {error}"))?,
            text: text.map_err(|error| format!("the text of a mail: {error}"))?,
            subject: sheet.subject,
        })
    }
}

/// In the recipient's language, where it is known: `de-AT` is German.
fn sheet_of(letter: &Letter) -> Sheet {
    let language = letter.language.as_deref().unwrap_or_default();
    match language.split(['-', '_']).next() {
        Some("de") => German::sheet(letter),
        _ => English::sheet(letter),
    }
}

/// The words of a language.
trait Language {
    fn invitation(letter: &Letter, links: &[Invited], reminder: bool) -> Sheet;
    fn receipt(letter: &Letter, connected: &Connected) -> Sheet;
    fn requester_receipt(letter: &Letter, connected: &Connected, customer: Option<&str>) -> Sheet;
    fn reconnect(letter: &Letter, broken: &[Broken]) -> Sheet;
    fn test(letter: &Letter) -> Sheet;

    fn sheet(letter: &Letter) -> Sheet {
        match &letter.content {
            Content::Invitation { links, reminder } => Self::invitation(letter, links, *reminder),
            Content::Receipt {
                connected,
                to_requester: false,
                ..
            } => Self::receipt(letter, connected),
            Content::Receipt {
                connected,
                customer,
                to_requester: true,
            } => Self::requester_receipt(letter, connected, customer.as_deref()),
            Content::Reconnect { broken } => Self::reconnect(letter, broken),
            Content::Test => Self::test(letter),
        }
    }
}
