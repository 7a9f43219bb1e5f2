//! An agency's mail settings.

use domain::agency::{Agency, AgencyCommand, MailHabits};

use super::AccountInUse;
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    ports::{
        mail::{MailAccount, MailHealth},
        vault::Record,
    },
    run::{Decision, UseCase},
    work::Work,
};

/// Gives an agency a mail server of its own, in place of the one before.
pub struct SetMailAccount {
    /// The account, found to be in order.
    pub account: MailAccount,
}

impl UseCase for SetMailAccount {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        if let Some(earlier) = agency.mail_account() {
            work.delete_home_secret(Record::MailAccount(earlier));
        }
        work.put_home_secret(
            Record::MailAccount(agency.next_mail_account()),
            &self.account.to_sealable(),
        );
        work.execute(&mut agency, AgencyCommand::SetMailAccount).await?;
        Ok(Decision::Done(()))
    }
}

/// Sends an agency's mail over the installation's server again, and forgets its own.
pub struct RemoveMailAccount;

impl UseCase for RemoveMailAccount {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        if let Some(earlier) = agency.mail_account() {
            work.delete_home_secret(Record::MailAccount(earlier));
        }
        work.execute(&mut agency, AgencyCommand::RemoveMailAccount).await?;
        Ok(Decision::Done(()))
    }
}

/// Changes which mails an agency sends by itself.
pub struct ChangeMailHabits {
    /// From now on.
    pub habits: MailHabits,
}

impl UseCase for ChangeMailHabits {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        let habits = self.habits;
        work.execute(&mut agency, AgencyCommand::ChangeMailHabits { habits })
            .await?;
        Ok(Decision::Done(()))
    }
}

/// What an agency may know of its mail.
pub struct MailSettings {
    /// The account that its mail leaves over; none where no mail server is set up.
    pub account: Option<AccountInUse>,
    /// How that account last fared.
    pub health: MailHealth,
    /// Which mails it sends by itself.
    pub habits: MailHabits,
    /// Whether its mails show its logo; none where it has no logo.
    pub shows_logo: Option<bool>,
}

impl App {
    /// An agency's mail settings.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn mail_settings(&self, context: &Context) -> Result<MailSettings, CommandError> {
        let agency = self.agency(context.agency).await?;
        let account = self.mail_account(context.agency, &agency).await?;
        let health = match &account {
            Some(account) => self.mail.records.health(&account.name).await?,
            None => MailHealth::default(),
        };
        let habits = agency.mail_habits();
        let shows_logo = self.logo(&agency).await?.map(|logo| logo.is_for_mails());
        Ok(MailSettings {
            account,
            health,
            habits,
            shows_logo,
        })
    }
}
