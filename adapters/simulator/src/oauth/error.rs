//! Google's JSON errors at the token, revocation and info endpoints.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::account_state::TokenError;

/// An error code with the very description that Google sends, because callers are known to compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    status: StatusCode,
    error: &'static str,
    description: String,
    subtype: Option<&'static str>,
}

impl OAuthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            subtype: None,
        }
    }

    /// What Google tells of an account that the control endpoint has put in that state.
    pub(crate) fn of_account(state: TokenError) -> Self {
        let gone = "Token has been expired or revoked.";
        match state {
            TokenError::Revoked | TokenError::TestingExpired | TokenError::Idle => Self::invalid_grant(gone),
            TokenError::AccountDeleted => Self::invalid_grant("Bad Request"),
            TokenError::InvalidRapt => Self {
                subtype: Some("invalid_rapt"),
                ..Self::invalid_grant("reauth related error (invalid_rapt)")
            },
            TokenError::AdminPolicyEnforced => Self::new(
                StatusCode::BAD_REQUEST,
                "admin_policy_enforced",
                "Access to your account data is restricted by policies within your organization.",
            ),
            TokenError::InvalidClient => Self::unknown_client(),
            TokenError::RateLimited => Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", ""),
            TokenError::Outage => Self::new(StatusCode::SERVICE_UNAVAILABLE, "internal_failure", ""),
        }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::invalid_request(format!("Missing required parameter: {parameter}"))
    }

    pub(crate) fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub(crate) fn unknown_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "The OAuth client was not found.",
        )
    }

    pub(crate) fn wrong_secret() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", "Unauthorized")
    }

    pub(crate) fn not_your_token() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unauthorized_client", "Unauthorized")
    }

    pub(crate) fn redirect_uri_mismatch() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "redirect_uri_mismatch", "Bad Request")
    }

    pub(crate) fn unsupported_grant_type(grant_type: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            format!("Invalid grant_type: {grant_type}"),
        )
    }

    pub(crate) fn invalid_scope() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            "Some requested scopes were invalid.",
        )
    }

    pub(crate) fn invalid_token(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_token", description)
    }

    pub(crate) fn invalid_credentials() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request", "Invalid Credentials")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_failure", "")
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut body = json!({"error": self.error, "error_description": self.description});
        if let Some(subtype) = self.subtype {
            body["error_subtype"] = json!(subtype);
        }
        (self.status, NEVER_STORED, Json(body)).into_response()
    }
}

/// Answers with tokens, and errors about them, must not stay in any cache.
pub(crate) const NEVER_STORED: [(axum::http::HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate"),
    (PRAGMA, "no-cache"),
];
