//! What is due is renewed by all nodes together.

use std::time::Duration;

use anyhow::ensure;
use chrono::TimeDelta;
use grantlink_tests::{
    conformance::{Database, Kind},
    harness::now,
    on_both_databases,
    torture::figure,
};
use tokio::time::{Instant, sleep};

use super::{
    LONGEST, POLL,
    provider::{Habits, OF_A_NODE, Rotating},
    town::{Size, Town},
};

on_both_databases!(what_is_due_is_renewed_by_all_nodes_together);

const ACCOUNTS: u32 = 200;

/// VA-4, A44: two hundred accounts are due at once, and nobody reads them. Two nodes renew them all side by side, each some and none
/// of them twice, before their tokens end: the provider answers nobody until more ask than one node may.
///
/// Mutants: when a node takes all shares that it can get, the other has no part, and this fails on PostgreSQL; when it asks for one
/// account after the other, nobody is answered.
async fn what_is_due_is_renewed_by_all_nodes_together(database: Database) -> anyhow::Result<()> {
    let two_nodes = database.kind() == Kind::Postgres;
    let habits = Habits {
        takes: Duration::from_millis(20),
        fails: false,
        together: OF_A_NODE + usize::from(two_nodes),
        patience: Duration::from_mins(1),
    };
    let provider = Rotating::start(habits).await?;
    let life = TimeDelta::minutes(9); // fresh enough for whatever else is done with them
    let size = Size {
        nodes: 2,
        accounts: ACCOUNTS,
        life,
    };
    let ends = now() + life;
    let town = Town::settle(database, &provider, size).await?;
    let until = Instant::now() + LONGEST;
    while town.renewed().await?.iter().sum::<u64>() < u64::from(ACCOUNTS) {
        ensure!(now() < ends && Instant::now() < until, "not all are renewed");
        sleep(POLL).await; // the figures are taken anew now and then
    }
    let renewed = town.renewed().await?;
    ensure!(provider.asked().await == ACCOUNTS, "some were asked for twice");
    ensure!(
        renewed.iter().all(|count| *count > 0),
        "not every node had a part: {renewed:?}"
    );
    figure(&format!("{ACCOUNTS} accounts renewed by {renewed:?}"))
}
