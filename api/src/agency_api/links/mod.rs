//! Connect links: issue, read, show again, revoke, and everything that happened to one.

pub(super) mod audit;
mod body;
pub(super) mod commands;
mod ended;
pub(super) mod reads;
