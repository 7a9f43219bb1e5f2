//! A sign-in that is under way: what was asked, and how far the person has come.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::oauth::request::{AuthorizationRequest, Refusal};
use crate::random;

/// A page left open for longer than this has to be started anew.
const LIFETIME: TimeDelta = TimeDelta::hours(1);

#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) request: AuthorizationRequest,
    /// The persona, once chosen.
    pub(crate) account: Option<String>,
    opened_at: DateTime<Utc>,
}

/// Every sign-in under way, by the id that its forms carry.
#[derive(Debug, Default)]
pub(crate) struct Interactions(HashMap<String, Interaction>);

impl Interactions {
    pub(crate) fn open(&mut self, request: AuthorizationRequest, now: DateTime<Utc>) -> String {
        self.0.retain(|_, interaction| now - interaction.opened_at < LIFETIME);
        let id = random::interaction_id();
        self.0.insert(
            id.clone(),
            Interaction {
                request,
                account: None,
                opened_at: now,
            },
        );
        id
    }

    pub(crate) fn get(&self, id: &str, now: DateTime<Utc>) -> Result<&Interaction, Refusal> {
        self.0
            .get(id)
            .filter(|interaction| now - interaction.opened_at < LIFETIME)
            .ok_or_else(Refusal::ended)
    }

    pub(crate) fn get_mut(&mut self, id: &str, now: DateTime<Utc>) -> Result<&mut Interaction, Refusal> {
        self.0
            .get_mut(id)
            .filter(|interaction| now - interaction.opened_at < LIFETIME)
            .ok_or_else(Refusal::ended)
    }

    /// Ends a sign-in, so that going back in the browser cannot decide twice.
    pub(crate) fn close(&mut self, id: &str) -> Result<AuthorizationRequest, Refusal> {
        self.0
            .remove(id)
            .map(|interaction| interaction.request)
            .ok_or_else(Refusal::ended)
    }
}
