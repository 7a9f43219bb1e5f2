//! The plan of a customer changes.

use domain::{
    customer::{Customer, CustomerCommand},
    ids::CustomerId,
};

use crate::{
    error::CommandError,
    metadata,
    run::{Decision, UseCase},
    work::Work,
};

/// Changes how many sources a customer may connect.
pub struct ChangePlan {
    /// Whose plan.
    pub customer: CustomerId,
    /// None means any number.
    pub source_allowance: Option<u32>,
}

impl UseCase for ChangePlan {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        work.note(metadata::CUSTOMER, self.customer);
        let mut customer = work.load::<Customer>(self.customer).await?;
        work.execute(
            &mut customer,
            CustomerCommand::ChangePlan {
                source_allowance: self.source_allowance,
            },
        )
        .await?;
        Ok(Decision::Done(()))
    }
}
