//! A customer is created, with its first places of business.

use domain::{
    agency::Agency,
    customer::{Customer, CustomerCommand},
    ids::{CustomerId, LocationId},
    personal::{Detail, Personal, Subject},
};

use crate::{
    error::CommandError,
    links::{IssueLink, IssuedLink, issue_all},
    mail::{MailAnswer, ask_for_mail},
    metadata,
    run::{Decision, UseCase},
    work::Work,
};

/// Creates a customer.
pub struct CreateCustomer {
    /// Its id, made before.
    pub id: CustomerId,
    /// Who it is.
    pub customer: NewCustomer,
    /// Its places of business.
    pub locations: Vec<NewLocation>,
    /// Links that are issued at once, and sent in one mail.
    pub links: Vec<IssueLink>,
}

/// What was created.
pub struct CreatedCustomer {
    /// The links, in their order.
    pub links: Vec<IssuedLink>,
    /// What becomes of the mail, where there are links.
    pub email: Option<MailAnswer>,
}

/// Who a customer is.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Its name.
    pub name: String,
    /// Where mail reaches it.
    pub email: Option<String>,
    /// The language that mails to it are written in, as a BCP 47 tag.
    pub language: Option<String>,
    /// How many sources its plan allows; none means any number.
    pub source_allowance: Option<u32>,
}

/// A new place of business.
#[derive(Clone, Debug)]
pub struct NewLocation {
    /// Its id, made before.
    pub id: LocationId,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
}

impl NewLocation {
    pub(super) fn command(&self, customer: CustomerId) -> CustomerCommand {
        let facts = [
            (Detail::Name, Some(self.name.as_str())),
            (Detail::Address, self.address.as_deref()),
        ];
        CustomerCommand::AddLocation {
            location: self.id,
            personal: Personal::about(Subject::Customer(customer), facts),
        }
    }
}

impl UseCase for CreateCustomer {
    type Answer = CreatedCustomer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        work.note(metadata::CUSTOMER, self.id);
        let mut customer = work.begin::<Customer>(self.id).await?;
        let facts = [
            (Detail::Name, Some(self.customer.name.as_str())),
            (Detail::Email, self.customer.email.as_deref()),
            (Detail::Language, self.customer.language.as_deref()),
        ];
        let create = CustomerCommand::Create {
            agency: work.context().agency,
            personal: Personal::about(Subject::Customer(self.id), facts),
            source_allowance: self.customer.source_allowance,
        };
        work.execute(&mut customer, create).await?;
        for location in &self.locations {
            work.execute(&mut customer, location.command(self.id)).await?;
        }
        let (mut links, mut email) = (vec![], None);
        if !self.links.is_empty() {
            let agency = work.load_home::<Agency>(work.context().agency).await?;
            links = issue_all(work, &self.links, &agency, &customer).await?;
            email = Some(ask_for_mail(work, &links, &agency, self.customer.email.is_some()).await?);
        }
        Ok(Decision::Done(CreatedCustomer { links, email }))
    }
}
