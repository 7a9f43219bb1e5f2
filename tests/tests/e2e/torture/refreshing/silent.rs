//! A provider that stops to answer, while many accounts are due there.

use std::time::Duration;

use anyhow::ensure;
use chrono::TimeDelta;
use grantlink_tests::{conformance::Database, on_both_databases, torture::figure};

use super::{
    provider::{Habits, OF_A_NODE, Rotating},
    town::{Size, Town},
};

on_both_databases!(a_provider_that_answers_nobody_is_left_alone_until_it_does);

const ACCOUNTS: u32 = 100;
const LOOKED_AT: &str = "SELECT count(*) FROM refresh WHERE problem IS NOT NULL OR put_off_until > 0";

/// C42: a hundred accounts are due at a provider that answers nobody. Those that were asked for first find that out; from then on one asks
/// now and then, and the others wait. When it is back, each is renewed, and none of them twice.
///
/// Mutant seen: when nobody learns from the others, all of them ask, and this fails.
async fn a_provider_that_answers_nobody_is_left_alone_until_it_does(database: Database) -> anyhow::Result<()> {
    let habits = Habits {
        takes: Duration::ZERO,
        fails: false,
        together: usize::MAX,
        patience: Duration::from_secs(2),
    };
    let provider = Rotating::start(habits).await?;
    let size = Size {
        nodes: 1,
        accounts: ACCOUNTS,
        life: TimeDelta::minutes(9),
    };
    let town = Town::settle(database, &provider, size).await?;
    let all = i64::from(ACCOUNTS);
    until!(
        "each was looked at",
        town.stage.database.number(LOOKED_AT).await? == all
    );
    let asked = provider.arrived();
    ensure!(
        asked <= 2 * OF_A_NODE,
        "{asked} of {ACCOUNTS} asked a provider that answers nobody"
    );

    provider.answers_from_now_on();
    let renewed = async || Ok::<_, anyhow::Error>(town.renewed().await?.iter().sum::<u64>());
    until!("all are renewed", renewed().await? == u64::from(ACCOUNTS));
    ensure!(provider.asked().await == ACCOUNTS, "some were asked for twice");
    figure(&format!(
        "{asked} of {ACCOUNTS} accounts asked a provider that was silent"
    ))
}
