//! What every store of Grantlink promises, told once and run on both databases.

mod accounts;
mod answers;
mod attempts;
mod cancellation;
mod commits;
mod files;
mod hashes;
mod images;
mod immutability;
mod jobs;
mod observations;
mod order;
mod plans;
mod receipts;
mod refreshes;
mod resilience;
mod vault;
