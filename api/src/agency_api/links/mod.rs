//! Connect links: issue, read, show again, revoke.

mod body;
pub(super) mod commands;
mod ended;
pub(super) mod reads;

pub(super) use body::Link;
