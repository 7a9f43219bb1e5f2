//! Credentials that nothing stands on any more are taken back at the provider, by one rule: where the provider takes back all that
//! the account granted the app, only if nothing else of the installation stands on that account, in whatever tenant. Else our copy
//! alone goes.

use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    customer::Customer,
    event::Event,
    grant::{Grant, GrantCommand, GrantEvent},
    ids::{CustomerId, GrantId, TenantId},
    log::{Recorded, StreamId},
};

use super::turns::{PATIENCE, TO_TAKE_BACK};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    jobs::{Handler, Outcome, Policy, Run, Wanted},
    metadata,
    ports::{
        provider::{Connector, ProviderError, Revokes},
        vault::SecretRow,
    },
    run::{Decision, UseCase},
    work::Work,
};

/// The kind of its jobs.
const KIND: &str = "take_back";
/// The name of the stream of a grant in a job's ids.
const GRANT: &str = "grant";

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
        let (Revokes::Account, Some(account)) = (connector.revokes(), &row.account_key) else {
            return self.take_back_now(connector, row).await;
        };
        let turn = self.turn_at(account, TO_TAKE_BACK).await?;
        let taken = self.take_back_now(connector, row).await;
        self.end_turn(&turn).await?;
        taken
    }

    async fn take_back_now(&self, connector: &dyn Connector, row: &SecretRow) -> Result<TakenBack, CommandError> {
        let Some(row) = self.vault.get(&row.place).await? else {
            return Ok(TakenBack::OurCopyAlone); // somebody had the turn before us
        };
        let mut taken = TakenBack::OurCopyAlone;
        if connector.revokes() == Revokes::Token || self.stands_alone(&row).await? {
            let credential = self.open_credential(&row)?;
            let late = || Err(ProviderError::Unavailable("it took too long".to_owned()));
            let revoked = tokio::time::timeout(PATIENCE, connector.revoke(&credential)).await;
            if let Err(error) = revoked.unwrap_or_else(|_| late()) {
                tracing::warn!(%error, "a dropped credential could not be taken back at the provider");
                return Ok(TakenBack::NotYet);
            }
            taken = TakenBack::AtTheProvider;
        }
        self.vault.delete(&row.place).await?;
        Ok(taken)
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
        let integration = match event {
            Event::Grant(GrantEvent::Released { integration }) => integration,
            Event::Grant(GrantEvent::Granted {
                integration,
                takes_over,
                ..
            }) if !takes_over.is_empty() => integration,
            _ => return vec![],
        };
        let wanted = Wanted::new(KIND)
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
    let rows = app.vault.replaced(tenant, grant).await?;
    let found = app.replay::<Grant>(&StreamId::of::<Grant>(grant)).await?;
    let Some(given_to) = found.and_then(|found| found.state.given_to().cloned()) else {
        return Ok(Outcome::Dead("there is no such access".to_owned()));
    };
    let connector = app.connector_for(&given_to.provider, &given_to.app).await?;
    let mut best = TakenBack::OurCopyAlone;
    for row in rows {
        match app.take_back(connector.as_ref(), &row).await? {
            TakenBack::NotYet => return Ok(Outcome::later("the provider did not take the access back")),
            TakenBack::AtTheProvider => best = TakenBack::AtTheProvider,
            TakenBack::OurCopyAlone => {}
        }
    }
    if best == TakenBack::OurCopyAlone {
        return Ok(Outcome::Done(
            "our copy is gone; others stand on the account".to_owned(),
        ));
    }
    let found = app.replay::<Customer>(&StreamId::of::<Customer>(customer)).await?;
    if let Some(agency) = found.and_then(|found| found.state.agency()) {
        let integration = run.job.payload.get(metadata::INTEGRATION).cloned();
        let noted = NoteRevoked {
            grant,
            customer,
            integration,
        };
        note(app, &run.context(agency, tenant), noted).await?;
    }
    Ok(Outcome::Done("the provider took the access back".to_owned()))
}

async fn note(app: &Arc<App>, context: &Context, noted: NoteRevoked) -> Result<(), CommandError> {
    app.run(context, noted).await.map(|_| ())
}

/// Notes that the provider took the access back.
struct NoteRevoked {
    grant: GrantId,
    customer: CustomerId,
    integration: Option<String>,
}

impl UseCase for NoteRevoked {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::CUSTOMER, self.customer);
        if let Some(integration) = &self.integration {
            work.note(metadata::INTEGRATION, integration);
        }
        let mut grant = work.load::<Grant>(self.grant).await?;
        work.execute(&mut grant, GrantCommand::NoteRevoked).await?;
        Ok(Decision::Done(()))
    }
}
