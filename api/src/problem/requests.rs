//! Requests that cannot be understood, as problems.

use axum::{
    extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    http::StatusCode,
};

use super::{Kind, Problem};

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(Kind::BodyTooLarge);
        }
        Self::new(Kind::MalformedBody).detail("the body could not be read to its end")
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let kind = match &rejection {
            JsonRejection::JsonDataError(_) => Kind::InvalidBody,
            JsonRejection::MissingJsonContentType(_) => Kind::UnsupportedMediaType,
            JsonRejection::BytesRejection(_) => Kind::BodyTooLarge,
            _ => Kind::MalformedBody, // a syntax error, or what axum may add
        };
        Self::new(kind).detail(cause_of(&rejection.body_text()))
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Kind::InvalidPath).detail("an id is a UUID, like 018f3c2a-7b1e-7c3d-9a4b-0123456789ab")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Kind::InvalidQuery).detail(cause_of(&rejection.body_text()))
    }
}

/// What was wrong and where, without axum's words before it.
fn cause_of(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, cause)| cause)
}
