//! What a provider knows of a connection is fetched in the background. For now the connection is looked at: whether its
//! credentials open, and whether its listing is still there.

use std::sync::Arc;

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    connect_link::ConnectLink,
    event::Event,
    ids::{IntegrationId, LinkId},
    integration::{Connection, Integration, IntegrationEvent},
    log::{Recorded, StreamId},
};

use crate::{
    app::App,
    error::CommandError,
    jobs::{Handler, Outcome, Policy, Run, Wanted},
    metadata,
    ports::{
        provider::ProviderError,
        vault::{Place, Record},
    },
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
        let wanted = Wanted::new(KIND).about(metadata::INTEGRATION, &recorded.aggregate_id);
        // Which provider it is, the link knows that led here.
        let link = recorded.note(metadata::LINK);
        link.map(|link| wanted.about(metadata::LINK, link))
            .into_iter()
            .collect()
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
        let ids = (run.job.id_of(metadata::INTEGRATION), run.job.id_of(metadata::LINK));
        let (Some(integration), Some(link)) = ids else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        match look_at(run.app, integration, link).await {
            Ok(outcome) => outcome,
            Err(CommandError::Provider(error)) => of_provider(&error),
            Err(error) => error.into(),
        }
    }
}

async fn look_at(app: &Arc<App>, integration: IntegrationId, link: LinkId) -> Result<Outcome, CommandError> {
    let stream = StreamId::of::<Integration>(integration);
    let found = app.replay::<Integration>(&stream).await?;
    let link = app.replay::<ConnectLink>(&StreamId::of::<ConnectLink>(link)).await?;
    let (Some(found), Some(terms)) = (found, link.and_then(|link| link.state.terms().cloned())) else {
        return Ok(Outcome::Done("there is no such connection".to_owned()));
    };
    let Some(Connection {
        grant,
        generation,
        listing,
    }) = found.state.connection().cloned()
    else {
        return Ok(Outcome::Done("it is not connected any more".to_owned()));
    };
    let tenant = found.owner;
    let record = Record::Credential(grant, generation);
    let Some(row) = app.vault.get(&Place { tenant, record }).await? else {
        return Ok(Outcome::later("it is being connected anew"));
    };
    let credential = app.open_credential(&row)?;
    let connector = app.catalogue.connector(&terms.provider);
    let connector = connector.ok_or(CommandError::ProviderUnknown)?;
    let listings = connector.listings(&credential.access_token).await?;
    let is_there = listings.iter().any(|known| known.reference.id == listing.id);
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
