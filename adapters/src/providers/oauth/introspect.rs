//! What an access token is good for that somebody brought, and whose it is: a token that was given to another app would let in
//! whoever stole it there.

use std::collections::BTreeSet;

use application::ports::provider::{Granted, ProviderError};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{
    OAuth,
    errors::{is_no_answer, misconfigured, of_status, refused, unavailable},
    scopes,
    transport::MAX_ANSWER,
};
use crate::{http::HttpAnswer, providers::fields::text_at};

impl OAuth {
    /// What a living access token of ours is good for, as far as the provider says.
    pub(in crate::providers) async fn introspect(&self, token: &SecretString) -> Result<Granted, ProviderError> {
        let Some(url) = &self.introspect_url else {
            return Ok(Granted::default());
        };
        let answer = if self.has_tokeninfo {
            self.tokeninfo(url.clone(), token).await?
        } else {
            self.introspection(url.clone(), token).await?
        };
        let ours = self.client.client_id().as_str();
        // Where nobody is named, whoever is asked has only looked at tokens of the one who asks.
        let named = ["/aud", "/azp", "/client_id"].map(|field| text_at(&answer, field));
        let mut named = named.into_iter().flatten().peekable();
        if named.peek().is_some() && !named.any(|client| client == ours) {
            return Err(refused("the access token was given to another app"));
        }
        let scopes = answer.get("scope").and_then(Value::as_str);
        Ok(Granted {
            scopes: scopes.map(|scopes| self.apart(scopes.split_whitespace())),
            expires_at: text_at(&answer, "/exp").and_then(|end| end.parse().ok()),
        })
    }

    /// Scopes as an answer holds them, apart at spaces already.
    pub(super) fn apart<'a>(&self, parts: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        scopes::canonical(parts.flat_map(|part| part.split(&self.scope_separator)))
    }

    /// Google's: the token stands in the address, and one that is worth nothing is a 400.
    async fn tokeninfo(&self, url: Url, token: &SecretString) -> Result<Value, ProviderError> {
        let request = self.http.request(Method::GET, url).timeout(self.timeout);
        let request = request.query(&[("access_token", token.expose_secret())]);
        let answer = self.http.send(request, MAX_ANSWER).await?;
        if matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) {
            return Err(refused("the access token does not work"));
        }
        let said = said(&answer)?;
        // The one thing that Google always names.
        match text_at(&said, "/aud") {
            Some(_) => Ok(said),
            None => Err(unavailable("it does not say whose the access token is")),
        }
    }

    /// RFC 7662.
    async fn introspection(&self, url: Url, token: &SecretString) -> Result<Value, ProviderError> {
        let request = self.http.request(Method::POST, url).timeout(self.timeout);
        let fields = [("token", token.expose_secret()), ("token_type_hint", "access_token")];
        let answer = self.http.send(self.us.sign(request, &fields), MAX_ANSWER).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(misconfigured("invalid_client"));
        }
        let said = said(&answer)?;
        match said.get("active").and_then(Value::as_bool) {
            Some(true) => Ok(said),
            Some(false) => Err(refused("the access token does not work")),
            None => Err(unavailable("what it says about the access token is malformed")),
        }
    }
}

fn said(answer: &HttpAnswer) -> Result<Value, ProviderError> {
    if is_no_answer(answer.status) || !answer.status.is_success() {
        return Err(of_status(answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|_| unavailable("what it says about the access token is malformed"))
}
