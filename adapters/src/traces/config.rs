//! Where traces go to.

use std::collections::BTreeMap;

use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::http::is_safe_target;

/// Traces for a collector of OpenTelemetry.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesConfig {
    /// The collector's address for OTLP over HTTP, without `/v1/traces`. Without it nothing is traced.
    pub endpoint: Option<String>,
    /// What the collector calls this service.
    pub service_name: String,
    /// The share of requests that are traced, 0 to 1, where the caller does not say.
    pub sample_ratio: f64,
    /// Headers for the collector. Their values are secrets.
    pub headers: BTreeMap<String, SecretString>,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            service_name: "grantlink".to_owned(),
            sample_ratio: 0.1,
            headers: BTreeMap::new(),
        }
    }
}

/// What cannot be traced with. It never repeats a header's value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TracesError {
    /// No address, or one that others could listen to.
    #[error("set traces.endpoint to an https address, or an http address of this machine, without a query: {0}")]
    Endpoint(String),
    /// No share.
    #[error("set traces.sample_ratio to 0 to 1")]
    Ratio,
    /// No header.
    #[error("traces.headers.{0} is no header, or its value is none")]
    Header(String),
}

/// Where to send to.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl TracesConfig {
    /// Checks it.
    ///
    /// # Errors
    /// What must be changed.
    pub fn validate(&self) -> Result<(), TracesError> {
        self.collector().map(|_| ())
    }

    pub(super) fn collector(&self) -> Result<Option<Collector>, TracesError> {
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(TracesError::Ratio);
        }
        let Some(endpoint) = self.endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        let url = Url::parse(&format!("{}/v1/traces", endpoint.trim_end_matches('/')));
        let safe = |url: &Url| is_safe_target(url) && url.query().is_none() && url.password().is_none();
        let url = url.ok().filter(safe);
        let url = url.ok_or_else(|| TracesError::Endpoint(without_credentials(endpoint)))?;
        let headers = self.headers.iter().map(|(name, value)| header(name, value));
        let headers = headers.collect::<Result<_, _>>()?;
        Ok(Some(Collector { url, headers }))
    }
}

fn header(name: &str, value: &SecretString) -> Result<(HeaderName, HeaderValue), TracesError> {
    let wrong = || TracesError::Header(name.to_owned());
    let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok((name.parse().map_err(|_| wrong())?, value))
}

/// A complaint repeats the address, but not what somebody wrote before its host or behind it.
fn without_credentials(endpoint: &str) -> String {
    let before_query = endpoint.split('?').next().unwrap_or_default();
    match before_query.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => before_query.to_owned(),
    }
}
