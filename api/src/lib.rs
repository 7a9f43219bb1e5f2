//! The server: the agencies' API, the customers' pages and the command line.

pub mod agency_api;
pub mod cli;
pub mod config;
pub mod connect;
pub mod feeds;
pub mod images;
pub mod installation;
pub mod limits;
pub mod mails;
pub mod opened;
pub mod operations;
pub mod pages;
pub mod past;
pub mod problem;
pub mod proxies;
pub mod server;
pub mod state;
pub mod story;
