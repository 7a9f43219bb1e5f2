//! Names that only ever mean this machine are resolved here, as browsers do; no resolver of the system is asked.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};

/// Resolves `*.localhost` to loopback, and nothing else at all.
struct LocalhostAtHome;

impl Resolve for LocalhostAtHome {
    fn resolve(&self, name: Name) -> Resolving {
        let known = localhost_at_home(name.as_str());
        Box::pin(async move {
            let address = known.ok_or("the stories talk to this machine only")?;
            Ok(Box::new(std::iter::once(address)) as Addrs)
        })
    }
}

/// Loopback for `localhost` and all names under it.
pub fn localhost_at_home(name: &str) -> Option<SocketAddr> {
    let name = name.trim_end_matches('.');
    let is_local = name == "localhost" || name.ends_with(".localhost");
    is_local.then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// A client that follows nothing by itself and keeps no cookies: browsers do that here by hand.
///
/// # Errors
/// When it cannot be built.
pub fn client() -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(LocalhostAtHome)
        .tls_certs_only([]) // no story speaks TLS over it, and to read this machine's roots takes longer than most requests
        .build()
        .context("no HTTP client")
}
