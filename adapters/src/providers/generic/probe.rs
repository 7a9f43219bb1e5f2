//! One question about a connection, and what its status says.

use application::ports::provider::Answer;
use oauth2::url::form_urlencoded::byte_serialize;
use reqwest::{StatusCode, Url};

use crate::http::{HttpAnswer, HttpError};

/// What stands for the listing in the configured address.
pub(in crate::providers) const LISTING: &str = "{listing}";

/// The address to ask about a listing; none where its id would lead elsewhere. The id stays one part of a path, or one value:
/// nothing in it can begin another.
pub(in crate::providers) fn address(template: &str, listing: &str) -> Option<Url> {
    // As parts of a path these two are no names but ways up, however they are written.
    if matches!(listing, "." | "..") {
        return None;
    }
    let id = byte_serialize(listing.as_bytes())
        .collect::<String>()
        .replace('+', "%20");
    Url::parse(&template.replace(LISTING, &id)).ok()
}

/// What an answer says.
pub(super) fn meaning(answer: Result<HttpAnswer, HttpError>) -> Answer {
    match answer.map(|answer| answer.status) {
        Ok(status) if status.is_success() => Answer::Allowed,
        Ok(StatusCode::UNAUTHORIZED) => Answer::TokenRefused,
        Ok(StatusCode::FORBIDDEN) => Answer::Denied,
        Ok(StatusCode::NOT_FOUND | StatusCode::GONE) => Answer::Gone,
        Ok(StatusCode::TOO_MANY_REQUESTS) => Answer::Busy,
        _ => Answer::Unavailable,
    }
}
