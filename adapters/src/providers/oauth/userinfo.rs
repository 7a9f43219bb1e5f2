//! Who signed in.

use application::ports::provider::{Account, ProviderError};
use oauth2::AccessToken;
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    OAuth,
    errors::{of_status, refused, unavailable},
    token_answer,
    transport::MAX_ANSWER,
};

/// `OpenID` Connect Core 2: a subject has at most 255 characters.
const MAX_SUBJECT: usize = 255;

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    email: Option<String>,
    name: Option<String>,
}

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
            StatusCode::OK => account(&answer.body),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refused("it does not say who signed in")),
            status => Err(of_status(status)),
        }
    }
}

fn account(body: &[u8]) -> Result<Account, ProviderError> {
    let info: UserInfo =
        serde_json::from_slice(body).map_err(|_| match serde_json::from_slice::<Map<String, Value>>(body) {
            Ok(answer) if token_answer::refusal(&answer).is_some() => refused("it does not say who signed in"),
            _ => unavailable("what it says about who signed in is malformed"),
        })?;
    if info.sub.is_empty() || info.sub.len() > MAX_SUBJECT {
        return Err(unavailable("it names nobody who signed in"));
    }
    let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Ok(Account {
        subject: info.sub,
        email: text(info.email),
        name: text(info.name),
    })
}
