//! Measures one thing, once, and prints it as one line: `bench append postgres --callers 32`.

mod append;
mod command;
mod database;
mod everything;
mod http;
mod log;
mod many;
mod process;
mod visible;

use clap::{Parser, Subcommand};
use database::On;
use grantlink_load::Load;

#[derive(Parser)]
#[command(about = "Measures one thing, once")]
struct Bench {
    #[command(subcommand)]
    row: Row,
}

#[derive(Subcommand)]
enum Row {
    /// One event to a new stream
    Append {
        on: On,
        #[command(flatten)]
        load: Load,
        /// So many of a hundred commits are decided on a stream that has moved on
        #[arg(long, default_value_t = 0)]
        conflicts: u64,
    },
    /// Load a stream of three events, append one
    Command {
        on: On,
        #[command(flatten)]
        load: Load,
        /// On a node that has not seen the streams before
        #[arg(long)]
        cold: bool,
    },
    /// One event with sealed personal data, a receipt, and the versions of three more streams
    Everything {
        on: On,
        #[command(flatten)]
        load: Load,
    },
    /// Read a log into a fold that only counts
    Replay {
        on: On,
        #[arg(long, default_value_t = 200_000)]
        events: usize,
    },
    /// Rebuild a view of one row for each event
    Rebuild {
        on: On,
        #[arg(long, default_value_t = 200_000)]
        events: usize,
    },
    /// Memory that the rebuild of that view takes at most, in MB
    RebuildMemory {
        #[arg(long, default_value_t = 200_000)]
        events: usize,
    },
    /// From a commit to its row in a view, while others append half as much as they can
    Visible {
        on: On,
        #[command(flatten)]
        load: Load,
    },
    /// Ask a started server, on `PostgreSQL`
    Http {
        ask: http::Ask,
        #[command(flatten)]
        load: Load,
    },
    /// Resident memory of a started server in MB: idle, or after so many links in a log of so many events
    Memory {
        #[arg(long, requires = "events")]
        links: Option<usize>,
        #[arg(long, requires = "links")]
        events: Option<u64>,
    },
    /// From the start of the server to its first answer, in ms
    Start,
    /// Size of the program, in MB
    Binary,
    #[command(hide = true)]
    ServeHello,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let measured = match Bench::parse().row {
        Row::Append { on, load, conflicts } => append::run(load, on, conflicts).await?,
        Row::Command { on, load, cold } => command::run(load, on, cold).await?,
        Row::Everything { on, load } => everything::run(load, on).await?,
        Row::Replay { on, events } => log::replay(on, events).await?,
        Row::Rebuild { on, events } => log::rebuild(on, events).await?,
        Row::RebuildMemory { events } => return process::rebuild_memory(events).await?.print(),
        Row::Visible { on, load } => visible::run(on, load).await?,
        Row::Http { ask, load } => http::run(load, ask).await?,
        Row::Memory { links, events } => {
            return match links.zip(events) {
                Some((links, events)) => process::memory(links, events).await?.print(),
                None => process::idle_memory().await?.print(),
            };
        }
        Row::Start => return process::start().await?.print(),
        Row::Binary => return process::size()?.print(),
        Row::ServeHello => return http::serve_hello().await,
    };
    measured.print()
}
