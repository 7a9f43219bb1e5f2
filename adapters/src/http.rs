//! The one outbound HTTP client. Whatever leaves this installation leaves through here, under the same limits: nothing is
//! followed elsewhere, nothing waits for ever, no answer grows without bounds, and secrets never travel in the clear.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use application::step::STEP;
use reqwest::{
    Method, RequestBuilder, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, HeaderValue},
    redirect,
};
use serde::Deserialize;
use tracing::{Instrument, Span, field::Empty};

/// How outbound requests behave.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// How we introduce ourselves to providers. Neutral by default: agencies work under their own name.
    pub user_agent: String,
    /// How long a connection may take to be made.
    pub connect_timeout_seconds: u16,
    /// How long a request may take, body included, where nothing shorter is asked for.
    pub timeout_seconds: u16,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            user_agent: "connect-service".to_owned(),
            connect_timeout_seconds: 5,
            timeout_seconds: 20,
        }
    }
}

/// Why a request got no answer. It names neither addresses nor contents, so it can be logged and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The client cannot be made from this configuration.
    #[error("set http.user_agent to plain text and the timeouts beside it above 0")]
    Configuration,
    /// The system knows no certificate authority, so nobody could be trusted.
    #[error("install the system's CA certificates (the package is mostly called ca-certificates)")]
    NoCertificates,
    /// Plain http to another machine, or no http at all.
    #[error("only https is used, except on this machine")]
    InsecureTarget,
    /// The request cannot be written down.
    #[error("the request is malformed")]
    Malformed,
    /// No answer in time.
    #[error("it took too long")]
    TimedOut,
    /// Nobody answers there.
    #[error("it cannot be reached")]
    Unreachable,
    /// The connection ended before the answer did, or it was no HTTP.
    #[error("the answer broke off")]
    BrokenOff,
    /// The answer is larger than was asked for.
    #[error("the answer is too large")]
    TooLarge,
}

/// A complete answer, within the limit that was asked for.
#[derive(Clone)]
pub struct HttpAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body. May hold tokens: not for logs.
    pub body: Vec<u8>,
}

/// The outbound client; copies share its connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
}

/// The one outbound client of the installation.
///
/// # Errors
/// When the user agent is no header value, a timeout is 0, or the system has no CA certificates.
pub fn client(config: &HttpConfig) -> Result<HttpClient, HttpError> {
    let user_agent = HeaderValue::from_str(&config.user_agent).map_err(|_| HttpError::Configuration)?;
    if config.connect_timeout_seconds == 0 || config.timeout_seconds == 0 {
        return Err(HttpError::Configuration);
    }
    let inner = reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(Duration::from_secs(config.connect_timeout_seconds.into()))
        .timeout(Duration::from_secs(config.timeout_seconds.into()))
        // A redirect could carry a code or a token to somebody who was never configured.
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(LocalhostAtHome)
        .build()
        // Everything that we say ourselves is valid by now; what is left is the trust in others.
        .map_err(|_| HttpError::NoCertificates)?;
    Ok(HttpClient { inner })
}

impl HttpClient {
    /// Begins a request; [`HttpClient::send`] sends it.
    pub fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.inner.request(method, url)
    }

    /// Sends a request and reads at most `max_bytes` of its answer.
    ///
    /// # Errors
    /// When the target is neither https nor this machine, or no complete answer comes within the limits.
    pub async fn send(&self, request: RequestBuilder, max_bytes: usize) -> Result<HttpAnswer, HttpError> {
        let request = request.build().map_err(|_| HttpError::Malformed)?;
        self.execute(request, max_bytes).await
    }

    /// As [`HttpClient::send`], for a request that is complete.
    ///
    /// # Errors
    /// As there.
    pub async fn execute(&self, request: reqwest::Request, max_bytes: usize) -> Result<HttpAnswer, HttpError> {
        if !is_safe_target(request.url()) {
            return Err(HttpError::InsecureTarget);
        }
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let span = step(&request);
        let answer = self.answered(request, max_bytes).instrument(span.clone()).await;
        note(&span, &answer);
        match &answer {
            Ok(answer) => tracing::debug!(%method, path, status = answer.status.as_u16(), "asked"),
            Err(error) => tracing::debug!(%method, path, %error, "asked in vain"),
        }
        answer
    }

    async fn answered(&self, request: reqwest::Request, max_bytes: usize) -> Result<HttpAnswer, HttpError> {
        match self.inner.execute(request).await {
            Ok(response) => read(response, max_bytes).await,
            Err(error) => Err(classify(&error)),
        }
    }
}

/// The request as a step of a trace: whom it goes to, and never its path, which names accounts.
fn step(request: &reqwest::Request) -> Span {
    const CLIENT: u64 = 3;
    let host = request.url().host_str().unwrap_or_default();
    tracing::info_span!(
        target: STEP,
        "provider",
        name = "provider call",
        kind = CLIENT,
        http.request.method = request.method().as_str(),
        server.address = host,
        http.response.status_code = Empty,
        failed = Empty,
    )
}

fn note(span: &Span, answer: &Result<HttpAnswer, HttpError>) {
    match answer {
        Ok(answer) => span.record("http.response.status_code", answer.status.as_u16()),
        Err(_) => span.record("failed", true),
    };
}

async fn read(mut response: reqwest::Response, max_bytes: usize) -> Result<HttpAnswer, HttpError> {
    let announced = response.content_length().unwrap_or(0);
    if usize::try_from(announced).map_or(true, |length| length > max_bytes) {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > max_bytes {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body,
    })
}

/// The client's own errors print the address with its query; only their kind is kept.
fn classify(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::TimedOut
    } else if error.is_connect() {
        HttpError::Unreachable
    } else if error.is_builder() {
        HttpError::Malformed
    } else {
        HttpError::BrokenOff
    }
}

/// True for https anywhere, and for http on this machine.
pub fn is_safe_target(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host_str().is_some_and(is_this_machine),
        _ => false,
    }
}

/// True for a loopback address, `localhost` and every name below it.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => is_localhost_name(bare),
    }
}

fn is_localhost_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// `*.localhost` means this machine (RFC 6761), but many systems' resolvers do not know it: so it is answered here, which
/// also keeps plain http from being led elsewhere by a name server.
struct LocalhostAtHome;

impl Resolve for LocalhostAtHome {
    fn resolve(&self, name: Name) -> Resolving {
        if is_localhost_name(name.as_str()) {
            let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            return Box::pin(std::future::ready(Ok(addresses)));
        }
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;
