//! What crash tests stand on: a program that appends and may be killed, clients that keep a journal of what was acknowledged,
//! a database server and a disk of a story's own, and the audit of what is left at the end.

mod appender;
mod audit;
mod client;
mod crowd;
mod figure;
mod journal;
mod order;
mod postgres;
mod small_disk;
mod trace;

pub use appender::{Appender, Line};
pub use audit::audit;
pub use client::Client;
pub use crowd::{CLIENTS, Crowd};
pub use figure::figure;
pub use journal::{Entry, Journal};
pub use order::{Answer, Order, Outcome};
pub use postgres::Postgres;
pub use small_disk::SmallDisk;
pub use trace::{Trace, unsynced_answers};
