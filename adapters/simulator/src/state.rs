//! Everything a running simulator knows.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::account_state::AccountState;
use crate::business_profile::reviews::Reply;
use crate::clock::Clock;
use crate::config::OAuthClient;
use crate::faults::Faults;
use crate::oauth::error::OAuthError;
use crate::oauth::keys::SigningKeys;
use crate::oauth::ledger::Ledger;
use crate::personas::Persona;
use crate::request_log::RequestLog;
use crate::signin::interaction::Interactions;

/// What every handler gets.
pub(crate) type App = Arc<Shared>;

/// The parts of a simulator that its requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) personas: Vec<Persona>,
    pub(crate) clock: Clock,
    pub(crate) log: RequestLog,
    pub(crate) faults: Faults,
    pub(crate) world: Mutex<World>,
}

impl Shared {
    pub(crate) fn persona(&self, id: &str) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == id)
    }
}

/// What does not change while the simulator runs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Issuer and beginning of every address, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) display_name: String,
    pub(crate) require_pkce: bool,
    pub(crate) issuer_in_callback: bool,
    pub(crate) testing_project: bool,
}

/// What does change; one lock, because a request is short and a fake need not be fast.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clients: Vec<OAuthClient>,
    pub(crate) interactions: Interactions,
    pub(crate) ledger: Ledger,
    pub(crate) keys: SigningKeys,
    /// What was said about an account by the control endpoint, by persona.
    pub(crate) accounts: HashMap<String, AccountState>,
    /// Answers to reviews, by the review's name.
    pub(crate) replies: HashMap<String, Reply>,
}

impl World {
    pub(crate) fn state_of(&self, persona: &str) -> AccountState {
        self.accounts.get(persona).cloned().unwrap_or_default()
    }

    /// The error that the token endpoint has for this account, if it has one.
    pub(crate) fn token_error_of(&self, persona: &str) -> Result<(), OAuthError> {
        let error = self.accounts.get(persona).and_then(|state| state.token_error);
        error.map_or(Ok(()), |error| Err(OAuthError::of_account(error)))
    }

    pub(crate) fn client(&self, id: &str) -> Option<&OAuthClient> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// A client that registers again replaces what it had registered before.
    pub(crate) fn register(&mut self, client: OAuthClient) {
        self.clients.retain(|known| known.id != client.id);
        self.clients.push(client);
    }
}
