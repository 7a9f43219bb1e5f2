//! The listener: which host was asked decides what is served.

mod accept;
mod hosts;
mod housekeeping;
mod refused;
mod request_line;
mod room;
mod run;

pub(crate) use accept::{Line, accept};
pub use hosts::Hosts;
pub(crate) use request_line::{Notes, REQUEST_ID, request_id};
pub(crate) use room::Place;
pub use run::{Capacity, serve};
