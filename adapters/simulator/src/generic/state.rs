//! Everything that a running generic server knows.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::books::Books;
use super::quirks::Quirks;
use super::trouble::Troubles;
use crate::clock::Clock;
use crate::config::OAuthClient;
use crate::oauth::keys::SigningKeys;
use crate::oauth::pkce::Challenge;
use crate::personas::Persona;
use crate::request_log::RequestLog;

pub(super) type App = Arc<Shared>;

#[derive(Debug)]
pub(super) struct Shared {
    /// Issuer and beginning of every address.
    pub(super) base_url: String,
    pub(super) display_name: String,
    pub(super) personas: Vec<Persona>,
    pub(super) clock: Clock,
    pub(super) log: RequestLog,
    pub(super) troubles: Troubles,
    pub(super) world: Mutex<World>,
}

impl Shared {
    pub(super) fn persona(&self, id: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == id)
    }
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) quirks: Quirks,
    pub(super) clients: Vec<OAuthClient>,
    pub(super) sign_ins: HashMap<String, SignIn>,
    pub(super) books: Books,
    pub(super) keys: SigningKeys,
}

/// What an application asked for, and who is answering.
#[derive(Clone, Debug)]
pub(super) struct SignIn {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) persona: Option<String>,
}

impl World {
    pub(super) fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// A client that registers again replaces what it had registered before.
    pub(super) fn register(&mut self, client: OAuthClient) {
        self.clients.retain(|known| known.id != client.id);
        self.clients.push(client);
    }
}
