//! ES-16: both databases do what the contract says, whatever is asked of them in whatever order.

mod contract;
mod system;
mod transitions;

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use adapters::sql::Stores;
use anyhow::{anyhow, bail, ensure};
use grantlink_tests::{
    conformance::{Database, Kind},
    scale::scaled,
    seed::seed,
};
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use tokio::runtime::Handle;

use system::System;
use transitions::{Model, Transition};

grantlink_tests::on_both_databases!(
    every_sequence_of_steps_does_what_the_contract_says,
    a_database_that_forgets_receipts_is_caught,
);

const LONGEST_SEQUENCE: usize = 50;
/// Attempts at a shorter sequence, where only its failing counts. Without any, the driver itself fails.
const A_FEW: u32 = 20;

/// ES-16. A sequence is cheap, so the long run plays more of them than its scale says.
async fn every_sequence_of_steps_does_what_the_contract_says(database: Database) -> anyhow::Result<()> {
    let sequences = if scaled(1) == 1 { 64 } else { scaled(400) };
    play_sequences(database, sequences, Config::default().max_shrink_iters).await
}

/// ES-16, the mutant: a database that drops each receipt as soon as it is written.
async fn a_database_that_forgets_receipts_is_caught(database: Database) -> anyhow::Result<()> {
    let forget = match database.kind() {
        Kind::Sqlite => {
            "CREATE TRIGGER forget AFTER INSERT ON receipts BEGIN DELETE FROM receipts WHERE key = NEW.key; END"
        }
        Kind::Postgres => {
            "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER forget BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION forget()"
        }
    };
    database.execute(forget).await?;
    let Err(caught) = play_sequences(database, 64, A_FEW).await else {
        bail!("it was not noticed");
    };
    let caught = caught.to_string();
    let signs = ["the contract says Answered", "the contract says Stands", "holds None"];
    ensure!(
        signs.iter().any(|sign| caught.contains(sign)),
        "caught by chance: {caught}"
    );
    Ok(())
}

/// Plays random sequences on one database, one after the other; what fails is made as short as it can be.
async fn play_sequences(database: Database, sequences: usize, shortenings: u32) -> anyhow::Result<()> {
    let stores = RefCell::new(database.open().await?);
    let config = Config {
        cases: u32::try_from(sequences)?,
        rng_seed: RngSeed::Fixed(seed()),
        max_shrink_iters: shortenings,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = Handle::current();
    let playing = tokio::task::spawn_blocking(move || {
        let sequences = Model::sequential_strategy(1..=LONGEST_SEQUENCE);
        TestRunner::new(config).run(&sequences, |(_, transitions, seen)| {
            let node = stores.borrow().clone();
            let (node, played) = runtime.block_on(play(&database, node, &transitions, seen));
            stores.replace(node);
            played.map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
    });
    playing.await?.map_err(|failure| anyhow!("{failure}"))
}

async fn play(
    database: &Database,
    stores: Stores,
    transitions: &[Transition],
    seen: Option<Arc<AtomicUsize>>,
) -> (Stores, anyhow::Result<()>) {
    let mut system = match System::new(database, stores.clone()).await {
        Ok(system) => system,
        Err(error) => return (stores, Err(error)),
    };
    for transition in transitions {
        if let Some(seen) = &seen {
            seen.fetch_add(1, Ordering::SeqCst); // what follows a failure need not be kept
        }
        if let Err(error) = system.step(transition).await {
            return (system.stores, Err(error.context(format!("at {transition:?}"))));
        }
    }
    let finished = system.finish().await;
    (system.stores, finished)
}
