//! A customer opens another place of business.

use domain::{
    customer::Customer,
    ids::{CustomerId, LocationId},
};

use super::NewLocation;
use crate::{
    error::CommandError,
    metadata,
    run::{Decision, UseCase},
    work::Work,
};

/// Adds a place of business.
pub struct AddLocation {
    /// Whose it is.
    pub customer: CustomerId,
    /// What it is.
    pub location: NewLocation,
}

impl UseCase for AddLocation {
    type Answer = LocationId;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<LocationId>, CommandError> {
        work.note(metadata::CUSTOMER, self.customer);
        work.note(metadata::LOCATION, self.location.id);
        let mut customer = work.load::<Customer>(self.customer).await?;
        work.execute(&mut customer, self.location.command(self.customer))
            .await?;
        Ok(Decision::Done(self.location.id))
    }
}
