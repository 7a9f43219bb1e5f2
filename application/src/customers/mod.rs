//! Customers, their places of business and their plan.

mod contact;
mod create;
mod location;
mod plan;
mod read;

pub use contact::ChangeContact;
pub use create::{CreateCustomer, CreatedCustomer, NewCustomer, NewLocation};
pub use location::AddLocation;
pub use plan::ChangePlan;
pub use read::{CustomerFile, LocationFile};
