//! What touches the world: the databases, the vault's keys, the clock, the providers.
//!
//! Each module implements ports of the application; nothing above names a database or a client library.

pub mod archive;
pub mod clock;
pub mod entropy;
pub mod http;
pub mod ledger;
pub mod mail;
mod mutants;
pub mod net;
pub mod postgres;
pub mod providers;
pub mod sql;
pub mod sqlite;
pub mod traces;
pub mod vault;
pub mod views;
