//! What Grantlink does, one file per use case, and the ports that it needs from the world.

pub mod agencies;
pub mod app;
pub mod context;
pub mod credentials;
pub mod customers;
pub mod erasure;
pub mod error;
pub mod flow;
pub mod health;
pub mod housekeeping;
pub mod idempotency;
pub mod integrations;
pub mod jobs;
pub mod links;
pub mod mail;
pub mod metadata;
pub mod past;
pub mod personal;
pub mod ports;
pub mod queues;
pub mod run;
pub mod states;
pub mod step;
pub mod sync;
pub mod work;

#[cfg(test)]
mod stories;

pub use app::App;
pub use context::Context;
pub use error::CommandError;
pub use idempotency::Idempotency;
pub use metadata::Actor;
pub use run::{Decision, Done, UseCase};
