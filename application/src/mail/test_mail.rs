//! A test mail goes to whoever asks for it, and the answer is what the server said.

use std::time::Duration;

use domain::ids::{AgencyId, MemberId};

use super::{AccountInUse, Content, Letter, LetterBrand};
use crate::{
    agencies::Person,
    app::App,
    context::Context,
    error::CommandError,
    ports::mail::{AccountOwner, InlineImage, Mailbox, NotSent, ServerWords},
};

/// So long a person waits for it.
const PATIENCE: Duration = Duration::from_secs(45);

impl App {
    /// Sends a test mail to a member at once, and answers what the mail server said.
    ///
    /// # Errors
    /// When no mail server is set up, the member has no address, or a store fails. What the server refuses is an answer.
    pub async fn test_mail(
        &self,
        context: &Context,
        member: MemberId,
    ) -> Result<Result<ServerWords, NotSent>, CommandError> {
        let person = self.members(context.agency).await?.remove(&member).unwrap_or_default();
        self.test_agencys_mail(context.agency, person).await
    }

    /// Sends a test mail to a person as an agency's mails are sent.
    ///
    /// # Errors
    /// As [`App::test_mail`].
    pub async fn test_agencys_mail(
        &self,
        id: AgencyId,
        person: Person,
    ) -> Result<Result<ServerWords, NotSent>, CommandError> {
        let agency = self.agency(id).await?;
        let account = self.mail_account(id, &agency).await?;
        let account = account.ok_or(CommandError::MailNotSetUp)?;
        let (brand, image) = self.letterhead(&agency).await?;
        self.send_test(&account, person, brand, image).await
    }

    /// Sends a test mail to a person over the installation's server, in the installation's own name.
    ///
    /// # Errors
    /// As [`App::test_mail`].
    pub async fn test_installations_mail(
        &self,
        person: Person,
        company: &str,
    ) -> Result<Result<ServerWords, NotSent>, CommandError> {
        let account = self.mail.account.clone().ok_or(CommandError::MailNotSetUp)?;
        let account = AccountInUse {
            account,
            owner: AccountOwner::Installation,
            name: super::account::INSTALLATION.to_owned(),
        };
        let brand = LetterBrand {
            company: company.to_owned(),
            primary: None,
            logo: None,
            support_contact: None,
        };
        self.send_test(&account, person, brand, None).await
    }

    async fn send_test(
        &self,
        account: &AccountInUse,
        person: Person,
        brand: LetterBrand,
        image: Option<InlineImage>,
    ) -> Result<Result<ServerWords, NotSent>, CommandError> {
        let address = person.email.clone().ok_or(CommandError::NoAddress)?;
        let to = Mailbox {
            name: person.name.clone(),
            address,
        };
        let letter = Letter {
            brand,
            language: None,
            recipient: person.clone(),
            requester: person,
            content: Content::Test,
        };
        let id = self.entropy.id(self.clock.now()).to_string();
        let mail = self.written(&letter, id, to, None, image)?;
        let sending = self.mail.mailer.send(&account.account, account.owner, &mail);
        let sent = match tokio::time::timeout(PATIENCE, sending).await {
            Ok(sent) => sent,
            Err(_) => Err(NotSent::TimedOut),
        };
        self.note_mail_health(&account.name, sent.as_ref().map(|_| ())).await;
        Ok(sent)
    }
}
