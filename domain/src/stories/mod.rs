//! What the aggregates promise, told as stories: given these events, when that is asked, then this happens.

mod agency;
mod connect_link;
mod customer;
mod evolving;
mod fixtures;
mod golden;
mod grant;
mod host;
mod integration;
mod personal;
mod reading;
