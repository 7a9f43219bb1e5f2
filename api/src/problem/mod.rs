//! Refusals as RFC 9457 problems: a stable `type` that clients branch on, and words for people.

mod commands;
mod kind;
mod requests;
#[cfg(test)]
mod tests;

pub use kind::Kind;

use std::num::NonZeroU16;

use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{Timestamp, connect_link::LinkEnd, grant::LossReason, ids::RequestId};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of every refusal.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// After so many seconds a call that could not be served now may be tried again.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Why a call was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    #[serde(skip)]
    kind: Kind,
    /// What went wrong, as a stable code: branch on this.
    #[serde(rename = "type")]
    #[schema(example = "/problems/link-ended")]
    code: &'static str,
    /// What it is called, the same for every occurrence.
    title: &'static str,
    /// The status of the answer.
    #[schema(example = 409)]
    status: u16,
    /// What is wrong this time, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Which fields of the body are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// How the link ended: `completed`, `declined`, `revoked` or `expired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "expired")]
    ended: Option<LinkEnd>,
    /// When the link ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why the credentials are worth nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "expired_or_revoked")]
    reason: Option<LossReason>,
    /// The call, as logs and events name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    request_id: Option<RequestId>,
    /// For the header alone: when to come again.
    #[serde(skip)]
    retry_after: Option<NonZeroU16>,
    /// For the log alone.
    #[serde(skip)]
    cause: Option<String>,
}

/// A field of the body that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it stands.
    #[schema(example = "locations[0].name")]
    pub field: String,
    /// What it must be.
    #[schema(example = "must have 1 to 200 characters")]
    pub message: String,
}

impl Problem {
    /// A problem of a kind.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            code: kind.code(),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: None,
            errors: vec![],
            ended: None,
            ended_at: None,
            reason: None,
            request_id: None,
            retry_after: None,
            cause: None,
        }
    }

    /// Something broke here. The cause is for the log alone.
    pub fn internal(cause: &(impl ToString + ?Sized)) -> Self {
        Self::new(Kind::Internal).cause(cause)
    }

    /// Says what is wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: &(impl ToString + ?Sized)) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Says so first.
    #[must_use]
    pub fn because(mut self, first: &str) -> Self {
        self.detail = Some(
            self.detail
                .map_or_else(|| first.to_owned(), |detail| format!("{first}: {detail}")),
        );
        self
    }

    /// Names the fields that are wrong.
    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Says how the link ended.
    #[must_use]
    pub fn ended(mut self, end: LinkEnd) -> Self {
        self.ended = Some(end);
        self
    }

    /// Says when the link ended.
    #[must_use]
    pub fn ended_at(mut self, at: Timestamp) -> Self {
        self.ended_at = Some(at);
        self
    }

    /// Says in how many seconds it may be tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = NonZeroU16::new(u16::try_from(seconds).unwrap_or(u16::MAX));
        self
    }

    /// Says why credentials are worth nothing any more.
    #[must_use]
    pub fn reason(mut self, reason: LossReason) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Names the call.
    #[must_use]
    pub fn request_id(mut self, request: RequestId) -> Self {
        self.request_id = Some(request);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong, for a person at the command line.
    pub(crate) fn words(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.title)
    }

    /// What the log should say, and no caller may read.
    pub fn logged_cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    fn cause(mut self, cause: &(impl ToString + ?Sized)) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
}

/// The problem stands in the answer's extensions too, so that the layer around all calls can name the call in it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default(); // texts and numbers always become JSON
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.kind {
            Kind::IdempotencyKeyInFlight | Kind::TooManyStreams => headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS),
            Kind::Unauthenticated => headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            kind if kind.status() == axum::http::StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS)
            }
            _ => None,
        };
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.get().into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
