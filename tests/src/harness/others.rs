//! Providers that are not Google, each a server of its own with its own habits.

use reqwest::Url;
use simulator::{
    OAuthClient,
    generic::{GenericConfig, GenericServer, Quirks, RunningGeneric},
};

use super::{
    network,
    provider::{CALLBACK_HOST, callback_path},
    stage::Stage,
};
use crate::conformance::Database;

/// A provider of its own, and its name in the configuration.
pub struct Other {
    /// Its name, which is the beginning of its host's as well.
    pub id: &'static str,
    /// The server.
    pub server: RunningGeneric,
}

impl Other {
    /// Starts one.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(id: &'static str, quirks: Quirks) -> anyhow::Result<Self> {
        let config = GenericConfig {
            public_url: Some(format!("http://{id}.localhost:0")),
            display_name: id.to_owned(),
            quirks,
            ..GenericConfig::default()
        };
        Ok(Self {
            id,
            server: GenericServer::start(config).await?,
        })
    }

    /// Its part of the configuration; `more` are further lines of it.
    pub fn configuration(&self, more: &str) -> String {
        let (id, base) = (self.id, self.server.base_url());
        format!(
            r#"
[providers.{id}]
name = "{id}"
product = "{id} Page"
icon = "app"
client_id = "{client}"
client_secret = "{secret}"
callback_path = "{path}"
authorize_url = "{base}/authorize"
token_url = "{base}/token"
userinfo_url = "{base}/userinfo"
jwks_url = "{base}/keys"
revoke_url = "{base}/revoke"
revokes = "token"
revoke_with_client = true
issuer = "{base}"
accepted_issuers = []
scopes = ["openid", "manage"]
required_scopes = ["manage"]
accounts_url = "{base}"
business_information_url = "{base}"
verifications_url = "{base}"
reviews_url = "{base}"
performance_url = "{base}"
timeout_seconds = 2
{more}
"#,
            client = self.client(),
            secret = self.secret(),
            path = callback_path(id),
        )
    }

    /// The same as an app of its own kind, which speaks nothing of Google's; `more` are further lines of it, and its tables.
    pub fn own_kind(&self, more: &str) -> String {
        let (id, base) = (self.id, self.server.base_url());
        format!(
            r#"
[providers.{id}]
kind = "oauth2"
name = "{id}"
client_id = "{client}"
client_secret = "{secret}"
authorize_url = "{base}/authorize"
token_url = "{base}/token"
userinfo_url = "{base}/api/me"
revoke_url = "{base}/revoke"
introspect_url = "{base}/introspect"
scopes = ["crm"]
required_scopes = ["crm"]
timeout_seconds = 2
account = {{ subject = "/data/user/uid", email = "/data/user/mail", name = "/data/user/full_name" }}
{more}
"#,
            client = self.client(),
            secret = self.secret(),
        )
    }

    /// The lines that let the customer pick one of the account's workspaces.
    pub fn workspaces(&self) -> String {
        let base = self.server.base_url();
        format!(
            r#"
listing = "workspace"
listings = "workspaces"
probe_url = "{base}/api/workspaces/{{listing}}"

[providers.{id}.listing_api]
url = "{base}/api/workspaces?order=name"
items = "/workspaces"
id = "/uuid"
title = "/label"
address = "/place/town"
next = "/paging/next"
next_parameter = "cursor"
"#,
            id = self.id,
        )
    }

    /// Its client id.
    pub fn client(&self) -> String {
        format!("client-of-{}", self.id)
    }

    /// Its client secret: a canary that must never show up anywhere.
    pub fn secret(&self) -> String {
        format!("canary-client-secret-of-{}", self.id)
    }

    /// How often it was asked for tokens.
    pub fn token_requests(&self) -> usize {
        self.server.count("POST", "/token")
    }

    /// Whether it takes an access token.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn accepts(&self, token: &str) -> anyhow::Result<bool> {
        let asked = network::client()?.get(format!("{}/userinfo", self.server.base_url()));
        Ok(asked.bearer_auth(token).send().await?.status().is_success())
    }

    async fn expects(&self, stage: &Stage) {
        let client = OAuthClient::new(self.client(), self.secret(), [stage.callback(self.id)]);
        self.server.register_client(client).await;
    }
}

impl Stage {
    /// Where a provider sends people back to.
    pub fn callback(&self, provider: &str) -> String {
        format!(
            "http://{CALLBACK_HOST}:{}{}",
            self.server.port(),
            callback_path(provider)
        )
    }

    /// Sets everything up with these providers beside the usual ones; each comes with further lines of its configuration.
    ///
    /// # Errors
    /// As [`Stage::set`].
    pub async fn set_among(database: Database, others: &[(&Other, &str)]) -> anyhow::Result<Self> {
        let more: String = others.iter().map(|(other, more)| other.configuration(more)).collect();
        let stage = Self::set_configured(database, &more).await?;
        for (other, _) in others {
            other.expects(&stage).await;
        }
        Ok(stage)
    }

    /// Sets everything up with these apps of their own kind beside the usual providers; each with further lines of its configuration.
    ///
    /// # Errors
    /// As [`Stage::set`].
    pub async fn set_with_apps(database: Database, apps: &[(&Other, &str)]) -> anyhow::Result<Self> {
        let more: String = apps.iter().map(|(app, more)| app.own_kind(more)).collect();
        let stage = Self::set_configured(database, &more).await?;
        for (app, _) in apps {
            app.expects(&stage).await;
        }
        Ok(stage)
    }
}

/// An address with another value of a parameter, or without it.
pub fn with_parameter(url: &Url, name: &str, value: Option<&str>) -> Url {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut changed = url.clone();
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .extend_pairs(value.map(|value| (name, value)));
    changed
}
