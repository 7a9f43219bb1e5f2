//! Customers, their places of business and their plan.

mod create;
mod location;
mod plan;
mod read;

pub use create::{CreateCustomer, NewCustomer, NewLocation};
pub use location::AddLocation;
pub use plan::ChangePlan;
pub use read::{CustomerFile, LocationFile};
