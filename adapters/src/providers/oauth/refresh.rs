//! Renewing credentials (RFC 6749 6), and what a refusal means.
//!
//! The oauth2 crate is not asked here: it forgets what tells refusals apart, `error_subtype` and `Retry-After`, and it takes an
//! error that comes with status 200 for an answer that broke off.

use std::time::Duration;

use application::ports::provider::{Credential, RefreshError};
use chrono::DateTime;
use domain::grant::{LossReason, RefreshFailure};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::{OAuth, errors::is_no_answer, transport::MAX_ANSWER};
use crate::http::{HttpAnswer, HttpError};

/// What an answer may hold. A refusal names its `error`, whatever its status is.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
    expires_in: Option<Value>,
    scope: Option<String>,
    token_type: Option<String>,
    error: Option<Value>,
    error_subtype: Option<String>,
}

impl OAuth {
    /// Renews credentials: one request, which is never repeated here.
    pub(in crate::providers) async fn refresh(&self, credential: &Credential) -> Result<Credential, RefreshError> {
        let token = credential.refresh_token.as_ref();
        let token = token.ok_or(RefreshError::Lost(LossReason::NotRenewable))?;
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_secret()),
        ];
        let request = self
            .http
            .request(Method::POST, self.token_url.clone())
            .timeout(self.timeout);
        let answer = self.http.send(self.us.sign(request, &fields), MAX_ANSWER).await;
        let answer = answer.map_err(of_http)?;
        if is_no_answer(answer.status) {
            return Err(self.of_status(&answer));
        }
        let read: Answer = serde_json::from_slice(&answer.body).map_err(|_| unread(answer.status))?;
        // A token beside an error is one all the same.
        let is_given = answer.status.is_success() && read.access_token.is_some();
        if let Some(error) = read.error.as_ref().filter(|_| !is_given) {
            let said = of_word(error.as_str().unwrap_or_default(), read.error_subtype.as_deref());
            return Err(self.heeding(said, &answer.headers));
        }
        if !answer.status.is_success() {
            return Err(failed(RefreshFailure::Unavailable));
        }
        self.renewed(credential, read)
    }

    /// The old credential with what the answer holds. No new refresh token: the old one goes on.
    fn renewed(&self, old: &Credential, answer: Answer) -> Result<Credential, RefreshError> {
        let is_there = |token: &SecretString| !token.expose_secret().is_empty();
        let is_bearer = answer.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let access_token = answer.access_token.filter(|token| is_bearer && is_there(token));
        let access_token = access_token.ok_or_else(unanswered)?;
        let refresh_token = answer.refresh_token.filter(is_there);
        let granted = answer.scope.filter(|scope| !scope.trim().is_empty());
        Ok(Credential {
            access_token,
            refresh_token: refresh_token.or_else(|| old.refresh_token.clone()),
            expires_at: answer.expires_in.as_ref().and_then(seconds).map(|life| self.at(life)),
            scopes: match granted {
                Some(granted) => self.apart(granted.split_whitespace()),
                // RFC 6749 5.1: no scope in the answer means that nothing changed.
                None => old.scopes.clone(),
            },
            account: old.account.clone(),
        })
    }

    /// For statuses that say something by themselves.
    fn of_status(&self, answer: &HttpAnswer) -> RefreshError {
        let is_limit = answer.status == StatusCode::TOO_MANY_REQUESTS;
        let reason = if is_limit && quota_is_nought(&answer.body) {
            RefreshFailure::AppNotApproved
        } else if is_limit {
            RefreshFailure::RateLimited
        } else {
            RefreshFailure::Unavailable
        };
        RefreshError::Failed {
            reason,
            retry_after: self.retry_after(&answer.headers),
            is_unanswered: answer.status.is_server_error(),
        }
    }

    /// With the pause that the answer's head asks for.
    fn heeding(&self, said: RefreshError, headers: &HeaderMap) -> RefreshError {
        match said {
            RefreshError::Failed {
                reason, is_unanswered, ..
            } => RefreshError::Failed {
                reason,
                retry_after: self.retry_after(headers),
                is_unanswered,
            },
            lost => lost,
        }
    }

    /// Seconds, or a date by our clock.
    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = DateTime::parse_from_rfc2822(text).ok()?;
        date.signed_duration_since(self.clock.now()).to_std().ok()
    }
}

/// Some write the number as a text.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Google's way to say that it has not approved the project yet.
fn quota_is_nought(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let limits = details
        .into_iter()
        .flatten()
        .filter_map(|detail| detail.pointer("/metadata/quota_limit_value"));
    limits.into_iter().any(|limit| limit == "0")
}

fn of_http(error: HttpError) -> RefreshError {
    match error {
        HttpError::BrokenOff => RefreshError::BrokenOff,
        HttpError::TimedOut | HttpError::TooLarge => unanswered(),
        HttpError::Unreachable
        | HttpError::InsecureTarget
        | HttpError::Configuration
        | HttpError::NoCertificates
        | HttpError::Malformed => failed(RefreshFailure::Unavailable),
    }
}

/// The `error` of an answer: RFC 6749 5.2, what Google adds, and what others send with status 200. A word that nobody knows
/// loses nothing: it is tried again.
fn of_word(word: &str, subtype: Option<&str>) -> RefreshError {
    match word {
        "invalid_grant" if subtype == Some("invalid_rapt") => RefreshError::Lost(LossReason::SessionControl),
        "invalid_grant" | "invalid_refresh_token" | "bad_refresh_token" | "token_revoked" | "token_expired" => {
            RefreshError::Lost(LossReason::ExpiredOrRevoked)
        }
        "admin_policy_enforced" => RefreshError::Lost(LossReason::AdminPolicy),
        "invalid_scope" => RefreshError::Lost(LossReason::ScopesWithdrawn),
        "invalid_client"
        | "unauthorized_client"
        | "deleted_client"
        | "disabled_client"
        | "unsupported_grant_type"
        | "invalid_request" => failed(RefreshFailure::AppRefused),
        "slow_down" | "rate_limited" | "ratelimited" => failed(RefreshFailure::RateLimited),
        _ => failed(RefreshFailure::Unavailable),
    }
}

fn failed(reason: RefreshFailure) -> RefreshError {
    RefreshError::Failed {
        reason,
        retry_after: None,
        is_unanswered: false,
    }
}

/// What nobody can read: where it calls itself a success, it may have held new credentials.
fn unread(status: StatusCode) -> RefreshError {
    if status.is_success() {
        RefreshError::BrokenOff
    } else {
        unanswered()
    }
}

/// No answer, or none that can be read: whether it was heard, nobody knows.
fn unanswered() -> RefreshError {
    RefreshError::Failed {
        reason: RefreshFailure::Unavailable,
        retry_after: None,
        is_unanswered: true,
    }
}
