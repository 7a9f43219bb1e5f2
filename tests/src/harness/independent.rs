//! An authorization server that other people wrote, `oxide-auth`: it knows nothing of our reading of the standards. It knows OAuth
//! alone, no identity tokens; who signed in, a page says in words of its own. Addresses are compared to the letter, the secret is
//! shown in the header, a code works once, and so does a refresh token. An access token lives for a minute.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::TimeDelta;
use oxide_auth::{
    endpoint::{AccessTokenFlow, AuthorizationFlow, OwnerConsent, QueryParameter, RefreshFlow, Solicitation},
    frontends::simple::{
        endpoint::{Error, FnSolicitor, Generic, Vacant},
        extensions::{AddonList, Extended, Pkce},
    },
    primitives::prelude::{AuthMap, Client, ClientMap, Issuer, RandomGenerator, Scope, TokenMap},
};
use oxide_auth_axum::{OAuthRequest, OAuthResource, OAuthResponse, WebError};
use serde_json::json;
use tokio::{net::TcpListener, sync::Mutex, task::AbortHandle};
use url::Url;

use super::{Stage, callback_path};

/// How much it asks of whoever signs people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// PKCE is required.
    Strict,
    /// PKCE is not looked for.
    Lax,
}

/// The server, which serves until it is dropped.
pub struct Independent {
    /// Its name in the configuration.
    pub id: &'static str,
    manner: Manner,
    base: String,
    books: Shared,
    serving: AbortHandle,
}

type Shared = Arc<Mutex<Books>>;

struct Books {
    manner: Manner,
    clients: ClientMap,
    codes: AuthMap<RandomGenerator>,
    tokens: TokenMap<RandomGenerator>,
}

type Agrees = fn(&mut OAuthRequest, Solicitation) -> OwnerConsent<OAuthResponse>;
type Endpoint<'a> = Extended<
    Generic<
        &'a ClientMap,
        &'a mut AuthMap<RandomGenerator>,
        &'a mut TokenMap<RandomGenerator>,
        FnSolicitor<Agrees>,
        Vacant,
        Vacant,
    >,
    AddonList,
>;

/// Whoever signs in is this person: it asks nobody.
const OWNER: &str = "person-7";
const SCOPE: &str = "manage";
const CLIENT: &str = "client-elsewhere";
const SECRET: &str = "canary-client-secret-elsewhere";

impl Independent {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(id: &'static str, manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{id}.localhost:{}", listener.local_addr()?.port());
        let mut tokens = TokenMap::new(RandomGenerator::new(16));
        tokens.valid_for(TimeDelta::minutes(1));
        let books = Arc::new(Mutex::new(Books {
            manner,
            clients: ClientMap::new(),
            codes: AuthMap::new(RandomGenerator::new(16)),
            tokens,
        }));
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/me", get(me))
            .with_state(Arc::clone(&books));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the provider ended: {error}");
            }
        });
        Ok(Self {
            id,
            manner,
            base,
            books,
            serving: serving.abort_handle(),
        })
    }

    /// Its part of the configuration.
    pub fn configuration(&self) -> String {
        let (id, base) = (self.id, &self.base);
        let pkce = self.manner == Manner::Strict;
        format!(
            r#"
[providers.{id}]
kind = "oauth2"
name = "{id}"
product = "{id} account"
icon = "app"
client_id = "{CLIENT}"
client_secret = "{SECRET}"
client_auth = "basic"
callback_path = "{path}"
authorize_url = "{base}/authorize"
token_url = "{base}/token"
userinfo_url = "{base}/me"
scopes = ["{SCOPE}"]
required_scopes = ["{SCOPE}"]
pkce = {pkce}

[providers.{id}.account]
subject = "/person/number"
email = ""
name = "/person/called"
"#,
            path = callback_path(id),
        )
    }

    /// Whether an access token works there.
    pub async fn knows(&self, access_token: &str) -> bool {
        let grant = self.books.lock().await.tokens.recover_token(access_token);
        grant.is_ok_and(|grant| grant.is_some_and(|grant| grant.owner_id == OWNER))
    }

    /// Lets the installation in.
    ///
    /// # Errors
    /// When its callback is no address.
    pub async fn expects(&self, stage: &Stage) -> anyhow::Result<()> {
        let callback: Url = stage.callback(self.id).parse()?;
        let client = Client::confidential(CLIENT, callback.into(), SCOPE.parse()?, SECRET.as_bytes());
        self.books.lock().await.clients.register_client(client);
        Ok(())
    }
}

impl Drop for Independent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Books {
    fn endpoint(&mut self) -> Endpoint<'_> {
        let mut addons = AddonList::new();
        if self.manner == Manner::Strict {
            addons.push_code(Pkce::required());
        }
        let agrees: Agrees = |_, _| OwnerConsent::Authorized(OWNER.to_owned());
        let generic = Generic {
            registrar: &self.clients,
            authorizer: &mut self.codes,
            issuer: &mut self.tokens,
            solicitor: FnSolicitor(agrees),
            scopes: Vacant,
            response: Vacant,
        };
        Extended::extend_with(generic, addons)
    }
}

async fn authorize(State(books): State<Shared>, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
    let mut books = books.lock().await;
    let mut flow = AuthorizationFlow::prepare(books.endpoint()).map_err(Error::pack::<WebError>)?;
    flow.execute(request).map_err(Error::pack)
}

async fn token(State(books): State<Shared>, request: OAuthRequest) -> Result<OAuthResponse, WebError> {
    let mut books = books.lock().await;
    let kind = request.body().and_then(|body| body.unique_value("grant_type"));
    if kind.is_some_and(|kind| kind == "refresh_token") {
        let mut flow = RefreshFlow::prepare(books.endpoint()).map_err(Error::pack::<WebError>)?;
        return flow.execute(request).map_err(Error::pack);
    }
    let mut flow = AccessTokenFlow::prepare(books.endpoint()).map_err(Error::pack::<WebError>)?;
    flow.execute(request).map_err(Error::pack)
}

async fn me(State(books): State<Shared>, request: OAuthResource) -> Result<Response, WebError> {
    let mut books = books.lock().await;
    let scopes: Vec<Scope> = SCOPE.parse().into_iter().collect();
    let endpoint = Generic {
        registrar: Vacant,
        authorizer: Vacant,
        issuer: &mut books.tokens,
        solicitor: Vacant,
        scopes,
        response: Vacant,
    };
    match endpoint.resource_flow::<OAuthRequest>().execute(request.into()) {
        Ok(grant) => Ok(Json(json!({"person": {"number": grant.owner_id, "called": "Olive"}})).into_response()),
        Err(Ok(refusal)) => Ok(refusal.into_response()),
        Err(Err(error)) => Err(error.pack()),
    }
}
