//! Credentials that nothing stands on any more are taken back at the provider, by one rule: where the provider takes back all that
//! the account granted the app, only if nothing else of the installation stands on that account, in whatever tenant. Else our copy
//! alone goes.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    customer::Customer,
    event::Event,
    grant::{Grant, GrantCommand, GrantEvent},
    ids::{CustomerId, GrantId, IntegrationId, TenantId},
    log::{Recorded, StreamId},
};

use super::turns::{PATIENCE, TO_ASK};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    jobs::{Handler, Outcome, Policy, Run, Wanted},
    metadata,
    ports::{
        provider::{Connector, ProviderError, Revokes},
        vault::{Record, SecretRow},
    },
    run::{Decision, UseCase},
    work::{Work, after},
};

/// The kind of its jobs.
const KIND: &str = "take_back";
/// The name of the stream of a grant in a job's ids.
const GRANT: &str = "grant";

/// So long a credential that a newer sign-in took over is left to whoever read it just before: a little longer than what they were
/// told that it is good for at least.
const LEFT_TO_READERS: TimeDelta = TimeDelta::minutes(6);

/// What became of a credential that nothing stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenBack {
    /// The provider took the access back.
    AtTheProvider,
    /// Our copy is gone, or was before; others stand on the account.
    OurCopyAlone,
    /// The provider could not be reached or refuses: the row stays, to be tried again.
    NotYet,
}

impl App {
    /// Takes a credential back at the provider and deletes its row, unless anything else of the installation stands on the same
    /// account: a provider that revokes the account's whole consent would cut that off too, so there the row is only deleted.
    /// A row whose credential could not be taken back stays, to be found and tried again.
    pub(crate) async fn take_back(
        &self,
        connector: &dyn Connector,
        row: &SecretRow,
    ) -> Result<TakenBack, CommandError> {
        let dropped = async { Ok(self.vault.delete(&row.place).await?) };
        self.take_back_and(connector, row, dropped).await
    }

    /// The same, and `dropped` is what drops the row of what the provider took back, together with what is to be noted of it. It is
    /// done within the turn: whoever has the next one finds either nothing done or everything, and asks nobody twice.
    pub(crate) async fn take_back_and(
        &self,
        connector: &dyn Connector,
        row: &SecretRow,
        dropped: impl Future<Output = Result<(), CommandError>> + Send,
    ) -> Result<TakenBack, CommandError> {
        let (Revokes::Account, Some(account)) = (connector.revokes(), &row.account_key) else {
            return self.take_back_now(connector, row, dropped).await;
        };
        let turn = self.turn_at(account, TO_ASK).await?;
        let taken = self.take_back_now(connector, row, dropped).await;
        // What was not answered may be done yet: nobody signs in before that is over. The turn ends by itself.
        if !matches!(taken, Ok(TakenBack::NotYet)) {
            self.end_turn(&turn).await?;
        }
        taken
    }

    async fn take_back_now(
        &self,
        connector: &dyn Connector,
        row: &SecretRow,
        dropped: impl Future<Output = Result<(), CommandError>> + Send,
    ) -> Result<TakenBack, CommandError> {
        let Some(row) = self.vault.get(&row.place).await? else {
            return Ok(TakenBack::OurCopyAlone); // somebody had the turn before us
        };
        if connector.revokes() == Revokes::Account && !self.stands_alone(&row).await? {
            self.vault.delete(&row.place).await?; // in the turn: whoever counts next must not count it
            return Ok(TakenBack::OurCopyAlone);
        }
        let credential = self.open_credential(&row)?;
        let late = || Err(ProviderError::Unavailable("it took too long".to_owned()));
        let revoked = tokio::time::timeout(PATIENCE, connector.revoke(&credential)).await;
        if let Err(error) = revoked.unwrap_or_else(|_| late()) {
            tracing::warn!(%error, "a dropped credential could not be taken back at the provider");
            return Ok(TakenBack::NotYet);
        }
        dropped.await?;
        Ok(TakenBack::AtTheProvider)
    }

    /// Notes that the provider took an account's access back, for whose connection it was asked to, and drops our copy of it.
    pub(crate) async fn note_revoked(
        self: &Arc<Self>,
        context: &Context,
        grant: GrantId,
        (customer, integration): (CustomerId, Option<IntegrationId>),
        record: Record,
    ) -> Result<(), CommandError> {
        let noted = NoteRevoked {
            grant,
            customer,
            integration,
            record,
        };
        self.run(context, noted).await.map(|_| ())
    }

    /// Whether a row is the only one of its account.
    async fn stands_alone(&self, row: &SecretRow) -> Result<bool, CommandError> {
        match &row.account_key {
            Some(account_key) => Ok(self.vault.rows_of_account(account_key).await? <= 1),
            None => Ok(false),
        }
    }
}

/// An integration that left its account may have been the last one there, and a new sign-in may have taken older ones over.
pub struct TakeBackWhenReleased;

impl Policy for TakeBackWhenReleased {
    fn name(&self) -> &'static str {
        "take_back"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        aggregate_type == Grant::TYPE && matches!(event_type, "Released" | "Granted")
    }

    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted> {
        let (integration, wanted) = match event {
            Event::Grant(GrantEvent::Released { integration }) => (integration, Wanted::new(KIND)),
            Event::Grant(GrantEvent::Granted {
                integration,
                takes_over,
                ..
            }) if !takes_over.is_empty() => {
                let later = after(recorded.recorded_at, LEFT_TO_READERS);
                (integration, Wanted::new(KIND).at(later))
            }
            _ => return vec![],
        };
        let wanted = wanted
            .about(GRANT, &recorded.aggregate_id)
            .about(metadata::INTEGRATION, integration);
        let customer = recorded.note(metadata::CUSTOMER);
        let wanted = customer.map(|customer| wanted.about(metadata::CUSTOMER, customer));
        wanted.into_iter().collect()
    }
}

/// Takes back what was set aside.
pub struct TakeBack;

#[async_trait]
impl Handler for TakeBack {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let ids = (run.job.id_of(GRANT), run.job.id_of(metadata::CUSTOMER), run.job.tenant);
        let (Some(grant), Some(customer), Some(tenant)) = ids else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        match take_back_all(run, grant, customer, tenant).await {
            Ok(outcome) => outcome,
            Err(CommandError::ProviderUnknown) => {
                Outcome::Dead("the app that the access was given to is not configured any more".to_owned())
            }
            Err(error) => error.into(),
        }
    }
}

async fn take_back_all(
    run: &Run<'_>,
    grant: GrantId,
    customer: CustomerId,
    tenant: TenantId,
) -> Result<Outcome, CommandError> {
    let app = run.app;
    let replaced = app.vault.replaced(tenant, grant).await?;
    let found = app.replay::<Grant>(&StreamId::of::<Grant>(grant)).await?;
    let state = found.map(|found| found.state.clone()).unwrap_or_default();
    let Some(given_to) = state.given_to() else {
        return Ok(Outcome::Dead("there is no such access".to_owned()));
    };
    let now = app.clock.now();
    let rows: Vec<_> = replaced
        .iter()
        .filter(|row| !is_left_to_readers(&state, row, now))
        .collect();
    if rows.is_empty() {
        return Ok(Outcome::Done("there was nothing to take back".to_owned()));
    }
    let connector = app.connector_for(&given_to.provider, &given_to.app).await?;
    let mut done = "our copy is gone; others stand on the account";
    for row in rows {
        let noted = Box::pin(note(run, grant, (customer, tenant), row));
        match app.take_back_and(connector.as_ref(), row, noted).await? {
            TakenBack::NotYet => return Ok(Outcome::later("the provider did not take the access back")),
            TakenBack::OurCopyAlone => {}
            TakenBack::AtTheProvider => done = "the provider took the access back",
        }
    }
    Ok(Outcome::Done(done.to_owned()))
}

async fn note(
    run: &Run<'_>,
    grant: GrantId,
    (customer, tenant): (CustomerId, TenantId),
    row: &SecretRow,
) -> Result<(), CommandError> {
    let found = run.app.replay::<Customer>(&StreamId::of::<Customer>(customer)).await?;
    let Some(agency) = found.and_then(|found| found.state.agency()) else {
        return Ok(run.app.vault.delete(&row.place).await?);
    };
    let about = (customer, run.job.id_of(metadata::INTEGRATION));
    let context = run.context(agency, tenant);
    run.app
        .note_revoked(&context, grant, about, row.place.record.clone())
        .await
}

/// Whether somebody may still go on with what a newer sign-in took over. Once nothing stands on the account any more, it ends at
/// once: whoever took the last connection off it wants that.
fn is_left_to_readers(state: &Grant, row: &SecretRow, now: Timestamp) -> bool {
    let Record::Replaced(_, generation) = row.place.record else {
        return false;
    };
    !state.is_unused() && state.was_taken_over(generation) && now < after(row.created_at, LEFT_TO_READERS)
}

/// Notes that the provider took the access back, and drops our copy of it.
struct NoteRevoked {
    grant: GrantId,
    customer: CustomerId,
    integration: Option<IntegrationId>,
    record: Record,
}

impl UseCase for NoteRevoked {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::CUSTOMER, self.customer);
        if let Some(integration) = self.integration {
            work.note(metadata::INTEGRATION, integration);
        }
        let mut grant = work.load::<Grant>(self.grant).await?;
        work.execute(&mut grant, GrantCommand::NoteRevoked).await?;
        work.delete_secret(self.record.clone());
        Ok(Decision::Done(()))
    }
}
