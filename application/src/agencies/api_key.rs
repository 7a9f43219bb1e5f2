//! The text of an API key: `glk_live_<agency>_<number>_<secret>_<checksum>`.
//!
//! It names its agency, so that no lookup table is needed; the prefix lets scanners find leaked keys, and the checksum lets us
//! refuse a mistyped one before the store is asked.

use std::fmt::Write;

use domain::{
    ids::{AgencyId, Mode},
    secret_hash::SecretHash,
};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

const PREFIX: &str = "glk";
const SECRET_HEX: usize = 64;
const CHECKSUM_HEX: usize = 8;

/// An API key as its holder knows it; opaque in logs.
#[derive(Clone, Debug)]
pub struct ApiKeyText {
    /// The world it opens.
    pub mode: Mode,
    /// The agency.
    pub agency: AgencyId,
    /// Its number within the agency.
    pub number: u32,
    secret: SecretString,
}

/// Why a text is no API key; it does not repeat the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an API key")]
pub struct InvalidApiKey;

impl ApiKeyText {
    /// A key whose secret is 256 bits of the operating system's randomness.
    pub fn new(mode: Mode, agency: AgencyId, number: u32, secret: [u8; 32]) -> Self {
        Self {
            mode,
            agency,
            number,
            secret: hex(&secret).into(),
        }
    }

    /// # Errors
    /// When the text does not have a key's form or its checksum is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let (body, checksum) = text.rsplit_once('_').ok_or(InvalidApiKey)?;
        let parts: Vec<&str> = body.split('_').collect();
        let [PREFIX, mode, agency, number, secret] = parts[..] else {
            return Err(InvalidApiKey);
        };
        let well_formed = secret.len() == SECRET_HEX && checksum_of(body) == checksum;
        if !well_formed {
            return Err(InvalidApiKey);
        }
        Ok(Self {
            mode: mode.parse().map_err(|_| InvalidApiKey)?,
            agency: AgencyId(Uuid::try_parse(agency).map_err(|_| InvalidApiKey)?),
            number: number.parse().map_err(|_| InvalidApiKey)?,
            secret: secret.to_owned().into(),
        })
    }

    /// The whole text, to be shown once.
    pub fn reveal(&self) -> SecretString {
        let secret = self.secret.expose_secret();
        let body = format!(
            "{PREFIX}_{}_{}_{}_{secret}",
            self.mode,
            self.agency.0.simple(),
            self.number
        );
        let checksum = checksum_of(&body);
        format!("{body}_{checksum}").into()
    }

    /// What the agency keeps of it.
    pub fn secret_hash(&self) -> SecretHash {
        SecretHash::of(self.secret.expose_secret())
    }
}

fn checksum_of(body: &str) -> String {
    hex(&SecretHash::of(body).as_bytes()[..CHECKSUM_HEX / 2])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKeyText {
        ApiKeyText::new(Mode::Live, AgencyId(Uuid::from_u128(7)), 3, [9; 32])
    }

    #[test]
    fn a_key_reads_back_as_it_was_shown() {
        let shown = key().reveal();
        let read = ApiKeyText::parse(shown.expose_secret()).unwrap();
        assert!(shown.expose_secret().starts_with("glk_live_"));
        assert_eq!((read.mode, read.agency, read.number), (Mode::Live, key().agency, 3));
        assert_eq!(read.secret_hash(), key().secret_hash());
    }

    #[test]
    fn a_mistyped_key_is_refused_before_anything_is_looked_up() {
        let shown = key().reveal().expose_secret().to_owned();
        for place in 0..shown.len() {
            let mut mistyped = shown.clone().into_bytes();
            mistyped[place] = if mistyped[place] == b'0' { b'1' } else { b'0' };
            assert!(
                ApiKeyText::parse(&String::from_utf8(mistyped).unwrap()).is_err(),
                "character {place}"
            );
        }
        for text in ["", "glk", "glk_live_x_1_y_z", "Bearer x"] {
            assert!(ApiKeyText::parse(text).is_err());
        }
    }

    #[test]
    fn a_key_cannot_be_printed_by_accident() {
        assert!(!format!("{:?}", key()).contains("0909"));
    }
}
