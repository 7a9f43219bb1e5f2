//! What a browser got.

use anyhow::{Context, ensure};
use reqwest::{
    StatusCode, Url,
    header::{HeaderMap, LOCATION},
};

use super::html::{self, Form};

/// An answer as a browser sees it.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it came from.
    pub url: Url,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its source.
    pub body: String,
}

impl Page {
    pub(super) async fn of(response: reqwest::Response) -> anyhow::Result<Self> {
        Ok(Self {
            url: response.url().clone(),
            status: response.status(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
    }

    /// Whether the page reads these words.
    pub fn says(&self, words: &str) -> bool {
        html::text(&self.body).contains(words)
    }

    /// The page, if it has that status and says these words.
    ///
    /// # Errors
    /// With the whole page, when it does not.
    pub fn expect(self, status: u16, words: &str) -> anyhow::Result<Self> {
        ensure!(
            self.status == status && self.says(words),
            "expected {status} and “{words}” from {} but got {}: {}",
            self.url.path(),
            self.status,
            html::text(&self.body)
        );
        Ok(self)
    }

    /// Where it leads, as a whole address; nothing when it is no redirection.
    pub fn location(&self) -> Option<Url> {
        let location = self.headers.get(LOCATION)?.to_str().ok()?;
        self.url.join(location).ok()
    }

    /// Where it must lead.
    ///
    /// # Errors
    /// When it leads nowhere.
    pub fn leads_to(&self) -> anyhow::Result<Url> {
        self.location()
            .with_context(|| format!("{} answered {} and leads nowhere: {}", self.url, self.status, self.body))
    }

    /// The address at the provider that our own page leads on to by itself.
    ///
    /// # Errors
    /// When the page does not lead on.
    pub fn onward(&self) -> anyhow::Result<Url> {
        let refresh = self.body.split("<meta http-equiv=\"refresh\"").nth(1);
        let content = refresh.and_then(|rest| html::attribute(rest, "content"));
        let target = content.as_deref().and_then(|content| content.split_once("url="));
        let (_, target) = target.with_context(|| format!("{} leads on to no provider: {}", self.url, self.body))?;
        Ok(target.parse()?)
    }

    /// The `state` that the page sends its visitor to the provider with.
    ///
    /// # Errors
    /// When the page does not lead on, or without one.
    pub fn sent_with(&self) -> anyhow::Result<String> {
        parameter(&self.onward()?, "state").context("no state")
    }

    /// A parameter of its address.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(&self.url, name)
    }

    /// A parameter of where it leads.
    pub fn parameter_onward(&self, name: &str) -> Option<String> {
        parameter(&self.location()?, name)
    }

    /// The attempt that the page is about, by its address.
    ///
    /// # Errors
    /// When its address names none.
    pub fn attempt(&self) -> anyhow::Result<String> {
        self.parameter("attempt")
            .with_context(|| format!("{} names no attempt", self.url))
    }

    /// Everything that the picker shows: the ids, and whether they can be picked.
    pub fn listings(&self) -> Vec<(String, bool)> {
        html::choices(&self.body)
    }

    pub(super) fn boxes(&self) -> Vec<(String, bool)> {
        html::boxes(&self.body)
    }

    pub(super) fn form(&self, end: &str) -> anyhow::Result<(Url, Vec<(String, String)>)> {
        let found = html::form(&self.body, end);
        let Form { action, hidden } =
            found.with_context(|| format!("{} ({}) has no form for {end}: {}", self.url, self.status, self.body))?;
        Ok((self.url.join(&action)?, hidden))
    }

    /// The form token of the page.
    ///
    /// # Errors
    /// When it has none.
    pub fn form_token(&self) -> anyhow::Result<String> {
        let (_, hidden) = self.form("")?;
        let token = hidden.into_iter().find(|(name, _)| name == "csrf");
        Ok(token.context("no form token")?.1)
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
