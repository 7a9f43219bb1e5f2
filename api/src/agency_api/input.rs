//! What people typed, checked before it becomes a command: every field that is wrong is named at once.

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
        let detail = format!("{} {}", first.field, first.message);
        Err(Problem::new(Kind::InvalidBody).detail(&detail).errors(self.errors))
    }

    fn line(&mut self, field: &str, text: &str, longest: usize) -> String {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > longest {
            self.wrong(field, &format!("must have 1 to {longest} characters"));
        } else if text.chars().any(char::is_control) {
            self.wrong(field, "must be one line of text");
        }
        text.to_owned()
    }
}

/// Only the shape: whether mail arrives is found out by mailing.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    let dotted = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    text.len() <= LONGEST_EMAIL && plain(local) && plain(domain) && dotted
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

    #[test]
    fn names_are_trimmed_and_counted_in_characters() {
        let mut check = Check::default();
        assert_eq!(check.name("name", "  Café  "), "Café");
        check.name("name", &"é".repeat(200));
        assert!(check.done().is_ok());
    }
}
