//! A customer is called or reached differently.

use domain::{
    customer::{Customer, CustomerCommand},
    ids::CustomerId,
    personal::{Detail, Personal, Subject},
};

use crate::{
    error::CommandError,
    metadata,
    run::{Decision, UseCase},
    work::Work,
};

/// Corrects a customer's name, e-mail address or language. What is not given stays.
pub struct ChangeContact {
    /// Whose.
    pub customer: CustomerId,
    /// Its name from now on.
    pub name: Option<String>,
    /// Where mail reaches it from now on.
    pub email: Option<String>,
    /// The language that mails to it are written in from now on.
    pub language: Option<String>,
}

impl UseCase for ChangeContact {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::CUSTOMER, self.customer);
        let mut customer = work.load::<Customer>(self.customer).await?;
        let facts = [
            (Detail::Name, self.name.as_deref()),
            (Detail::Email, self.email.as_deref()),
            (Detail::Language, self.language.as_deref()),
        ];
        let personal = Personal::about(Subject::Customer(self.customer), facts);
        work.execute(&mut customer, CustomerCommand::ChangeContact { personal })
            .await?;
        Ok(Decision::Done(()))
    }
}
