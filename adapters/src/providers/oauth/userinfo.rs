//! Who signed in.

use application::ports::provider::{Account, ProviderError};
use oauth2::AccessToken;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    OAuth,
    errors::{of_status, refused, unavailable},
    token_answer,
    transport::MAX_ANSWER,
};
use crate::providers::{config::AccountFields, fields::text_at};

/// `OpenID` Connect Core 2: a subject has at most 255 characters.
const MAX_SUBJECT: usize = 255;

impl OAuth {
    /// Whose access token that is.
    pub(in crate::providers) async fn identify(&self, access_token: &SecretString) -> Result<Account, ProviderError> {
        let token = AccessToken::new(access_token.expose_secret().to_owned());
        self.userinfo(&token).await
    }

    pub(super) async fn userinfo(&self, access_token: &AccessToken) -> Result<Account, ProviderError> {
        let request = self
            .http
            .request(Method::GET, self.userinfo_url.clone())
            .bearer_auth(access_token.secret())
            .timeout(self.timeout);
        let answer = self.http.send(request, MAX_ANSWER).await?;
        match answer.status {
            StatusCode::OK => account(&answer.body, &self.account),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refused("it does not say who signed in")),
            status => Err(of_status(status)),
        }
    }
}

fn account(body: &[u8], fields: &AccountFields) -> Result<Account, ProviderError> {
    let info: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(subject) = text_at(&info, &fields.subject) else {
        return Err(match info.as_object() {
            Some(answer) if token_answer::refusal(answer).is_some() => refused("it does not say who signed in"),
            Some(_) => unavailable("it names nobody who signed in"),
            None => unavailable("what it says about who signed in is malformed"),
        });
    };
    if subject.len() > MAX_SUBJECT {
        return Err(unavailable("it names nobody who signed in"));
    }
    Ok(Account {
        subject,
        email: text_at(&info, &fields.email),
        name: text_at(&info, &fields.name),
    })
}
