//! What a provider's errors mean for us. Of what it says only known words are repeated: the rest may quote what we sent.

use application::ports::provider::ProviderError;
use reqwest::StatusCode;

use crate::http::HttpError;

impl From<HttpError> for ProviderError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::InsecureTarget | HttpError::Configuration | HttpError::NoCertificates | HttpError::Malformed => {
                Self::Misconfigured(error.to_string())
            }
            HttpError::TimedOut | HttpError::Unreachable | HttpError::BrokenOff | HttpError::TooLarge => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

pub(in crate::providers) fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused(reason.to_owned())
}

pub(in crate::providers) fn misconfigured(reason: &str) -> ProviderError {
    ProviderError::Misconfigured(reason.to_owned())
}

pub(in crate::providers) fn unavailable(reason: &str) -> ProviderError {
    ProviderError::Unavailable(reason.to_owned())
}

/// For statuses that say something by themselves.
pub(in crate::providers) fn of_status(status: StatusCode) -> ProviderError {
    ProviderError::Unavailable(format!("it answered {}", status.as_u16()))
}

/// True for what no body can excuse: too many requests, an outage, a redirect (which is never followed).
pub(in crate::providers) fn is_no_answer(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() || status.is_redirection()
}

/// The `error` of an OAuth answer (RFC 6749 5.2, and what Google adds).
pub(super) fn of_word(word: &str) -> ProviderError {
    match word {
        "invalid_grant" | "access_denied" | "invalid_scope" | "admin_policy_enforced" | "org_internal" => refused(word),
        "invalid_client"
        | "deleted_client"
        | "unauthorized_client"
        | "redirect_uri_mismatch"
        | "invalid_request"
        | "unsupported_grant_type"
        | "unsupported_token_type" => misconfigured(word),
        "server_error" | "temporarily_unavailable" | "internal_failure" => unavailable(word),
        _ => refused("for a reason that is not in any standard"),
    }
}
