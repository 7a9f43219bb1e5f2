//! The token endpoint: a code becomes tokens, once.

use std::{borrow::Cow, collections::BTreeSet};

use application::ports::provider::{CodeExchange, Credential, ProviderError};
use oauth2::{
    AuthorizationCode, ExtraTokenFields, PkceCodeVerifier, RedirectUrl, RequestTokenError, StandardTokenResponse,
    TokenResponse,
    basic::{BasicErrorResponse, BasicTokenType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{
    OAuth,
    errors::{misconfigured, of_word, refused, unavailable},
    id_token::{self, Expected},
    scopes,
    transport::{NoAnswer, Transport},
};

/// What `OpenID` Connect adds to a token answer. Unknown fields are left where they are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IdToken {
    #[serde(skip_serializing)]
    id_token: Option<SecretString>,
}

impl ExtraTokenFields for IdToken {}

/// A token answer with what `OpenID` Connect adds.
pub(super) type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;

impl OAuth {
    /// The one token request of an attempt, and who signed in.
    ///
    /// When a check fails after the tokens came, they are forgotten, not revoked: a revocation may take down other
    /// connections of the account, and nobody holds these.
    pub(in crate::providers) async fn exchange(
        &self,
        exchange: &CodeExchange<'_>,
    ) -> Result<Credential, ProviderError> {
        let tokens = self.tokens(exchange).await?;
        let signed_in = match (&tokens.extra_fields().id_token, &self.signing_keys) {
            (Some(token), Some(keys)) => {
                let expected = self.expected(exchange.nonce);
                Some(id_token::check(token.expose_secret(), keys, &expected).await?)
            }
            _ => None,
        };
        let account = self.userinfo(tokens.access_token()).await?;
        // Core 5.3.2: what userinfo says counts only for the subject of the id token.
        if signed_in.is_some_and(|subject| subject.0 != account.subject) {
            return Err(refused("its two answers name two accounts"));
        }
        let refresh_token = tokens.refresh_token().filter(|token| !token.secret().is_empty());
        Ok(Credential {
            access_token: tokens.access_token().secret().as_str().into(),
            refresh_token: refresh_token.map(|token| token.secret().as_str().into()),
            expires_at: tokens.expires_in().map(|lifetime| self.at(lifetime.as_secs())),
            scopes: self.granted(&tokens),
            account,
        })
    }

    /// What a token answer says was granted.
    pub(super) fn granted(&self, tokens: &Tokens) -> BTreeSet<String> {
        match tokens.scopes() {
            // The crate has taken them apart at spaces.
            Some(granted) => self.apart(granted.iter().map(|scope| scope.as_str())),
            // RFC 6749 5.1: no scope in the answer means that all was granted that was asked for.
            None => scopes::canonical(&self.scopes),
        }
    }

    async fn tokens(&self, exchange: &CodeExchange<'_>) -> Result<Tokens, ProviderError> {
        let redirect_uri = RedirectUrl::new(exchange.redirect_uri.to_owned())
            .map_err(|_| misconfigured("the redirect URI is no address"))?;
        let code = AuthorizationCode::new(exchange.code.expose_secret().to_owned());
        let mut request = self
            .client
            .exchange_code(code)
            .set_redirect_uri(Cow::Owned(redirect_uri));
        if self.pkce {
            let verifier = exchange.verifier.expose_secret().to_owned();
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        }
        let transport = Transport {
            http: self.http.clone(),
            timeout: self.timeout,
        };
        let tokens = request.request_async(&transport).await.map_err(of_failure)?;
        if *tokens.token_type() == BasicTokenType::Bearer && !tokens.access_token().secret().is_empty() {
            Ok(tokens)
        } else {
            Err(unavailable("it gave no bearer token"))
        }
    }

    fn expected<'a>(&'a self, nonce: &'a str) -> Expected<'a> {
        Expected {
            issuers: &self.issuers,
            client_id: self.client.client_id(),
            nonce,
            now: self.clock.now(),
        }
    }

    pub(super) fn at(&self, seconds_from_now: u64) -> i64 {
        let seconds = i64::try_from(seconds_from_now).unwrap_or(i64::MAX);
        self.clock.now().timestamp().saturating_add(seconds)
    }
}

/// The crate's own errors carry bodies and descriptions; only what is known leaves here.
pub(super) fn of_failure(error: RequestTokenError<NoAnswer, BasicErrorResponse>) -> ProviderError {
    match error {
        RequestTokenError::ServerResponse(answer) => of_word(answer.error().as_ref()),
        RequestTokenError::Request(NoAnswer(error)) => error,
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => unavailable("its token answer is malformed"),
    }
}
