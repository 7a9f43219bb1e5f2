//! Over HTTP, from this process to another one: `grantlink serve` on a new database of the server, or the smallest server there is.

mod client;
mod flow;
mod hello;
mod pages;
mod town;

use grantlink_load::{Load, Measured};

pub(crate) use client::Connection;
pub(crate) use hello::serve as serve_hello;
pub(crate) use town::{Link, Town, settled};

/// What is asked for.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Ask {
    /// Issue a link that takes the place of an earlier one
    IssueLink,
    /// Open a link's page, each time from another network
    OpenLink,
    /// The same on a server with 64 places for pages, by as many callers as wanted; who is refused asks again at once
    Crowd,
    /// Issue a link, sign in at the simulated provider, pick a listing
    Flow,
    /// A few bytes of JSON from a server that does nothing else
    Hello,
}

pub(crate) async fn run(load: Load, ask: Ask) -> anyhow::Result<Measured> {
    match ask {
        Ask::IssueLink => pages::issue_link(load).await,
        Ask::OpenLink => pages::open_link(load).await,
        Ask::Crowd => pages::crowd(load).await,
        Ask::Flow => flow::run(load).await,
        Ask::Hello => hello::run(load).await,
    }
}
