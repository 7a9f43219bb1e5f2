//! Read models: pure folds from events to view rows, and what keeps them.
//!
//! A [`Projection`] says which rows an event touches and how it changes them; nothing in it does I/O. The [`runner`] follows the
//! log and commits rows and checkpoint together, [`rebuild`] folds the whole log beside the live rows and switches, and
//! [`timeline`] turns single events into sentences.

pub mod audit_entry;
pub mod checkpoints;
pub mod connection_span;
mod every;
mod fold;
pub mod integration;
pub mod link;
mod page;
pub mod past;
mod progress;
pub mod projection;
pub mod read;
pub mod reader;
pub mod rebuild;
pub mod report_day;
pub mod retry;
pub mod runner;
pub mod store;
pub mod survey;
pub mod timeline;
pub mod view;

#[cfg(test)]
mod stories;

/// The adapters' tests tell the same stories, and know this crate by its name.
#[cfg(test)]
extern crate self as projections;

pub use every::VIEWS;
pub use progress::{Progress, progress};
pub use projection::Projection;
pub use view::View;
