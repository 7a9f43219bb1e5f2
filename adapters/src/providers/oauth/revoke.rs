//! Taking access back (RFC 7009).

use application::ports::provider::{Credential, ProviderError};
use reqwest::{Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    OAuth,
    errors::{is_no_answer, of_status, of_word},
    transport::MAX_ANSWER,
};

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl OAuth {
    /// Takes back the grant that the credential stands for. A token that is dead already is a success.
    pub(in crate::providers) async fn revoke(&self, credential: &Credential) -> Result<(), ProviderError> {
        let Some(url) = &self.revoke_url else { return Ok(()) };
        // The refresh token outlives the access token, which at Google falls with it.
        let token = credential.refresh_token.as_ref().unwrap_or(&credential.access_token);
        let request = self.http.request(Method::POST, url.clone()).timeout(self.timeout);
        let answer = self.http.send(self.form(request, token), MAX_ANSWER).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            status if is_no_answer(status) => Err(of_status(status)),
            status => match serde_json::from_slice::<Refusal>(&answer.body) {
                Ok(refusal) if status == StatusCode::BAD_REQUEST && refusal.error == "invalid_token" => Ok(()),
                Ok(refusal) => Err(of_word(&refusal.error)),
                Err(_) => Err(of_status(status)),
            },
        }
    }

    fn form(&self, request: RequestBuilder, token: &SecretString) -> RequestBuilder {
        let token = ("token", token.expose_secret());
        if self.revoke_with_client {
            self.us.sign(request, &[token])
        } else {
            request.form(&[token])
        }
    }
}
