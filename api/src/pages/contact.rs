//! Where a customer can ask a person.

/// A support contact that is safe to link to: nothing but `mailto:`, `tel:` and `https:` ever comes out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// An e-mail address.
    Email(String),
    /// A phone number, as the agency writes it.
    Phone(String),
    /// A page of the agency's own.
    Web(String),
}

/// A support contact that is neither an e-mail address, nor a phone number, nor an `https:` address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a support contact is an e-mail address, a phone number or an https address")]
pub struct InvalidContact;

impl Contact {
    /// Tells the three kinds apart by their shape.
    ///
    /// # Errors
    /// When the text is none of them: `javascript:` and its kin stop here.
    pub fn parse(text: &str) -> Result<Self, InvalidContact> {
        let text = text.trim();
        if is_web(text) {
            Ok(Self::Web(text.to_owned()))
        } else if is_email(text) {
            Ok(Self::Email(text.to_owned()))
        } else if is_phone(text) {
            Ok(Self::Phone(text.to_owned()))
        } else {
            Err(InvalidContact)
        }
    }

    pub(super) fn href(&self) -> String {
        match self {
            Self::Email(address) => format!("mailto:{address}"),
            Self::Phone(number) => format!("tel:{}", number.replace(|c: char| c != '+' && !c.is_ascii_digit(), "")),
            Self::Web(url) => url.clone(),
        }
    }

    /// What the customer reads: an address without its scheme.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) => text,
            Self::Web(url) => url.trim_start_matches("https://").trim_end_matches('/'),
        }
    }
}

fn is_web(text: &str) -> bool {
    text.parse::<http::Uri>()
        .is_ok_and(|uri| uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty()))
}

/// Narrower than the standard: an address that could carry `?subject=` or a second recipient is refused.
fn is_email(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.chars().all(plain)
            && domain.contains('.')
            && domain.chars().all(|c| c.is_alphanumeric() || ".-".contains(c))
    })
}

fn is_phone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 5
        && text.chars().all(|c| c.is_ascii_digit() || "+ -()/.".contains(c))
}
