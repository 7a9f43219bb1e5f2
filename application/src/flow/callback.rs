//! The provider's answer arrives on the callback host. There is no cookie here and no token request: the answer is sealed under
//! a one-time hand-off, and the browser is sent back to the agency's host, where it must prove that it is the one that left.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{
    ids::{AttemptId, RequestId},
    trail::{CallbackRejection, LinkObservation, link_trail},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::found::{FoundLink, Visit, digest};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    links::note_terms,
    ports::{
        StoreError,
        attempts::Attempt,
        vault::{Place, Record},
    },
    run::{Decision, UseCase},
    work::Work,
};

/// So long a customer may take at the provider.
pub(super) const STATE_LIFE: TimeDelta = TimeDelta::minutes(10);
/// Where a browser brings its hand-off, on the agency's host.
const RETURN_PATH: &str = "/c/return";
/// The page of the agency's host that asks to reopen the link.
const REOPEN_PATH: &str = "/c/reopen";

/// What arrived on a callback path.
pub struct CallbackAnswer {
    /// The path.
    pub path: String,
    /// The `state` that came along.
    pub state: SecretString,
    /// The `iss` that came along (RFC 9207).
    pub issuer: Option<String>,
    /// What the provider says.
    pub answer: ProviderAnswer,
    /// The call, followed through logs and events.
    pub request: RequestId,
}

/// What a provider says.
pub enum ProviderAnswer {
    /// Yes: a code for one token request.
    Code(SecretString),
    /// No, in its own word.
    Error(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HandOff {
    Code(String),
    Error(String),
}

/// Notes that a provider's answer was not accepted.
pub(super) struct NoteRejected {
    pub(super) found: FoundLink,
    pub(super) attempt: AttemptId,
    pub(super) reason: CallbackRejection,
}

impl UseCase for NoteRejected {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        note_terms(work, self.found.id, &self.found.terms);
        let name = format!("rejected/{}/{}", self.attempt, self.reason); // once, however often it is tried
        let rejected = LinkObservation::CallbackRejected {
            attempt: self.attempt,
            reason: self.reason,
        };
        work.observe(link_trail(self.found.id), Some(&name), None, rejected)
            .await?;
        Ok(Decision::Done(()))
    }
}

impl App {
    /// Takes the provider's answer in, and says where the browser must bring it.
    ///
    /// An answer that is not accepted (spent or late state, another provider's path or issuer) leads to the page that asks to
    /// reopen the link.
    ///
    /// # Errors
    /// [`CommandError::AttemptOver`] when no attempt ever had that state.
    pub async fn receive_callback(self: &Arc<Self>, callback: CallbackAnswer) -> Result<String, CommandError> {
        let state_hash = digest(callback.state.expose_secret());
        let attempt = self
            .attempts
            .of_state(&state_hash)
            .await?
            .ok_or(CommandError::AttemptOver)?;
        let now = self.clock.now();
        if let Some(reason) = self.objection(&callback, &attempt).await? {
            self.attempts.destroy_answer(attempt.id).await?;
            self.reject(&attempt, reason, callback.request, None).await?;
            return Ok(self.addresses.on(&attempt.host, REOPEN_PATH));
        }
        let ticket = self.random_text();
        let sealed = self.seal_hand_off(&attempt, callback.answer)?;
        if !self
            .attempts
            .hand_off(attempt.id, &digest(&ticket), &sealed, now)
            .await?
        {
            return Ok(self.addresses.on(&attempt.host, REOPEN_PATH)); // the state was spent before
        }
        Ok(self.addresses.on(&attempt.host, &format!("{RETURN_PATH}?h={ticket}")))
    }

    /// What speaks against an answer: it must come on the path and from the issuer that the attempt went to, and in time.
    async fn objection(
        &self,
        callback: &CallbackAnswer,
        attempt: &Attempt,
    ) -> Result<Option<CallbackRejection>, CommandError> {
        let same_path = match self.connector_of(attempt).await {
            Ok(connector) => {
                connector.redirect_uri() == attempt.redirect_uri && path_of(&attempt.redirect_uri) == callback.path
            }
            Err(CommandError::ProviderUnknown) => false, // it was configured anew meanwhile
            Err(error) => return Err(error),
        };
        let same_issuer = callback.issuer.as_ref().is_none_or(|issuer| *issuer == attempt.issuer);
        if !same_path || !same_issuer {
            return Ok(Some(CallbackRejection::MixUp));
        }
        Ok((self.clock.now() - attempt.started_at > STATE_LIFE).then_some(CallbackRejection::TooLate))
    }

    /// Notes a rejection on the link's trail; the link itself is untouched.
    pub(super) async fn reject(
        self: &Arc<Self>,
        attempt: &Attempt,
        reason: CallbackRejection,
        request: RequestId,
        network: Option<String>,
    ) -> Result<(), CommandError> {
        let Some(found) = self.link_by_id(attempt.link).await? else {
            return Ok(());
        };
        let visit = Visit {
            host: attempt.host.clone(),
            browser: attempt.browser_hash,
            network,
            request,
        };
        let context: Context = found.context(self, &visit);
        self.run(
            &context,
            NoteRejected {
                found,
                attempt: attempt.id,
                reason,
            },
        )
        .await
        .map(|_| ())
    }

    fn seal_hand_off(&self, attempt: &Attempt, answer: ProviderAnswer) -> Result<Vec<u8>, CommandError> {
        let hand_off = match answer {
            ProviderAnswer::Code(code) => HandOff::Code(code.expose_secret().to_owned()),
            ProviderAnswer::Error(error) => HandOff::Error(error),
        };
        let json = serde_json::to_vec(&hand_off).map_err(|_| StoreError::Broken("a hand-off".into()))?;
        Ok(self.cipher.seal(&place(attempt), &json))
    }

    pub(super) fn open_hand_off(&self, attempt: &Attempt, sealed: &[u8]) -> Result<ProviderAnswer, CommandError> {
        let broken = || StoreError::Broken("a sealed hand-off".into());
        let json = self.cipher.open(&place(attempt), sealed).map_err(|_| broken())?;
        match serde_json::from_slice(json.expose_secret()).map_err(|_| broken())? {
            HandOff::Code(code) => Ok(ProviderAnswer::Code(code.into())),
            HandOff::Error(error) => Ok(ProviderAnswer::Error(error)),
        }
    }
}

/// The path of an address: each app of each provider has one of its own.
fn path_of(address: &str) -> &str {
    let behind_scheme = address.split_once("://").map_or(address, |(_, rest)| rest);
    behind_scheme.find('/').map_or("", |start| &behind_scheme[start..])
}

fn place(attempt: &Attempt) -> Place {
    Place {
        tenant: attempt.tenant,
        record: Record::HandOff(attempt.id),
    }
}
