//! The oauth2 crate speaks through our own client, under our limits.

use std::{pin::Pin, time::Duration};

use application::ports::provider::ProviderError;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};

use super::{
    errors::{is_no_answer, of_status},
    token_answer,
};
use crate::http::{HttpClient, HttpError};

/// More than any token answer has ever needed.
pub(super) const MAX_ANSWER: usize = 64 * 1024;

/// The oauth2 crate's way out.
pub(super) struct Transport {
    pub(super) http: HttpClient,
    pub(super) timeout: Duration,
}

/// Why there is nothing that the oauth2 crate could read: already in our words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NoAnswer(pub(super) ProviderError);

impl Transport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let request = reqwest::Request::try_from(request);
        let mut request = request.map_err(|_| NoAnswer(HttpError::Malformed.into()))?;
        *request.timeout_mut() = Some(self.timeout);
        let answer = self.http.execute(request, MAX_ANSWER).await;
        let answer = answer.map_err(|error| NoAnswer(error.into()))?;
        if is_no_answer(answer.status) {
            return Err(NoAnswer(of_status(answer.status)));
        }
        let (status, body) = token_answer::standard(answer.status, answer.body);
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
