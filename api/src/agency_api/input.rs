//! What people typed, checked before it becomes a command: every field that is wrong is named at once.

use adapters::mail::is_address;

use crate::problem::{FieldError, Kind, Problem};

/// The longest name.
pub(super) const LONGEST_NAME: usize = 200;
/// The longest postal address.
const LONGEST_ADDRESS: usize = 500;
/// The longest e-mail address (RFC 5321).
const LONGEST_EMAIL: usize = 254;

/// Collects what is wrong with a body.
#[derive(Debug, Default)]
pub(super) struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// A name: some visible text on one line.
    pub(super) fn name(&mut self, field: &str, text: &str) -> String {
        self.line(field, text, LONGEST_NAME)
    }

    /// A name that may be missing.
    pub(super) fn optional_name(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        text.map(|text| self.name(field, text))
    }

    /// A postal address that may be missing.
    pub(super) fn optional_address(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        text.map(|text| self.line(field, text, LONGEST_ADDRESS))
    }

    /// An e-mail address that may be missing.
    pub(super) fn optional_email(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        let text = text?.trim();
        if !is_email(text) {
            self.wrong(field, "must be an e-mail address");
        }
        Some(text.to_owned())
    }

    /// Notes that a field is wrong.
    pub(super) fn wrong(&mut self, field: &str, message: &(impl ToString + ?Sized)) {
        self.errors.push(FieldError {
            field: field.to_owned(),
            message: message.to_string(),
        });
    }

    /// # Errors
    /// When anything was wrong.
    pub(super) fn done(self) -> Result<(), Problem> {
        let Some(first) = self.errors.first() else {
            return Ok(());
        };
        let FieldError { field, message } = first;
        let names_itself = message.split([' ', ',']).any(|word| word == field);
        let detail = if names_itself {
            message.clone()
        } else {
            format!("{field} {message}")
        };
        Err(Problem::new(Kind::InvalidBody).detail(&detail).errors(self.errors))
    }

    fn line(&mut self, field: &str, text: &str, longest: usize) -> String {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > longest {
            self.wrong(field, &format!("must have 1 to {longest} characters"));
        } else if text.chars().any(char::is_control) {
            self.wrong(field, "must be one line of text");
        } else if text.chars().all(is_invisible) {
            self.wrong(field, "must have characters that can be seen");
        } else if text.chars().any(turns_text_round) {
            self.wrong(
                field,
                "must not have characters that turn the text's direction (U+202A to U+202E, U+2066 to U+2069)",
            );
        }
        text.to_owned()
    }
}

/// What takes no room where it is printed: of nothing but these, a name is none.
fn is_invisible(c: char) -> bool {
    let blank = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{180e}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
    );
    let joins = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    blank || joins || turns_text_round(c) || c.is_whitespace()
}

/// What makes the text behind it read as something else, beyond its own end: a page or mail around it could be turned as well.
fn turns_text_round(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Only the shape, and whether a mail can be addressed to it: whether mail arrives is found out by mailing.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    let dotted = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    text.len() <= LONGEST_EMAIL && plain(local) && plain(domain) && dotted && is_address(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_a_name_and_a_dotted_domain() {
        for good in ["anna@agency.example", "a.b+c@sub.agency.example", "ü@bücher.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "anna",
            "@agency.example",
            "anna@",
            "anna@agency",
            "a b@agency.example",
            "a@b@c.example",
            "a@b..example",
            "a@.example",
            "<a@b.de>",
            "a@b.de>",
            "a,b@c.de",
            "a@b_c.d e",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut check = Check::default();
        check.name("name", " ");
        check.name("locations[0].name", &"x".repeat(201));
        check.name("locations[1].name", "two\nlines");
        check.optional_email("email", Some("nobody"));
        let problem = serde_json::to_value(check.done().unwrap_err()).unwrap();
        let fields: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["field"])
            .collect();
        assert_eq!(fields, ["name", "locations[0].name", "locations[1].name", "email"]);
    }

    /// A customer reads it on the agency's page.
    #[test]
    fn a_name_can_be_seen_and_turns_nothing_round() {
        let is_taken = |name: &str| {
            let mut check = Check::default();
            check.name("name", name);
            check.done().is_ok()
        };
        for good in ["Café", "مقهى", "👩‍👩‍👧 Family", "נמל\u{200f} 7"] {
            assert!(is_taken(good), "{good}");
        }
        for bad in [
            "\u{200b}",
            "\u{200b} \u{feff}",
            "\u{3164}",
            "Caf\u{202e}é",
            "\u{2066}x\u{2069}",
        ] {
            assert!(!is_taken(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_field_is_named_once() {
        let detail = |field, message: &str| {
            let mut check = Check::default();
            check.wrong(field, message);
            serde_json::to_value(check.done().unwrap_err()).unwrap()["detail"].clone()
        };
        assert_eq!(detail("host", "host must be a name"), "host must be a name");
        assert_eq!(
            detail("email", "give name, email or language"),
            "give name, email or language"
        );
        assert_eq!(detail("name", "must have a character"), "name must have a character");
    }

    #[test]
    fn names_are_trimmed_and_counted_in_characters() {
        let mut check = Check::default();
        assert_eq!(check.name("name", "  Café  "), "Café");
        check.name("name", &"é".repeat(200));
        assert!(check.done().is_ok());
    }
}
