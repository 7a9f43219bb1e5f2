//! `grantlink disconnect`.

use anyhow::Context;
use application::{
    Actor,
    integrations::{EndIntegration, Ending},
};
use clap::Args;
use domain::ids::IntegrationId;

use crate::{config::Config, installation::Installation};

/// Takes a connection off its account, for an agency that cannot do it itself: its place in the plan is free, and where nothing else
/// stands on the account, the server asks the provider to take the access back. The trail says that an operator did it.
#[derive(Args)]
pub(super) struct Disconnect {
    /// The integration.
    integration: IntegrationId,
    /// Ends it for good: also the link that is on its way is revoked, and the next one begins anew.
    #[arg(long)]
    delete: bool,
}

impl Disconnect {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let outcome = self.end(&installation).await;
        installation.close().await;
        outcome
    }

    async fn end(&self, installation: &Installation) -> anyhow::Result<()> {
        let app = &installation.app;
        let integration = self.integration;
        let place = app.whose(integration).await?;
        let (tenant, agency) = place.context("there is no such integration, or it was deleted")?;
        let ending = if self.delete {
            Ending::Delete
        } else {
            Ending::Disconnect
        };
        let command = EndIntegration { integration, ending };
        app.run(&app.context_of(tenant, agency, Actor::Operator), command)
            .await?;
        println!(
            "{integration} is {}.",
            if self.delete { "deleted" } else { "disconnected" }
        );
        Ok(())
    }
}
