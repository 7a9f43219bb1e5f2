//! Measures one thing, once, and prints it as one line: `bench append postgres --callers 32`.

mod append;

use clap::{Parser, Subcommand};
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
        on: append::On,
        #[command(flatten)]
        load: Load,
        /// So many of a hundred commits are decided on a stream that has moved on
        #[arg(long, default_value_t = 0)]
        conflicts: u64,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let measured = match Bench::parse().row {
        Row::Append { on, load, conflicts } => append::run(load, on, conflicts).await?,
    };
    measured.print()
}
