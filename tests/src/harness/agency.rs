//! An agency, as its own software speaks to the API.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{network, provider::CALLBACK_HOST};

const API: &str = "/api/agency/v1";

/// An agency with its first API key.
#[derive(Clone)]
pub struct Agency {
    /// Its id.
    pub id: String,
    /// The host of its links.
    pub host: String,
    /// Its API key.
    pub key: String,
    base: String,
    http: reqwest::Client,
}

/// A customer's place of business.
#[derive(Clone, Debug)]
pub struct Place {
    /// The customer.
    pub customer: String,
    /// The location.
    pub location: String,
}

/// What a link is asked for with.
#[derive(Clone, Debug, Default)]
pub struct Issue {
    /// The provider; Google when not given.
    pub provider: Option<&'static str>,
    /// What the connection is called.
    pub name: Option<&'static str>,
    /// Whether another account may take the connected one's place.
    pub replace_account: bool,
}

/// An issued link.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its id.
    pub id: String,
    /// The address that the customer gets.
    pub url: String,
    /// The connection that it is for.
    pub integration: String,
}

impl Issued {
    /// The token at the end of its address.
    pub fn token(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

/// What the API answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub text: String,
}

impl Answer {
    /// The text as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }

    /// The JSON of a success.
    ///
    /// # Errors
    /// When it is none.
    pub fn ok(&self) -> anyhow::Result<Value> {
        ensure!(self.status.is_success(), "{}: {}", self.status, self.text);
        self.json()
    }
}

impl Agency {
    pub(super) fn new(id: &str, host: &str, key: &str, port: u16) -> anyhow::Result<Self> {
        Ok(Self {
            id: id.to_owned(),
            host: host.to_owned(),
            key: key.to_owned(),
            base: format!("http://{CALLBACK_HOST}:{port}{API}"),
            http: network::client()?,
        })
    }

    /// The same agency, speaking to another node.
    #[must_use]
    pub fn at(&self, port: u16) -> Self {
        let base = format!("http://{CALLBACK_HOST}:{port}{API}");
        Self { base, ..self.clone() }
    }

    /// Reads a connection's credentials, as a program does that is about to use them.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn credentials(&self, integration: &str) -> anyhow::Result<Answer> {
        let path = format!("/integrations/{integration}/credentials?purpose=story");
        self.call(Method::GET, &path, None, None).await
    }

    /// One call.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        position: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, url).bearer_auth(&self.key);
        if let Some(position) = position {
            request = request.header("grantlink-min-position", position);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// A command that may be repeated under its key.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.key);
        answer(request.header("idempotency-key", key).json(body)).await
    }

    /// A command.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.call(Method::POST, path, None, Some(body)).await
    }

    /// Reads what is shown once everything that happened so far is in the views.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, path: &str) -> anyhow::Result<Value> {
        let now = self.now().await?;
        self.call(Method::GET, path, Some(&now), None).await?.ok()
    }

    /// A position after everything that happened so far, whoever did it: the answer to a command of our own.
    async fn now(&self) -> anyhow::Result<String> {
        let answer = self.post("/customers", &json!({"name": "A witness"})).await?;
        answer.ok()?;
        let position = answer.headers.get("grantlink-position").context("no position")?;
        Ok(position.to_str()?.to_owned())
    }

    /// A customer with a bakery in London, and room for so many sources.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn bakery_with_room_for(&self, allowance: Option<u32>) -> anyhow::Result<Place> {
        let body = json!({
            "name": "Olive Hartley", "email": "olive@example.com", "source_allowance": allowance,
            "locations": [{"name": "Olive & Thyme Bakery", "address": "48 Lamb Lane, London"}],
        });
        let created = self.post("/customers", &body).await?.ok()?;
        Ok(Place {
            customer: text(&created["id"])?,
            location: text(&created["locations"][0]["id"])?,
        })
    }

    /// A customer with a bakery in London.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn bakery(&self) -> anyhow::Result<Place> {
        self.bakery_with_room_for(None).await
    }

    /// Another place of the same customer.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn another_location(&self, place: &Place, name: &str) -> anyhow::Result<Place> {
        let path = format!("/customers/{}/locations", place.customer);
        let added = self.post(&path, &json!({ "name": name })).await?.ok()?;
        Ok(Place {
            customer: place.customer.clone(),
            location: text(&added["id"])?,
        })
    }

    /// A link to Google for a place.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn link(&self, place: &Place) -> anyhow::Result<Issued> {
        self.link_with(place, &Issue::default()).await
    }

    /// A link for a place.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn link_with(&self, place: &Place, issue: &Issue) -> anyhow::Result<Issued> {
        let body = json!({
            "customer_id": place.customer, "location_id": place.location,
            "provider": issue.provider.unwrap_or(super::provider::GOOGLE),
            "name": issue.name, "replace_account": issue.replace_account,
        });
        let issued = self.post("/links", &body).await?.ok()?;
        Ok(Issued {
            id: text(&issued["id"])?,
            url: text(&issued["url"])?,
            integration: text(&issued["integration_id"])?,
        })
    }

    /// A link to Google for a bakery of its own.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn fresh_link(&self) -> anyhow::Result<Issued> {
        self.link(&self.bakery().await?).await
    }

    /// Revokes a link.
    ///
    /// # Errors
    /// When the API refuses.
    pub async fn revoke(&self, link: &Issued) -> anyhow::Result<()> {
        self.post(&format!("/links/{}/revoke", link.id), &json!({}))
            .await?
            .ok()?;
        Ok(())
    }

    /// A link as the agency sees it now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn link_now(&self, link: &Issued) -> anyhow::Result<Value> {
        self.read(&format!("/links/{}", link.id)).await
    }

    /// A connection as the agency sees it now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn integration_now(&self, link: &Issued) -> anyhow::Result<Value> {
        self.read(&format!("/integrations/{}", link.integration)).await
    }

    /// The integrations, once the provider was asked what each is good for. How long ago that was is left out: it is another
    /// answer each time.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn integrations_once_checked(&self) -> anyhow::Result<Value> {
        loop {
            let mut read = self.read("/integrations?limit=200").await?;
            let all = read["data"].as_array_mut().context("no integrations")?;
            let capabilities = |one: &Value| one["health"]["capabilities"].as_array().cloned().unwrap_or_default();
            let is_checked = |one: &Value| capabilities(one).iter().any(|each| each["state"] != "unknown");
            if all.iter().all(|one| one["badge"]["usable"] != true || is_checked(one)) {
                all.iter_mut().for_each(leave_ages_out);
                return Ok(read);
            }
            tokio::time::sleep(Duration::from_millis(50)).await; // until the check that follows a connection is done
        }
    }

    /// The sentences of a link's audit trail, oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn audit(&self, link: &Issued) -> anyhow::Result<Vec<String>> {
        let trail = self.read(&format!("/links/{}/audit?limit=200", link.id)).await?;
        let entries = trail["data"].as_array().context("no entries")?;
        entries.iter().map(|entry| text(&entry["text"])).collect()
    }
}

pub(super) async fn answer(request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await?,
    })
}

fn text(value: &Value) -> anyhow::Result<String> {
    Ok(value.as_str().with_context(|| format!("no text: {value}"))?.to_owned())
}

fn leave_ages_out(integration: &mut Value) {
    let capabilities = integration["health"]["capabilities"].as_array_mut();
    for capability in capabilities.into_iter().flatten().filter_map(Value::as_object_mut) {
        capability.remove("age_seconds");
        capability.remove("last_answer_at");
    }
}
