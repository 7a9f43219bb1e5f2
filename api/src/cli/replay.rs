//! `grantlink replay`: the story of a link, a customer, a location, a member or an integration, from the log itself.

use std::io::Write;

use anyhow::Context;
use clap::{Args, ValueEnum};
use domain::{
    ids::{AgencyId, Mode},
    log::{Position, Recorded},
};
use projections::{
    audit_entry::{AuditEntryView, AuditSubject, concerns},
    read::Views,
    store::ViewStore,
};

use super::past::{Home, Subject, home, moment};
use crate::{agency_api, config::Config, installation::Installation, story};

/// So many events are read at once.
const PAGE: u32 = 1_000;

/// Tells a story: who did what, on behalf of whom, when.
#[derive(Args)]
pub(super) struct Replay {
    /// A link's id or address, or link:, integration:, customer:, location: or member: with an id.
    what: Subject,
    /// The story as it was then: an RFC 3339 time or a position.
    #[arg(long)]
    as_of: Option<String>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// One JSON object a line; the same as --format ndjson.
    #[arg(long)]
    json: bool,
    /// The agency of a location or a member.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// Which world of that agency: live or test.
    #[arg(long, default_value_t = Mode::Live, value_parser = super::agency::mode)]
    mode: Mode,
}

/// How a story is written.
#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// Lines to read.
    Text,
    /// One JSON object a line.
    Ndjson,
    /// A table for a spreadsheet.
    Csv,
}

impl Replay {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let told = self.told(&installation).await;
        installation.close().await;
        let text = told?;
        std::io::stdout()
            .write_all(text.as_bytes())
            .context("the story cannot be written")
    }

    async fn told(&self, installation: &Installation) -> anyhow::Result<String> {
        let app = &installation.app;
        let Subject(subject) = self.what;
        let until = moment(app, self.as_of.as_deref()).await?;
        let home = home(app, subject, self.agency, self.mode).await?;
        let mut events = match subject {
            AuditSubject::Link(link) => story::of_link(app, link).await?,
            _ => about(installation, home, subject).await?,
        };
        events.retain(|recorded| recorded.position <= until.position);
        anyhow::ensure!(!events.is_empty(), "nothing is recorded about {subject}");
        let entries = story::told(app, home.agency, &events).await?;
        Ok(match self.form() {
            Form::Text => entries.iter().map(|entry| entry.to_string() + "\n").collect(),
            Form::Csv => agency_api::timeline_as_csv(&events, entries),
            Form::Ndjson => {
                let lines = entries.iter().map(|entry| Ok(serde_json::to_string(entry)? + "\n"));
                lines.collect::<anyhow::Result<String>>()?
            }
        })
    }

    fn form(&self) -> Form {
        if self.json { Form::Ndjson } else { self.format }
    }
}

/// The events about a subject: those that the index knows, and those behind it, for nobody may be keeping it up to date.
pub(super) async fn about(
    installation: &Installation,
    home: Home,
    subject: AuditSubject,
) -> anyhow::Result<Vec<Recorded>> {
    let (log, views) = (&installation.app.log, &installation.views);
    let indexed = views.checkpoint(&AuditEntryView::VIEW).await?.position;
    let mut events: Vec<Recorded> = Vec::new();
    let mut after = Position(0);
    loop {
        let page = views.audit(home.tenant, subject, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        events.extend(log.at(&page).await?);
    }
    let mut after = indexed.max(after);
    loop {
        let page = log.page_of(home.tenant, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(events) };
        after = last.position;
        events.extend(page.into_iter().filter(|recorded| concerns(recorded, subject)));
    }
}
