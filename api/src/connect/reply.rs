//! How pages leave the house: one strict set of headers, and a page for everything that goes wrong.

use application::CommandError;
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::connect_link::ConnectLinkError;

use crate::pages::{Ask, Brand, CONTENT_SECURITY_POLICY, Ended, Problem, Reopen, Template, Trouble};

/// The headers of every page, whatever its status.
const STRICT: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Puts the strict headers on, unless the answer brought its own (stylesheets and logos may be cached).
pub(crate) fn strict(mut response: Response) -> Response {
    for (name, value) in STRICT {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A rendered page.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// On to another page of this host, by GET.
pub(super) fn see(path: &str) -> Response {
    Redirect::to(path).into_response() // 303
}

/// A page that says what went wrong and what to do.
pub(super) fn trouble(brand: &Brand, trouble: Trouble) -> Response {
    let status = match trouble {
        Trouble::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
        Trouble::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        Trouble::BadForm => StatusCode::BAD_REQUEST,
        Trouble::NotFound => StatusCode::NOT_FOUND,
    };
    let mut response = page(status, &Problem { brand, trouble });
    let seconds = match trouble {
        Trouble::TooManyTries { retry_after } => Some(retry_after),
        Trouble::TryAgain => Some(5),
        Trouble::BadForm | Trouble::NotFound => None,
    };
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// The one page of every link that does not work: unknown, used, revoked, declined or expired.
pub(super) fn ended(brand: &Brand, status: StatusCode, ask: Ask<'_>) -> Response {
    page(status, &Ended { brand, ask })
}

/// What a visitor sees when a step of the flow did not happen.
pub(super) fn failure(brand: &Brand, error: &CommandError) -> Response {
    match error {
        CommandError::ConnectLink(ConnectLinkError::NotIssued) => ended(brand, StatusCode::NOT_FOUND, Ask::Unavailable),
        CommandError::AttemptOver | CommandError::ConnectLink(ConnectLinkError::NotAuthorized) => {
            page(StatusCode::FORBIDDEN, &Reopen { brand })
        }
        CommandError::ConnectLink(_) | CommandError::Integration(_) => ended(brand, StatusCode::GONE, Ask::Unavailable),
        error => {
            tracing::error!(%error, "a page failed");
            trouble(brand, Trouble::TryAgain)
        }
    }
}
