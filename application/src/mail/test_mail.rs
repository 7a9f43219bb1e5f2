//! A test mail goes to the member who asks for it, and the answer is what the server said.

use std::time::Duration;

use domain::ids::MemberId;

use super::{Content, Letter};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    ports::mail::{Mailbox, NotSent, ServerWords},
};

/// So long a person waits for it.
const PATIENCE: Duration = Duration::from_secs(45);

impl App {
    /// Sends a test mail at once, and answers what the mail server said.
    ///
    /// # Errors
    /// When no mail server is set up, the member has no address, or a store fails. What the server refuses is an answer.
    pub async fn test_mail(
        &self,
        context: &Context,
        member: MemberId,
    ) -> Result<Result<ServerWords, NotSent>, CommandError> {
        let agency = self.agency(context.agency).await?;
        let account = self.mail_account(context.agency, &agency).await?;
        let account = account.ok_or(CommandError::MailNotSetUp)?;
        let person = self.members(context.agency).await?.remove(&member).unwrap_or_default();
        let address = person.email.clone().ok_or(CommandError::NoAddress)?;
        let to = Mailbox {
            name: person.name.clone(),
            address,
        };
        let (brand, image) = self.letterhead(&agency).await?;
        let letter = Letter {
            brand,
            language: None,
            recipient: person.clone(),
            requester: person,
            content: Content::Test,
        };
        let id = self.entropy.id(context.now).to_string();
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
