//! Connect links: issue, send, read, show again, revoke.

pub(super) mod batch;
mod body;
pub(super) mod commands;
mod ended;
pub(super) mod reads;
pub(super) mod send;

pub(super) use body::{Issued, Link};
