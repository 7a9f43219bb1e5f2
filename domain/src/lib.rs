//! The rules of Grantlink: aggregates, their commands, events and decisions.
//!
//! Nothing here does I/O, reads a clock or draws a random number: time, ids and looked-up facts come in with the command.
//! An aggregate's `handle` decides and its `apply` only evolves, so that a stream can be replayed at any time.

pub mod agency;
mod aggregate;
pub mod connect_link;
pub mod customer;
pub mod event;
pub mod evolution;
pub mod grant;
pub mod host;
pub mod ids;
pub mod integration;
pub mod log;
pub mod personal;
pub mod provider;
pub mod secret_hash;
pub mod trail;

#[cfg(test)]
mod stories;

/// A moment in UTC; the log keeps whole microseconds.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
