//! `grantlink mail`.

use anyhow::bail;
use application::agencies::Person;
use clap::Subcommand;
use domain::ids::AgencyId;

use crate::{config::Config, installation::Installation};

/// The name that a test mail of the installation's own carries.
const COMPANY: &str = "Grantlink";

/// What can be done with mail.
#[derive(Subcommand)]
pub(super) enum MailCommand {
    /// Sends a test mail at once, and says what the mail server said.
    Test {
        /// The address that it goes to.
        #[arg(long)]
        to: String,
        /// As this agency's mails are sent: in its name, and over its own server where it has one. Else over the installation's.
        #[arg(long)]
        agency: Option<AgencyId>,
    },
}

impl MailCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let Self::Test { to, agency } = self;
        let outcome = test(&installation, to, agency).await;
        installation.close().await;
        outcome
    }
}

async fn test(installation: &Installation, to: String, agency: Option<AgencyId>) -> anyhow::Result<()> {
    let app = &installation.app;
    let person = Person {
        email: Some(to),
        ..Person::default()
    };
    let sent = match agency {
        Some(agency) => app.test_agencys_mail(agency, person).await?,
        None => app.test_installations_mail(person, COMPANY).await?,
    };
    match sent {
        Ok(said) => println!("The mail server took it: {said}"),
        Err(error) => bail!("it was not sent: {error}"),
    }
    Ok(())
}
