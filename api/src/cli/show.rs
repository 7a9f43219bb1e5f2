//! `grantlink show`: how something stands, or stood.

use clap::Args;
use domain::{
    ids::{AgencyId, Mode},
    log::Recorded,
};
use projections::{
    Projection,
    audit_entry::AuditSubject,
    integration::IntegrationView,
    link::LinkView,
    past::{Listed, folded, listed},
    read::{Filter, Page},
};
use serde_json::{Value, json};

use super::past::{Home, Subject, home, moment};
use crate::{agency_api, config::Config, installation::Installation, past::Past};

/// Shows how a link, an integration, a customer or a location stands.
#[derive(Args)]
pub(super) struct Show {
    /// A link's id or address, or link:, integration:, customer: or location: with an id.
    what: Subject,
    /// As it was then: an RFC 3339 time or a position.
    #[arg(long)]
    as_of: Option<String>,
    /// The agency of a location.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// Which world of that agency: live or test.
    #[arg(long, default_value_t = Mode::Live, value_parser = super::agency::mode)]
    mode: Mode,
}

impl Show {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let shown = self.shown(&installation).await;
        installation.close().await;
        println!("{}", serde_json::to_string_pretty(&shown?)?);
        Ok(())
    }

    async fn shown(&self, installation: &Installation) -> anyhow::Result<Value> {
        let app = &installation.app;
        let Subject(subject) = self.what;
        if let AuditSubject::Member(_) = subject {
            let agency = self
                .agency
                .map_or_else(|| "<its agency>".to_owned(), |agency| agency.to_string());
            anyhow::bail!("a member is told by: grantlink replay {subject} --agency {agency}");
        }
        let until = moment(app, self.as_of.as_deref()).await?;
        let home = home(app, subject, self.agency, self.mode).await?;
        let past = Past {
            app,
            views: installation.views.as_ref(),
            tenant: home.tenant,
            until,
        };
        let missing = || anyhow::anyhow!("{subject} was not there");
        match subject {
            AuditSubject::Link(id) => {
                let row = past.link(id).await?.ok_or_else(missing)?;
                Ok(agency_api::link_as_json(row, until.at))
            }
            AuditSubject::Integration(id) => {
                let row = past.integration(id).await?.ok_or_else(missing)?;
                Ok(agency_api::integration_as_json(app, row, until.at))
            }
            AuditSubject::Customer(id) => {
                let file = app.customer_until(home.tenant, id, Some(until)).await?;
                let mut shown = lists(installation, home, subject, &past).await?;
                shown["customer"] = agency_api::customer_as_json(id, file.ok_or_else(missing)?);
                Ok(shown)
            }
            AuditSubject::Location(_) | AuditSubject::Member(_) => lists(installation, home, subject, &past).await,
        }
    }
}

/// The links and integrations of a customer or a location.
async fn lists(
    installation: &Installation,
    home: Home,
    subject: AuditSubject,
    past: &Past<'_>,
) -> anyhow::Result<Value> {
    let mut events = super::replay::about(installation, home, subject).await?;
    events.retain(|recorded| recorded.position <= past.until.position);
    let links = rows(&LinkView, past, &events).await?;
    let integrations = rows(&IntegrationView, past, &events).await?;
    let at = past.until.at;
    let links: Vec<_> = links.into_iter().map(|row| agency_api::link_as_json(row, at)).collect();
    let integrations: Vec<_> = integrations
        .into_iter()
        .map(|row| agency_api::integration_as_json(past.app, row, at))
        .collect();
    Ok(json!({ "links": links, "integrations": integrations }))
}

async fn rows<P>(projection: &P, past: &Past<'_>, events: &[Recorded]) -> anyhow::Result<Vec<P::Row>>
where
    P: Projection,
    P::Row: Listed,
{
    let rows = folded(projection, &past.app.personal, events).await?;
    let all = Page {
        after: None,
        limit: u32::MAX,
    };
    Ok(listed(rows, &Filter::default(), all, past.until.at))
}
