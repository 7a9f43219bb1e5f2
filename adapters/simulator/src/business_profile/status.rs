//! Google's API errors: `google.rpc.Status` as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::account_state::Quota;
use crate::oauth::scopes::BUSINESS_MANAGE;

/// Where a call would have gone at Google, which its errors tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    service: &'static str,
    name: &'static str,
}

impl Method {
    pub(crate) const LIST_ACCOUNTS: Self = Self::accounts("AccountManagement.ListAccounts");
    pub(crate) const GET_ACCOUNT: Self = Self::accounts("AccountManagement.GetAccount");
    pub(crate) const LIST_LOCATIONS: Self = Self::locations("BusinessInformation.ListLocations");
    pub(crate) const GET_LOCATION: Self = Self::locations("BusinessInformation.GetLocation");
    pub(crate) const VOICE_OF_MERCHANT: Self = Self::verifications("Verifications.GetVoiceOfMerchantState");
    pub(crate) const LIST_VERIFICATIONS: Self = Self::verifications("Verifications.ListVerifications");
    pub(crate) const REVIEWS: Self = Self {
        service: "mybusiness.googleapis.com",
        name: "Reviews.ListReviews",
    };
    pub(crate) const PERFORMANCE: Self = Self {
        service: "businessprofileperformance.googleapis.com",
        name: "Performance.FetchMultiDailyMetricsTimeSeries",
    };

    const fn accounts(name: &'static str) -> Self {
        Self {
            service: "mybusinessaccountmanagement.googleapis.com",
            name,
        }
    }

    const fn locations(name: &'static str) -> Self {
        Self {
            service: "mybusinessbusinessinformation.googleapis.com",
            name,
        }
    }

    const fn verifications(name: &'static str) -> Self {
        Self {
            service: "mybusinessverifications.googleapis.com",
            name,
        }
    }

    /// The path alone tells the service apart: at Google each has a host of its own.
    fn at(path: &str) -> Self {
        if path.ends_with("/VoiceOfMerchantState") || path.ends_with("/verifications") {
            Self::LIST_VERIFICATIONS
        } else if path.starts_with("/v4/") {
            Self::REVIEWS
        } else if path.ends_with("TimeSeries") {
            Self::PERFORMANCE
        } else if path.contains("/locations") {
            Self::LIST_LOCATIONS
        } else {
            Self::LIST_ACCOUNTS
        }
    }
}

/// One error.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    http: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<Value>,
    challenge: Option<String>,
}

impl Status {
    fn new(http: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            http,
            code,
            message: message.into(),
            details: Vec::new(),
            challenge: None,
        }
    }

    pub(crate) fn credentials_missing(method: Method) -> Self {
        let message = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
        Self::unauthenticated(message, "CREDENTIALS_MISSING", method)
    }

    pub(crate) fn token_expired(method: Method) -> Self {
        Self::unauthenticated(INVALID_CREDENTIALS, "ACCESS_TOKEN_EXPIRED", method)
    }

    pub(crate) fn token_unknown(method: Method) -> Self {
        Self::unauthenticated(INVALID_CREDENTIALS, "ACCESS_TOKEN_TYPE_UNSUPPORTED", method)
    }

    fn unauthenticated(message: &str, reason: &str, method: Method) -> Self {
        let challenge = "Bearer realm=\"https://accounts.google.com/\"";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
            .with_reason(reason, method.metadata())
            .with_challenge(format!("{challenge}, error=\"invalid_token\""))
    }

    pub(crate) fn scope_insufficient(method: Method) -> Self {
        let challenge = "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"";
        Self::new(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "Request had insufficient authentication scopes.",
        )
        .with_reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT", method.metadata())
        .with_challenge(format!("{challenge}, scope=\"{BUSINESS_MANAGE}\""))
    }

    pub(crate) fn permission_denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "PERMISSION_DENIED",
            "The caller does not have permission",
        )
    }

    pub(crate) fn not_verified() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "FAILED_PRECONDITION",
            "This operation is only valid if the specified location is verified.",
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Requested entity was not found.")
    }

    pub(crate) fn invalid_argument(field: &str, description: impl Into<String>) -> Self {
        let mut status = Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            "Request contains an invalid argument.",
        );
        status.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": field, "description": description.into()}],
        }));
        status
    }

    /// What Google says with a status when something is wrong on its side, or a quota is used up.
    pub(crate) fn of_an_outage(http: StatusCode, path: &str) -> Self {
        let method = Method::at(path);
        match http {
            StatusCode::TOO_MANY_REQUESTS => Self::quota_exceeded(method, Quota::Exceeded),
            StatusCode::UNAUTHORIZED => Self::token_expired(method),
            StatusCode::FORBIDDEN => Self::permission_denied(),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::SERVICE_UNAVAILABLE => Self::new(http, "UNAVAILABLE", "The service is currently unavailable."),
            StatusCode::GATEWAY_TIMEOUT => Self::new(
                http,
                "DEADLINE_EXCEEDED",
                "Deadline expired before operation could complete.",
            ),
            _ => Self::new(http, "INTERNAL", "Internal error encountered."),
        }
    }

    /// A project that Google has not approved has a quota of 0, and hears of it in the same way as one that asks too often.
    pub(crate) fn quota_exceeded(method: Method, quota: Quota) -> Self {
        let service = method.service;
        let limit = match quota {
            Quota::Exceeded => "300",
            Quota::NotApproved => "0",
        };
        let message = format!(
            "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute' of service '{service}' for consumer 'project_number:1'."
        );
        let metadata = json!({
            "service": service,
            "consumer": "projects/1",
            "quota_metric": format!("{service}/default_requests"),
            "quota_limit": "DefaultRequestsPerMinutePerProject",
            "quota_limit_value": limit,
            "quota_unit": "1/min/{project}",
            "quota_location": "global",
        });
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", message)
            .with_reason("RATE_LIMIT_EXCEEDED", metadata)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "json! only borrows what callers make for this"
    )]
    fn with_reason(mut self, reason: &str, metadata: Value) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "googleapis.com",
            "metadata": metadata,
        }));
        self
    }

    fn with_challenge(mut self, challenge: String) -> Self {
        self.challenge = Some(challenge);
        self
    }
}

const INVALID_CREDENTIALS: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

impl Method {
    fn metadata(self) -> Value {
        let package = self.service.trim_end_matches(".googleapis.com");
        json!({"service": self.service, "method": format!("google.mybusiness.{package}.v1.{}", self.name)})
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        let mut error = json!({"code": self.http.as_u16(), "message": self.message, "status": self.code});
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details);
        }
        let challenge = self.challenge.map(|challenge| [(WWW_AUTHENTICATE, challenge)]);
        match challenge {
            Some(challenge) => (self.http, challenge, Json(json!({"error": error}))).into_response(),
            None => (self.http, Json(json!({"error": error}))).into_response(),
        }
    }
}
