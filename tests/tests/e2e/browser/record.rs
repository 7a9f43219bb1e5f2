//! What the browser did and what it complained about, from its own logs.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use serde_json::Value;
use url::Url;

use super::{devtools, person::Person};

/// What happened since the logs were last read.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Every request of a page, each hop of a redirect for itself.
    pub(super) requests: Vec<Request>,
    /// Refusals of the content security policy, errors of scripts, things that did not load.
    pub(super) complaints: Vec<String>,
}

/// A request as it left the browser.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) url: Url,
    headers: Value,
}

impl Request {
    /// A header as it was sent, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.headers.as_object()?;
        let (_, value) = headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name))?;
        value.as_str()
    }
}

impl Record {
    /// The hosts that pages asked for anything, each once; the page that a new window begins with is the browser's own.
    pub(super) fn hosts(&self) -> Vec<&str> {
        let of_pages = self.requests.iter().filter(|request| request.url.scheme() != "chrome");
        let mut hosts: Vec<&str> = of_pages.filter_map(|request| request.url.host_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// The complaints about pages, except for those of one host.
    pub(super) fn complaints_except_about(&self, host: &str) -> Vec<&str> {
        let page = format!("http://{host}:");
        let others = self.complaints.iter().filter(|complaint| !complaint.starts_with(&page));
        others.map(String::as_str).collect()
    }

    /// The requests for this path of any host.
    pub(super) fn to(&self, path: &str) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(move |request| request.url.path() == path)
    }

    /// The only request for this path.
    pub(super) fn the_one_to(&self, host: &str, path: &str) -> anyhow::Result<&Request> {
        let mut found = self.to(path).filter(|request| request.url.host_str() == Some(host));
        let request = found.next().with_context(|| format!("no request to {host}{path}"))?;
        ensure!(found.next().is_none(), "several requests to {host}{path}");
        Ok(request)
    }
}

impl Person {
    /// Reads the logs, which begin anew.
    pub(super) async fn record(&self) -> anyhow::Result<Record> {
        let complaints = devtools::log(self.client(), "browser").await?;
        let events = devtools::log(self.client(), "performance").await?;
        let mut hops = Hops::default();
        for event in &events {
            let text = event["message"].as_str().context("an entry without a message")?;
            let event: Value = serde_json::from_str(text)?;
            hops.note(&event["message"])?;
        }
        Ok(Record {
            requests: hops.into_requests(),
            complaints: complaints
                .iter()
                .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
                .collect(),
        })
    }
}

/// The hops of every request: Chromium tells address and headers apart, and in any order.
#[derive(Default)]
struct Hops {
    order: Vec<String>,
    sent: HashMap<String, Vec<Url>>,
    headers: HashMap<String, Vec<Value>>,
}

impl Hops {
    fn note(&mut self, event: &Value) -> anyhow::Result<()> {
        let parameters = &event["params"];
        let id = || parameters["requestId"].as_str().unwrap_or_default().to_owned();
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let request = &parameters["request"];
                let url = request["url"].as_str().context("a request without an address")?;
                self.sent.entry(id()).or_default().push(Url::parse(url)?);
                self.order.push(id());
            }
            Some("Network.requestWillBeSentExtraInfo") => {
                self.headers
                    .entry(id())
                    .or_default()
                    .push(parameters["headers"].clone());
            }
            _ => {}
        }
        Ok(())
    }

    fn into_requests(mut self) -> Vec<Request> {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let mut requests = Vec::new();
        for id in &self.order {
            let hop = seen.entry(id).or_default();
            let Some(url) = self.sent.get(id).and_then(|hops| hops.get(*hop)).cloned() else {
                continue;
            };
            let headers = self
                .headers
                .get_mut(id)
                .and_then(|hops| hops.get_mut(*hop))
                .map(Value::take);
            requests.push(Request {
                url,
                headers: headers.unwrap_or_default(),
            });
            *hop += 1;
        }
        requests
    }
}
