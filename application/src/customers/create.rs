//! A customer is created, with its first places of business.

use domain::{
    customer::{Customer, CustomerCommand},
    ids::{CustomerId, LocationId},
    personal::{Detail, Personal, Subject},
};

use crate::{
    error::CommandError,
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
}

/// Who a customer is.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Its name.
    pub name: String,
    /// Where mail reaches it.
    pub email: Option<String>,
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
    type Answer = (CustomerId, Vec<LocationId>);

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        work.note(metadata::CUSTOMER, self.id);
        let mut customer = work.begin::<Customer>(self.id).await?;
        let facts = [
            (Detail::Name, Some(self.customer.name.as_str())),
            (Detail::Email, self.customer.email.as_deref()),
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
        Ok(Decision::Done((
            self.id,
            self.locations.iter().map(|location| location.id).collect(),
        )))
    }
}
