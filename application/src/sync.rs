//! What a provider knows of a connection is fetched in the background. For now the connection is looked at: whether its
//! credentials open, and whether its listing is still there.

use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    event::Event,
    ids::{IntegrationId, TenantId},
    integration::{Integration, IntegrationEvent},
    log::Recorded,
};

use crate::{
    app::App,
    error::CommandError,
    jobs::{Handler, Outcome, Policy, Run, Wanted},
    metadata,
    ports::provider::ProviderError,
};

/// The kind of its jobs.
const KIND: &str = "sync";

/// A synchronisation that was asked for becomes a job.
pub struct SyncWhenAsked;

impl Policy for SyncWhenAsked {
    fn name(&self) -> &'static str {
        "sync"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        (aggregate_type, event_type) == (Integration::TYPE, "SyncRequested")
    }

    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted> {
        let Event::Integration(IntegrationEvent::SyncRequested { .. }) = event else {
            return vec![];
        };
        vec![Wanted::new(KIND).about(metadata::INTEGRATION, &recorded.aggregate_id)]
    }
}

/// Looks at a connection.
pub struct Synchronise;

#[async_trait]
impl Handler for Synchronise {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let ids = (run.job.tenant, run.job.id_of(metadata::INTEGRATION));
        let (Some(tenant), Some(integration)) = ids else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        match look_at(run.app, tenant, integration).await {
            Ok(outcome) => outcome,
            Err(CommandError::Provider(error)) => of_provider(&error),
            Err(error) => error.into(),
        }
    }
}

async fn look_at(app: &Arc<App>, tenant: TenantId, integration: IntegrationId) -> Result<Outcome, CommandError> {
    let serving = match app.fresh_credential(tenant, integration).await {
        Ok(fresh) => fresh.serving,
        Err(CommandError::NotConnected) => return Ok(Outcome::Done("it is not connected any more".to_owned())),
        Err(CommandError::NeedsReconnect(_)) => {
            return Ok(Outcome::Done(
                "nothing is fetched until somebody signs in again".to_owned(),
            ));
        }
        Err(error) => return Err(error),
    };
    let given_to = &serving.given_to;
    let connector = app.connector_for(&given_to.provider, &given_to.app).await?;
    let listings = app.listings_at(&*connector, tenant, &serving.credential).await?;
    let is_there = listings.iter().any(|known| known.reference.id == serving.listing.id);
    Ok(if is_there {
        Outcome::Done("the listing is there".to_owned())
    } else {
        Outcome::Dead("the account does not manage the listing any more".to_owned())
    })
}

/// What a provider says may come from its operators, not from us: only its kind is shown.
fn of_provider(error: &ProviderError) -> Outcome {
    Outcome::later(match error {
        ProviderError::Refused(_) => "the provider refuses the credentials",
        ProviderError::Misconfigured(_) => "the provider refuses this installation's app",
        ProviderError::Unavailable(_) => "the provider did not answer",
    })
}
