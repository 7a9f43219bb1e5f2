//! The customer said yes: an attempt begins, and the browser is on its way to the provider.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    connect_link::{AttemptFailure, ConnectLinkCommand},
    ids::{AttemptId, LinkId},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    callback::STATE_LIFE,
    found::{FoundLink, Visit, digest},
};
use crate::{
    app::App,
    error::CommandError,
    links::LinkInHand,
    ports::{
        StoreError,
        attempts::{Attempt, Stage},
        provider::{About, Connector, SignIn},
        vault::{Place, Record},
    },
    run::{Decision, UseCase},
    work::Work,
};

/// What only the browser and the provider may learn of an attempt; kept sealed until the provider answers.
#[derive(Serialize, Deserialize)]
pub(super) struct AttemptSecrets {
    pub(super) state: String,
    pub(super) verifier: String,
}

/// Where the browser goes from our own page: to the provider.
pub struct Departure {
    /// The address at the provider. It stands on one page, for one browser, and in no answer of an API.
    pub address: SecretString,
    /// The provider.
    pub provider: About,
}

/// Notes in the log that an attempt began, and that the browser's last one was cut off, if it was.
struct NoteStarted {
    link: LinkId,
    attempt: AttemptId,
    interrupted: Option<AttemptId>,
}

impl UseCase for NoteStarted {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let now = work.context().now;
        let mut hand = LinkInHand::load(work, self.link).await?;
        if let Some(attempt) = self.interrupted {
            let reason = AttemptFailure::Interrupted;
            hand.execute(work, ConnectLinkCommand::FailAttempt { attempt, reason, now })
                .await?;
        }
        if !hand.has_lapsed() {
            hand.execute(
                work,
                ConnectLinkCommand::Start {
                    attempt: self.attempt,
                    now,
                },
            )
            .await?;
        }
        Ok(hand.decided(()))
    }
}

impl App {
    /// Begins an attempt in this browser. The row is written first, so that an event never names an attempt that is not there.
    ///
    /// # Errors
    /// When the link is over, its provider is not configured, or a store fails.
    pub async fn begin(self: &Arc<Self>, visit: &Visit, found: &FoundLink) -> Result<AttemptId, CommandError> {
        let context = found.context(self, visit);
        let connector = self
            .connector_of_agency(found.terms.agency, &found.terms.provider)
            .await?;
        let interrupted = self.interrupt(visit, found).await?;
        let secrets = AttemptSecrets {
            state: self.random_text(),
            verifier: self.random_text(),
        };
        let attempt = Attempt {
            id: AttemptId(self.entropy.id(context.now)),
            link: found.id,
            tenant: found.tenant,
            agency: found.terms.agency,
            host: visit.host.clone(),
            browser_hash: visit.browser,
            state_hash: digest(&secrets.state),
            nonce: self.random_text(),
            provider: found.terms.provider.clone(),
            app: connector.app().clone(),
            issuer: connector.issuer().to_owned(),
            redirect_uri: connector.redirect_uri().to_owned(),
            started_at: context.now,
            stage: Stage::Started,
        };
        self.attempts
            .start(&attempt, &self.seal_secrets(&attempt, &secrets)?)
            .await?;
        self.run(
            &context,
            NoteStarted {
                link: found.id,
                attempt: attempt.id,
                interrupted,
            },
        )
        .await?;
        Ok(attempt.id)
    }

    /// Where the browser goes now. Only the browser that pressed "accept" is told, until the provider's answer is there.
    ///
    /// # Errors
    /// [`CommandError::AttemptOver`] for another browser or a later stage; what [`FoundLink::must_be_live`] says.
    pub async fn departure(&self, visit: &Visit, id: AttemptId) -> Result<Departure, CommandError> {
        let (attempt, found) = self.attempt_of_visit(visit, id).await?;
        found.must_be_live(self)?;
        let is_too_late = self.clock.now() - attempt.started_at > STATE_LIFE;
        if is_too_late || attempt.stage != Stage::Started {
            return Err(CommandError::AttemptOver);
        }
        let connector = self.connector_of(&attempt).await?;
        let sealed = self
            .attempts
            .sealed_verifier(id)
            .await?
            .ok_or(CommandError::AttemptOver)?;
        let secrets = self.open_secrets(&attempt, &sealed)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(secrets.verifier.as_bytes()));
        let sign_in = SignIn {
            state: &secrets.state.into(),
            nonce: &attempt.nonce,
            code_challenge: &challenge,
        };
        let address = connector.authorize_url(&sign_in)?.into();
        Ok(Departure {
            address,
            provider: connector.about().clone(),
        })
    }

    /// The connector that an attempt went to: one that was configured anew meanwhile is another, and gets nothing of the old one's.
    pub(crate) async fn connector_of(&self, attempt: &Attempt) -> Result<Arc<dyn Connector>, CommandError> {
        let connector = self.connector_for(&attempt.provider, &attempt.app).await?;
        let is_same = connector.issuer() == attempt.issuer;
        is_same.then_some(connector).ok_or(CommandError::ProviderUnknown)
    }

    pub(super) fn open_secrets(&self, attempt: &Attempt, sealed: &[u8]) -> Result<AttemptSecrets, CommandError> {
        let broken = || StoreError::Broken("an attempt's sealed secrets".into());
        let json = self.cipher.open(&place(attempt), sealed).map_err(|_| broken())?;
        serde_json::from_slice(json.expose_secret()).map_err(|_| broken().into())
    }

    fn seal_secrets(&self, attempt: &Attempt, secrets: &AttemptSecrets) -> Result<Vec<u8>, CommandError> {
        let json = serde_json::to_vec(secrets).map_err(|_| StoreError::Broken("an attempt's secrets".into()))?;
        Ok(self.cipher.seal(&place(attempt), &json))
    }

    /// An attempt of this browser that was cut off between the provider's answer and the picker is over, and what the provider gave
    /// it is dropped.
    async fn interrupt(self: &Arc<Self>, visit: &Visit, found: &FoundLink) -> Result<Option<AttemptId>, CommandError> {
        let Some(latest) = self.attempts.latest(found.id, &visit.browser).await? else {
            return Ok(None);
        };
        let failed = Stage::Failed(AttemptFailure::Interrupted);
        let was_claimed = latest.stage == Stage::Claimed;
        if !was_claimed || !self.attempts.advance(latest.id, Stage::Claimed, failed).await? {
            return Ok(None);
        }
        self.drop_pending(&latest).await?;
        Ok(Some(latest.id))
    }

    /// 256 random bits as text.
    pub(super) fn random_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.random::<32>())
    }
}

fn place(attempt: &Attempt) -> Place {
    Place {
        tenant: attempt.tenant,
        record: Record::Verifier(attempt.id),
    }
}
