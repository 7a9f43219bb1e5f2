//! What a simulator is told before it starts.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use crate::clock::Clock;
use crate::personas::{self, Persona};

/// How one simulated Google behaves; [`SimulatorConfig::default`] is a free loopback port and the whole cast.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// Where to listen; only loopback is accepted, and port 0 takes a free one.
    pub listen: SocketAddr,
    /// The origin that browsers and the caller use, also the issuer, such as `http://idp.localhost:0`: a port of 0 becomes
    /// the bound one. Without it, the address itself.
    pub public_url: Option<String>,
    /// What the pages call this Google.
    pub display_name: String,
    /// The applications that may ask people to sign in.
    pub clients: Vec<OAuthClient>,
    /// The people who can sign in.
    pub personas: Vec<Persona>,
    /// Refuse authorization requests without a code challenge; Google itself does not.
    pub require_pkce: bool,
    /// Send `iss` in the callback (RFC 9207), which Google does for a part of its traffic.
    pub issuer_in_callback: bool,
    /// Behave like a Google project in "Testing": refresh tokens live for seven days.
    pub testing_project: bool,
    /// The time by which codes and tokens expire.
    pub clock: Clock,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            display_name: "Google (simulated)".to_owned(),
            clients: Vec::new(),
            personas: personas::everyone(),
            require_pkce: false,
            issuer_in_callback: true,
            testing_project: false,
            clock: Clock::default(),
        }
    }
}

/// An application registered with the simulated Google; it shows up as the host of its first redirect address.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// The client id. A number before its first `-` is the project, and clients of one project share their grants, so that
    /// revoking one revokes all; any other client is a project of its own.
    pub id: String,
    /// The client secret.
    pub secret: String,
    /// The only redirect addresses that are accepted, compared letter by letter.
    pub redirect_uris: Vec<String>,
}

impl OAuthClient {
    /// Registers `redirect_uris` for one pair of id and secret.
    pub fn new<R: Into<String>>(
        id: impl Into<String>,
        secret: impl Into<String>,
        redirect_uris: impl IntoIterator<Item = R>,
    ) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            redirect_uris: redirect_uris.into_iter().map(Into::into).collect(),
        }
    }

    /// What the consent page says wants access.
    pub(crate) fn display_name(&self) -> &str {
        let uri = self.redirect_uris.first().map_or(self.id.as_str(), String::as_str);
        let host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        host.split(['/', ':', '?']).next().unwrap_or(host)
    }
}

impl fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthClient")
            .field("id", &self.id)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

/// A client was not written as `id:secret:redirect_uri[,redirect_uri]`.
#[derive(Debug, thiserror::Error)]
#[error("write a client as id:secret:redirect_uri[,redirect_uri]")]
pub struct InvalidClient;

impl FromStr for OAuthClient {
    type Err = InvalidClient;

    fn from_str(text: &str) -> Result<Self, InvalidClient> {
        let mut parts = text.splitn(3, ':').filter(|part| !part.is_empty());
        let (Some(id), Some(secret), Some(uris)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidClient);
        };
        Ok(Self::new(id, secret, uris.split(',')))
    }
}
