//! The secret in a link's address.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{Timestamp, ids::LinkId, secret_hash::SecretHash};

const MINUTE_BYTES: usize = 4;
const RANDOM_BYTES: usize = 24;
const LENGTH: usize = 38;

/// What stands behind `/c/`: the issue minute (4 bytes) and 192 random bits, base64url, 38 characters.
///
/// Whoever holds it may use the link, so it has no `Display` and its `Debug` is opaque.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

/// Why a text is no token; it does not repeat the text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the token of a connect link")]
pub struct InvalidToken;

impl LinkToken {
    /// A token from 24 bytes of the operating system's randomness.
    pub fn issue(at: Timestamp, random: [u8; RANDOM_BYTES]) -> Self {
        let minute = u32::try_from(at.timestamp() / 60).unwrap_or(u32::MAX);
        let mut bytes = [0; MINUTE_BYTES + RANDOM_BYTES];
        bytes[..MINUTE_BYTES].copy_from_slice(&minute.to_be_bytes());
        bytes[MINUTE_BYTES..].copy_from_slice(&random);
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// # Errors
    /// When the text does not have a token's form.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidToken)?;
        (text.len() == LENGTH && bytes.len() == MINUTE_BYTES + RANDOM_BYTES)
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidToken)
    }

    /// The text for a link's address, and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text: all that the log knows of a token. Enough for 192 random bits; no salt or stretching is needed.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }

    /// The link's id: the minute, then bits of the hash. So a link is opened without a lookup table, ids stay in the order of
    /// time (a warm index), and the id does not give the token away.
    pub fn link_id(&self) -> LinkId {
        let mut bytes = [0; 16];
        if let Ok(token) = URL_SAFE_NO_PAD.decode(&self.0) {
            bytes[..MINUTE_BYTES].copy_from_slice(&token[..MINUTE_BYTES]);
        }
        bytes[MINUTE_BYTES..].copy_from_slice(&self.hash().as_bytes()[..16 - MINUTE_BYTES]);
        LinkId(Uuid::new_v8(bytes))
    }
}

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    /// B53: 192 random bits.
    #[test]
    fn a_token_has_38_characters_and_reads_back() {
        let token = LinkToken::issue(at(1_790_000_000), [7; 24]);
        assert_eq!(token.reveal().len(), 38);
        assert_eq!(LinkToken::parse(token.reveal()), Ok(token));
    }

    /// B53: none of the 192 bits is lost on the way into the address.
    ///
    /// Mutant: when a byte of the randomness is left out, this fails.
    #[test]
    fn each_of_192_random_bits_makes_another_token() {
        let mut tokens = std::collections::BTreeSet::new();
        for bit in 0..192 {
            let mut random = [0; 24];
            random[bit / 8] = 1 << (bit % 8);
            tokens.insert(LinkToken::issue(at(1_790_000_000), random).reveal().to_owned());
        }
        assert_eq!(tokens.len(), 192);
    }

    #[test]
    fn ids_follow_the_order_of_time_and_differ_within_a_minute() {
        let early = LinkToken::issue(at(1_790_000_000), [255; 24]).link_id();
        let late = LinkToken::issue(at(1_790_000_060), [0; 24]).link_id();
        let twin = LinkToken::issue(at(1_790_000_060), [1; 24]).link_id();
        assert!(early < late);
        assert_ne!(late, twin);
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_repeated() {
        let token = LinkToken::issue(at(1_790_000_000), [0; 24]);
        let mut loose_end = token.reveal().to_owned();
        loose_end.pop();
        loose_end.push('B'); // the same bytes with stray bits behind them
        for text in [
            "",
            "return",
            &loose_end,
            &"A".repeat(37),
            &"A".repeat(39),
            &"é".repeat(19),
            &"=".repeat(38),
        ] {
            assert_eq!(LinkToken::parse(text), Err(InvalidToken), "{text}");
        }
        assert_eq!(format!("{token:?}"), "LinkToken(..)");
    }
}
