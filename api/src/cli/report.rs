//! `grantlink report`: the agency's reports, without its API.

use std::{io::Write, time::Duration};

use application::past::Moment;
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use domain::ids::{AgencyId, CustomerId, MemberId, Mode, TenantId};

use super::past::moment;
use crate::{
    agency_api::{AccessWanted, DaysWanted, Format, Source, access_report, days_report},
    config::Config,
    installation::Installation,
    problem::Problem,
};

/// The views may have to be brought up to date first.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Which report.
#[derive(Subcommand)]
pub(super) enum Report {
    /// What happened to links, day by day, and how long connections were there.
    Days(Days),
    /// Who could use which connection on a day.
    Access(Access),
}

/// Whose, and how it is written.
#[derive(Args)]
struct Whose {
    /// The agency.
    #[arg(long)]
    agency: AgencyId,
    /// Which world of that agency: live or test.
    #[arg(long, default_value_t = Mode::Live, value_parser = super::agency::mode)]
    mode: Mode,
    /// Of this provider.
    #[arg(long)]
    provider: Option<String>,
    /// Of this member.
    #[arg(long)]
    member: Option<MemberId>,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = Form::Json)]
    format: Form,
}

/// The report of days.
#[derive(Args)]
pub(super) struct Days {
    #[command(flatten)]
    whose: Whose,
    /// The first day, in UTC.
    #[arg(long)]
    from: NaiveDate,
    /// The last day, in UTC.
    #[arg(long)]
    to: NaiveDate,
    /// What the figures are kept apart by: any of day, provider and member, with commas between them; or total.
    #[arg(long)]
    group_by: Option<String>,
}

/// The report of access.
#[derive(Args)]
pub(super) struct Access {
    #[command(flatten)]
    whose: Whose,
    /// The day, in UTC.
    #[arg(long)]
    date: NaiveDate,
    /// To this customer's connections.
    #[arg(long)]
    customer: Option<CustomerId>,
}

/// How a report is written.
#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A table for a spreadsheet.
    Csv,
}

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Json => Self::Json,
            Form::Ndjson => Self::Ndjson,
            Form::Csv => Self::Csv,
        }
    }
}

impl Report {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let following = installation.follow(); // also without a server, the views show what there is
        let text = self.text(&installation).await;
        drop(following);
        installation.close().await;
        std::io::stdout().write_all(text?.as_bytes())?;
        Ok(())
    }

    async fn text(self, installation: &Installation) -> anyhow::Result<String> {
        let app = &installation.app;
        let whose = match &self {
            Self::Days(days) => &days.whose,
            Self::Access(access) => &access.whose,
        };
        let Moment { position, at } = moment(app, None).await?;
        let source = Source {
            app,
            views: installation.views.as_ref(),
            checkpoints: &installation.checkpoints,
            agency: whose.agency,
            tenant: TenantId::of(whose.agency, whose.mode),
            now: at,
            at_least: position,
            patience: LONGEST_WAIT,
        };
        let members = app.members(whose.agency).await?;
        anyhow::ensure!(!members.is_empty(), "there is no such agency");
        self.written(&source)
            .await
            .map_err(|problem| anyhow::anyhow!("{}", problem.words().to_owned()))
    }

    async fn written(self, source: &Source<'_>) -> Result<String, Problem> {
        match self {
            Self::Days(Days {
                whose,
                from,
                to,
                group_by,
            }) => {
                let wanted = DaysWanted {
                    from,
                    to,
                    group_by,
                    provider: whose.provider,
                    member_id: whose.member,
                    format: None,
                };
                Ok(days_report(source, wanted).await?.text(whose.format.into()))
            }
            Self::Access(Access { whose, date, customer }) => {
                let wanted = AccessWanted {
                    date,
                    customer_id: customer,
                    provider: whose.provider,
                    member_id: whose.member,
                    format: None,
                };
                Ok(access_report(source, wanted).await?.text(whose.format.into()))
            }
        }
    }
}
