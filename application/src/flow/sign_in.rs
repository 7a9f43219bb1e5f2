//! Back on the agency's host: the browser that left proves itself, and only then is the code used.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use domain::{
    connect_link::{AttemptFailure, ConnectLinkCommand, LinkToken},
    customer::CustomerError,
    ids::{AttemptId, GrantId, LinkId, TenantId},
    integration::Integration,
    log::StreamId,
    provider::ProviderApp,
    trail::CallbackRejection,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    callback::ProviderAnswer,
    complete::Pick,
    found::{FoundLink, Visit, digest},
};
use crate::{
    app::App,
    error::CommandError,
    links::LinkInHand,
    ports::{
        attempts::{Attempt, Claim, Stage},
        cipher::HashPurpose,
        provider::{CodeExchange, Credential, ProviderError},
    },
    run::{Decision, UseCase},
    work::Work,
};

/// So long a hand-off may take from the callback host to the agency's host.
const HAND_OFF_LIFE: TimeDelta = TimeDelta::seconds(60);

/// A page that was loaded twice looks so often, and so many times, what became of the first load: as long as a provider usually
/// takes, and not so long that a customer gives up when the first load was cut off by a crash.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const MOST_LOOKS: u32 = 20;

/// What came of the provider's answer.
pub enum SignedIn {
    /// Somebody is signed in and can pick.
    ToPicker(AttemptId),
    /// Somebody is signed in, and there was nothing to pick: it is connected.
    Connected(AttemptId),
    /// Nothing; the link's page says why, and can be used again.
    BackToLink(LinkToken),
}

struct NoteAuthorized {
    link: LinkId,
    attempt: AttemptId,
}

impl UseCase for NoteAuthorized {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let now = work.context().now;
        let mut hand = LinkInHand::load(work, self.link).await?;
        hand.execute(
            work,
            ConnectLinkCommand::Authorize {
                attempt: self.attempt,
                now,
            },
        )
        .await?;
        Ok(hand.decided(()))
    }
}

impl App {
    /// Uses the provider's answer, once, in the browser that started the attempt.
    ///
    /// # Errors
    /// [`CommandError::AttemptOver`] when no attempt waits for it here: another browser, another host, too late, used before.
    /// What [`FoundLink::must_be_live`] says when the link ended meanwhile.
    pub async fn sign_in(self: &Arc<Self>, visit: &Visit, ticket: &str) -> Result<SignedIn, CommandError> {
        let not_before = self.clock.now() - HAND_OFF_LIFE;
        let waiting = self.attempts.of_hand_off(&digest(ticket), not_before).await?;
        let attempt = waiting.ok_or(CommandError::AttemptOver)?;
        let found = self.admit(visit, &attempt).await?;
        if attempt.stage != Stage::Returned {
            return self.outcome(attempt, &found).await; // the page was loaded twice
        }
        let Some(claim) = self.attempts.claim(attempt.id).await? else {
            return Err(CommandError::AttemptOver);
        };
        let attempt = Attempt {
            stage: Stage::Claimed,
            ..attempt
        };
        let (app, visit) = (Arc::clone(self), visit.clone());
        // Its own task: a browser that goes away now must not leave the attempt between the claim and its outcome.
        let using = async move { app.use_answer(&visit, attempt, found, claim).await };
        tokio::spawn(using.in_current_span())
            .await
            .unwrap_or(Err(CommandError::AttemptOver))
    }

    /// What came of a hand-off that was claimed before. While its token request is under way, the browser waits for it too.
    async fn outcome(&self, mut attempt: Attempt, found: &FoundLink) -> Result<SignedIn, CommandError> {
        for _ in 0..MOST_LOOKS {
            if attempt.stage != Stage::Claimed {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            attempt = self.attempts.get(attempt.id).await?.ok_or(CommandError::AttemptOver)?;
        }
        match attempt.stage {
            Stage::Authorized | Stage::Completed => Ok(SignedIn::ToPicker(attempt.id)),
            _ => self.back_to_link(found).await,
        }
    }

    /// The three checks that stand before the code is touched. What fails them destroys the code and leaves the link alone.
    async fn admit(self: &Arc<Self>, visit: &Visit, attempt: &Attempt) -> Result<FoundLink, CommandError> {
        let found = self.link_by_id(attempt.link).await?.ok_or(CommandError::AttemptOver)?;
        let objection = if attempt.host != visit.host {
            Some((CallbackRejection::OtherHost, CommandError::AttemptOver))
        } else if attempt.browser_hash != visit.browser {
            Some((CallbackRejection::OtherBrowser, CommandError::AttemptOver))
        } else {
            found
                .must_be_live(self)
                .err()
                .map(|ended| (CallbackRejection::LinkEnded, ended))
        };
        let Some((reason, error)) = objection else {
            return Ok(found);
        };
        if attempt.stage == Stage::Returned {
            self.attempts.destroy_answer(attempt.id).await?;
            self.reject(attempt, reason, visit.request, visit.network.clone())
                .await?;
        }
        Err(error)
    }

    async fn use_answer(
        self: &Arc<Self>,
        visit: &Visit,
        attempt: Attempt,
        found: FoundLink,
        claim: Claim,
    ) -> Result<SignedIn, CommandError> {
        let outcome = match self.open_hand_off(&attempt, &claim.sealed_answer)? {
            ProviderAnswer::Error(error) => Err(denial(&error)),
            ProviderAnswer::Code(code) => {
                let secrets = self.open_secrets(&attempt, &claim.sealed_verifier)?;
                let exchange = CodeExchange {
                    code: &code,
                    verifier: &secrets.verifier.into(),
                    redirect_uri: &attempt.redirect_uri,
                    nonce: &attempt.nonce,
                };
                self.connector_of(&attempt)
                    .await?
                    .exchange(&exchange)
                    .await
                    .map_err(|error| failure(&error))
            }
        };
        match outcome {
            Ok(credential) => self.accept(visit, &attempt, &found, &credential).await,
            Err(reason) => {
                self.fail(&found.context(self, visit), &attempt, reason).await?;
                self.back_to_link(&found).await
            }
        }
    }

    /// Keeps what the provider gave, if it is enough and from the right account.
    async fn accept(
        self: &Arc<Self>,
        visit: &Visit,
        attempt: &Attempt,
        found: &FoundLink,
        credential: &Credential,
    ) -> Result<SignedIn, CommandError> {
        self.keep_pending(attempt, credential).await?; // first of all: what was given must be found again to be dropped
        if let Some(reason) = self.shortfall(attempt, found, credential).await? {
            self.fail(&found.context(self, visit), attempt, reason).await?;
            return self.back_to_link(found).await;
        }
        let authorized = NoteAuthorized {
            link: found.id,
            attempt: attempt.id,
        };
        if let Err(error) = self.run(&found.context(self, visit), authorized).await {
            self.drop_pending(attempt).await?;
            return Err(error);
        }
        if !self
            .attempts
            .advance(attempt.id, Stage::Claimed, Stage::Authorized)
            .await?
        {
            self.drop_pending(attempt).await?;
            return Err(CommandError::AttemptOver);
        }
        self.connect_account(visit, attempt, credential).await
    }

    /// Where the account itself is what is connected, whoever signed in has picked it. What speaks against it, the picker says.
    async fn connect_account(
        self: &Arc<Self>,
        visit: &Visit,
        attempt: &Attempt,
        credential: &Credential,
    ) -> Result<SignedIn, CommandError> {
        let to_picker = SignedIn::ToPicker(attempt.id);
        if !self.connector_of(attempt).await?.connects_account() {
            return Ok(to_picker);
        }
        let pick = Pick {
            listing: self.grant_id(attempt, credential).to_string(),
            confirmed: false,
        };
        match self.complete(visit, attempt.id, &pick).await {
            Ok(_) => Ok(SignedIn::Connected(attempt.id)),
            Err(CommandError::ListingInUse | CommandError::Customer(CustomerError::AllowanceReached { .. })) => {
                Ok(to_picker)
            }
            Err(error) => Err(error),
        }
    }

    async fn shortfall(
        &self,
        attempt: &Attempt,
        found: &FoundLink,
        credential: &Credential,
    ) -> Result<Option<AttemptFailure>, CommandError> {
        if !self
            .connector_of(attempt)
            .await?
            .required_scopes()
            .is_subset(&credential.scopes)
        {
            return Ok(Some(AttemptFailure::MissingScopes));
        }
        let grant = self.grant_id(attempt, credential);
        let stream = StreamId::of::<Integration>(found.terms.integration);
        let integration = self.replay::<Integration>(&stream).await?;
        let replaces = integration.is_some_and(|integration| integration.state.would_replace(grant));
        Ok((replaces && !found.terms.replaces_account).then_some(AttemptFailure::OtherAccount))
    }

    /// The grant of an account: the same account and app in the same tenant always has the same.
    pub(super) fn grant_id(&self, attempt: &Attempt, credential: &Credential) -> GrantId {
        self.grant_of(attempt.tenant, &attempt.app, &credential.account.subject)
    }

    /// The id of an account's authorisation for an app, in a tenant.
    pub(crate) fn grant_of(&self, tenant: TenantId, app: &ProviderApp, subject: &str) -> GrantId {
        let parts = [
            tenant.0.as_bytes().as_slice(),
            app.owner.as_bytes(),
            app.client_id.as_bytes(),
            subject.as_bytes(),
        ];
        let hash = self.cipher.keyed_hash(HashPurpose::Grant, &parts);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        GrantId(Uuid::new_v8(bytes))
    }

    async fn back_to_link(&self, found: &FoundLink) -> Result<SignedIn, CommandError> {
        let token = self.token_of(found.tenant, found.id).await?;
        Ok(SignedIn::BackToLink(token))
    }
}

/// What a provider's error in the callback means; unknown words are its refusal.
fn denial(error: &str) -> AttemptFailure {
    match error {
        "access_denied" => AttemptFailure::Denied,
        "temporarily_unavailable" | "server_error" => AttemptFailure::ProviderUnavailable,
        _ => AttemptFailure::ProviderRefused,
    }
}

fn failure(error: &ProviderError) -> AttemptFailure {
    tracing::warn!(%error, "a sign-in failed at the provider");
    match error {
        ProviderError::Refused(_) | ProviderError::Misconfigured(_) => AttemptFailure::ProviderRefused,
        ProviderError::Unavailable(_) => AttemptFailure::ProviderUnavailable,
    }
}
