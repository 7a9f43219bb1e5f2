//! OAuth 2.0 and `OpenID` Connect for web servers, as any provider of this kind speaks them.

use std::{sync::Arc, time::Duration};

use application::ports::{
    clock::Clock,
    provider::{ProviderError, SignIn},
};
use oauth2::{
    AuthType, AuthUrl, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, PkceCodeChallenge,
    RedirectUrl, Scope, StandardRevocableToken, TokenUrl,
    basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse},
};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use self::{errors::misconfigured, identity::Identity, signing_keys::SigningKeys, token::Tokens};
use super::{
    config::{AccountFields, ClientAuth, ProviderConfig, ProviderKind},
    validate::{InvalidProviders, provider_url},
};
use crate::http::HttpClient;

mod check;
pub(super) mod errors;
mod id_token;
mod identity;
mod introspect;
mod refresh;
mod revoke;
pub(super) mod scopes;
mod signing_keys;
mod token;
mod token_answer;
mod transport;
mod userinfo;

type TokenClient = Client<
    BasicErrorResponse,
    Tokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// One client registration at one provider.
pub(super) struct OAuth {
    client: TokenClient,
    userinfo_url: Url,
    account: AccountFields,
    /// None where it sends no id tokens: one that comes all the same says nothing.
    signing_keys: Option<SigningKeys>,
    introspect_url: Option<Url>,
    /// Google's own interface for that, in place of the standard's.
    has_tokeninfo: bool,
    revoke_url: Option<Url>,
    revoke_with_client: bool,
    token_url: Url,
    us: Identity,
    issuers: Vec<String>,
    scopes: Vec<String>,
    scope_separator: String,
    /// Fixed parameters of the sign-in address.
    parameters: Vec<(String, String)>,
    pkce: bool,
    timeout: Duration,
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

impl OAuth {
    /// Takes what it needs from a configuration.
    pub(super) fn new(
        config: &ProviderConfig,
        redirect_uri: &str,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidProviders> {
        let url = |field: &str, text: &str| provider_url(field, text).map_err(|text| InvalidProviders(vec![text]));
        let prompt = Some(&config.prompt).filter(|prompt| !prompt.is_empty());
        let prompt = prompt.map(|prompt| ("prompt".to_owned(), prompt.clone()));
        let timeout = Duration::from_secs(config.timeout_seconds.into());
        let optional = |field: &str, text: &str| (!text.is_empty()).then(|| url(field, text)).transpose();
        let keys = optional("jwks_url", &config.jwks_url)?;
        let keys = keys.map(|keys| SigningKeys::new(keys, http.clone(), timeout, Arc::clone(&clock)));
        Ok(Self {
            client: token_client(config, redirect_uri)?,
            userinfo_url: url("userinfo_url", &config.userinfo_url)?,
            account: config.account.clone(),
            signing_keys: keys,
            introspect_url: optional("introspect_url", &config.introspect_url)?,
            has_tokeninfo: config.kind == ProviderKind::GoogleBusiness,
            revoke_url: optional("revoke_url", &config.revoke_url)?,
            revoke_with_client: config.revoke_with_client,
            token_url: url("token_url", &config.token_url)?,
            us: Identity::of(config),
            issuers: [std::slice::from_ref(&config.issuer), &config.accepted_issuers].concat(),
            scopes: config.scopes.clone(),
            scope_separator: config.scope_separator.clone(),
            parameters: prompt.into_iter().chain(config.authorize_parameters.clone()).collect(),
            pkce: config.pkce,
            timeout,
            http,
            clock,
        })
    }

    /// The address at the provider where a sign-in begins.
    pub(super) fn authorize_url(&self, sign_in: &SignIn<'_>) -> Result<String, ProviderError> {
        let state = CsrfToken::new(sign_in.state.expose_secret().to_owned());
        let mut request = self.client.authorize_url(|| state);
        if !self.scopes.is_empty() {
            request = request.add_scope(Scope::new(self.scopes.join(&self.scope_separator)));
        }
        if self.signing_keys.is_some() {
            request = request.add_extra_param("nonce", sign_in.nonce);
        }
        if self.pkce {
            request = request.set_pkce_challenge(challenge(sign_in.code_challenge)?);
        }
        for (name, value) in &self.parameters {
            request = request.add_extra_param(name, value);
        }
        Ok(request.url().0.into())
    }
}

/// The crate makes a challenge from a verifier only, and the verifier stays sealed; but it reads one that was written down.
fn challenge(hash: &str) -> Result<PkceCodeChallenge, ProviderError> {
    let written = serde_json::json!({ "code_challenge": hash, "code_challenge_method": "S256" });
    serde_json::from_value(written).map_err(|_| misconfigured("the code challenge cannot be written down"))
}

fn token_client(config: &ProviderConfig, redirect_uri: &str) -> Result<TokenClient, InvalidProviders> {
    let invalid = |field: &str| InvalidProviders(vec![format!("set {field} to an address")]);
    let secret: &SecretString = &config.client_secret;
    Ok(Client::new(ClientId::new(config.client_id.clone()))
        .set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()))
        .set_auth_type(match config.client_auth {
            ClientAuth::Post => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        })
        .set_auth_uri(AuthUrl::new(config.authorize_url.clone()).map_err(|_| invalid("authorize_url"))?)
        .set_token_uri(TokenUrl::new(config.token_url.clone()).map_err(|_| invalid("token_url"))?)
        .set_redirect_uri(RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| invalid("the callback address"))?))
}
