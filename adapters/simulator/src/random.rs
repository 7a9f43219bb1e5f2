//! Codes and tokens in the shapes that Google uses, from the operating system's randomness.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Begins with `4/0A`: the slash is what breaks callers who forget to encode it.
pub(crate) fn authorization_code() -> String {
    format!("4/0A{}", letters::<40>())
}

pub(crate) fn access_token() -> String {
    format!("ya29.a0{}", letters::<96>())
}

pub(crate) fn refresh_token() -> String {
    format!("1//0g{}", letters::<60>())
}

/// Names one sign-in that is under way; it travels in the forms' hidden field.
pub(crate) fn interaction_id() -> String {
    letters::<24>()
}

fn letters<const BYTES: usize>() -> String {
    let mut bytes = [0_u8; BYTES];
    rand::fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn key_id() -> String {
    letters::<20>()
}
