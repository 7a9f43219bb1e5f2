//! The API as its clients meet it: the router over a real SQLite log and views, with the runners at work.

mod as_of;
mod audit;
mod bad_input;
mod canary;
mod credentials;
mod customers;
mod document;
mod feed;
mod idempotency;
mod integrations;
mod jobs;
mod links;
mod lists;
mod newer_node;
mod positions;
mod provider;
mod reports;
mod scopes;
mod strangers;
mod timelines;
mod world;

use world::{Agency, Answer, Call, World};
