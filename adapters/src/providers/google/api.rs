//! Asking the Business Profile APIs, and what their errors mean.

use std::time::Duration;

use application::ports::provider::ProviderError;
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    http::{HttpAnswer, HttpClient, HttpError},
    providers::{
        config::ProviderConfig,
        oauth::errors::{misconfigured, of_status, refused, unavailable},
        validate::{InvalidProviders, provider_url},
    },
};

/// A page of a hundred listings is some 100 KB; this is where it stops being one.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The APIs that listings, reviews and figures come from.
pub(super) struct Api {
    pub(super) accounts: Url,
    pub(super) business_information: Url,
    pub(super) verifications: Url,
    pub(super) reviews: Url,
    pub(super) performance: Url,
    timeout: Duration,
    http: HttpClient,
}

/// Why an API did not answer a question.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The account may not see this one thing; others may be fine.
    NoAccess,
    /// Nothing more can be asked.
    Failed(ProviderError),
}

impl From<ApiError> for ProviderError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::NoAccess => refused("the account has no access"),
            ApiError::Failed(error) => error,
        }
    }
}

impl Api {
    pub(super) fn new(config: &ProviderConfig, http: HttpClient) -> Result<Self, InvalidProviders> {
        let url = |field: &str, text: &str| provider_url(field, text).map_err(|text| InvalidProviders(vec![text]));
        Ok(Self {
            accounts: url("accounts_url", &config.accounts_url)?,
            business_information: url("business_information_url", &config.business_information_url)?,
            verifications: url("verifications_url", &config.verifications_url)?,
            reviews: url("reviews_url", &config.reviews_url)?,
            performance: url("performance_url", &config.performance_url)?,
            timeout: Duration::from_secs(config.timeout_seconds.into()),
            http,
        })
    }

    /// Reads `path` under a base, as JSON.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        (base, path): (&Url, &str),
        query: &[(&str, &str)],
        token: &SecretString,
    ) -> Result<T, ApiError> {
        let answer = self.ask((base, path), query, token).await;
        let answer = answer.map_err(|error| ApiError::Failed(error.into()))?;
        if answer.status != StatusCode::OK {
            return Err(of_answer(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| ApiError::Failed(unavailable("its listings are malformed")))
    }
}

impl Api {
    /// Asks for `path` under a base, whatever is answered.
    pub(super) async fn ask(
        &self,
        (base, path): (&Url, &str),
        query: &[(&str, &str)],
        token: &SecretString,
    ) -> Result<HttpAnswer, HttpError> {
        let request = self
            .http
            .request(Method::GET, under(base, path))
            .query(query)
            .bearer_auth(token.expose_secret())
            .timeout(self.timeout);
        self.http.send(request, MAX_ANSWER).await
    }
}

/// The reason of a `google.rpc.Status`, where it gives one.
pub(super) fn reason_of(answer: &HttpAnswer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array)?;
    let mut reasons = details.iter().filter_map(|detail| detail.get("reason")?.as_str());
    reasons.next().map(str::to_owned)
}

fn under(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    url
}

/// A `google.rpc.Status`, as far as it tells failures apart. Its message is not repeated: it may name the project.
fn of_answer(answer: &HttpAnswer) -> ApiError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = body.pointer("/error/details").and_then(Value::as_array);
    let detail = |pointer: &str| {
        let mut values = details.into_iter().flatten();
        values.find_map(|detail| detail.pointer(pointer)?.as_str())
    };
    ApiError::Failed(match (answer.status, detail("/reason")) {
        (StatusCode::TOO_MANY_REQUESTS, _) if detail("/metadata/quota_limit_value") == Some("0") => {
            misconfigured("its quota is 0: ask Google for access to the Business Profile APIs")
        }
        (StatusCode::UNAUTHORIZED, _) => refused("the access token does not work"),
        (StatusCode::FORBIDDEN, Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) => refused("a permission was not granted"),
        (StatusCode::FORBIDDEN, Some("SERVICE_DISABLED")) => {
            misconfigured("a Business Profile API is not enabled in its project")
        }
        (StatusCode::FORBIDDEN, None) => return ApiError::NoAccess,
        // Without Google's own error, it is not one thing that is missing there but the API: a wrong address.
        (StatusCode::NOT_FOUND, None) if body.get("error").is_some() => return ApiError::NoAccess,
        (StatusCode::FORBIDDEN, Some(_)) => refused("the project may not ask for listings"),
        (status, _) => of_status(status),
    })
}
