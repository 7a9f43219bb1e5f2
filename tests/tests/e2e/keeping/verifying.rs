//! Any change of the log is found, and its place is named.

use adapters::sql::LogCheck;
use application::ports::log::EventLog;
use grantlink_tests::{
    conformance::{Database, Draft, stream},
    harness::Stage,
    on_both_databases,
};
use serde_json::{Value, json};

use super::intruder::Intruder;

on_both_databases!(
    every_edit_of_the_log_is_found_and_its_place_is_named,
    the_program_says_what_is_wrong_and_where,
);

const STREAMS: usize = 10;
const EVENTS: u64 = 80;
const EDITS: u64 = 200;

/// What an intruder can do to the event at `$1`, or to two events: one statement, or several.
const CHANGES: [&[&str]; 9] = [
    &[r#"UPDATE events SET payload = '{"Connected":{"a":1}}' WHERE position = $1"#],
    &[r#"UPDATE events SET metadata = '{"actor":"operator"}' WHERE position = $1"#],
    &["UPDATE events SET recorded_at = recorded_at + 1 WHERE position = $1"],
    &["UPDATE events SET tenant_id = event_id WHERE position = $1"],
    &["UPDATE events SET sequence = sequence + 1000 WHERE position = $1"],
    &["UPDATE events SET event_type = 'Deleted' WHERE position = $1"],
    &["DELETE FROM events WHERE position = $1"],
    &["DELETE FROM events WHERE position >= $1"],
    &[
        "UPDATE events SET position = position + 1000000 WHERE position = $1",
        "UPDATE events SET position = $1 WHERE position = $2",
        "UPDATE events SET position = $2 WHERE position = $1 + 1000000",
    ],
];
const FORGE: &str = "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence,
        event_type, event_version, payload, metadata, recorded_at, hash)
    SELECT $2 + 1, tenant_id, tenant_id, aggregate_type, aggregate_id, sequence + 8, event_type, event_version, payload,
        metadata, recorded_at, hash FROM events WHERE position = $1";

/// TE-2: payload, actor, time, tenant, order within the stream, type, one event gone, the end gone, two exchanged, one forged.
///
/// Mutant: without the comparison of hashes this fails.
async fn every_edit_of_the_log_is_found_and_its_place_is_named(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let streams: Vec<_> = (0..STREAMS).map(|_| stream()).collect();
    for version in 0..EVENTS / STREAMS as u64 {
        for stream in &streams {
            stores
                .log
                .commit(Draft::default().appends(stream, version).commit())
                .await?;
        }
    }
    let kept = states(stores.log.as_ref()).await?;
    assert_eq!(kept.len() as u64, EVENTS);
    let mut intruder = Intruder::enter(&database).await?;
    intruder.run("CREATE TABLE kept AS SELECT * FROM events", &[]).await?;

    let mut seed = 20_261_122_u64;
    let mut below = |limit: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % limit
    };
    for _ in 0..EDITS {
        let place = 1 + below(EVENTS - 1);
        let other = place + 1 + below(EVENTS - place);
        let numbers = [i64::try_from(place)?, i64::try_from(other)?];
        let change = usize::try_from(below(CHANGES.len() as u64 + 1))?;
        let first_bad = if let Some(statements) = CHANGES.get(change) {
            for statement in *statements {
                let count = if statement.contains("$2") { 2 } else { 1 };
                intruder.run(statement, &numbers[..count]).await?;
            }
            place
        } else {
            intruder.run(FORGE, &[numbers[0], i64::try_from(EVENTS)?]).await?;
            EVENTS + 1
        };
        let found = first_difference(stores.log.as_ref(), &kept).await?;
        assert_eq!(found, Some(first_bad), "change {change} of {place} and {other}");
        intruder.run("DELETE FROM events", &[]).await?;
        intruder.run("INSERT INTO events SELECT * FROM kept", &[]).await?;
    }
    assert_eq!(first_difference(stores.log.as_ref(), &kept).await?, None);
    stores.close().await;
    Ok(())
}

/// The log's state at every position: what somebody who checks often enough has kept.
async fn states(log: &dyn EventLog) -> anyhow::Result<Vec<String>> {
    let mut check = LogCheck::default();
    let mut states = vec![];
    for event in log.page(check.position(), 1_000).await? {
        check.next(&event)?;
        states.push(check.state());
    }
    Ok(states)
}

async fn first_difference(log: &dyn EventLog, kept: &[String]) -> anyhow::Result<Option<u64>> {
    let mut check = LogCheck::default();
    let mut kept = kept.iter();
    for event in log.page(check.position(), 1_000).await? {
        if let Err(flaw) = check.next(&event) {
            return Ok(Some(flaw.position().0));
        }
        if kept.next() != Some(&check.state()) {
            return Ok(Some(check.position().0));
        }
    }
    Ok(kept.next().map(|_| check.position().0 + 1))
}

/// The same through the program: what it ends with, and what it says to people and to machines.
async fn the_program_says_what_is_wrong_and_where(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    stage.agency.fresh_link().await?;
    stage.agency.fresh_link().await?;
    let whole = verify(&stage, &[]).await?;
    assert_eq!((whole.0, &whole.1["ok"]), (Some(0), &json!(true)));
    let state = whole.1["state"].as_str().unwrap_or_default().to_owned();
    let export = stage.files.folder().join("log.ndjson").display().to_string();
    assert!(stage.run(&["export", &export]).await?.status.success());
    let and_back = ["--expect", &state, "--against", &export];
    stage.agency.fresh_link().await?;
    assert_eq!(verify(&stage, &and_back).await?.0, Some(0), "a log may grow");

    let mut intruder = Intruder::enter(&stage.database).await?;
    intruder.run("CREATE TABLE kept AS SELECT * FROM events", &[]).await?;
    let head = stage.database.number("SELECT max(position) FROM events").await?;
    let cut_off = head - 9; // before what was remembered ends
    intruder
        .run("DELETE FROM events WHERE position >= $1", &[cut_off])
        .await?;
    assert_eq!(
        verify(&stage, &[]).await?.0,
        Some(0),
        "nothing in a log says where it should end"
    );
    for remembered in [&and_back[..2], &and_back[2..]] {
        let found = verify(&stage, remembered).await?;
        assert_eq!((found.0, &found.1["first_bad_position"]), (Some(3), &json!(cut_off)));
    }
    intruder.run("DELETE FROM events", &[]).await?;
    intruder.run("INSERT INTO events SELECT * FROM kept", &[]).await?;
    intruder
        .run("UPDATE events SET event_type = 'Deleted' WHERE position = $1", &[5])
        .await?;
    let found = verify(&stage, &[]).await?;
    assert_eq!((found.0, &found.1["first_bad_position"]), (Some(3), &json!(5)));
    let said = stage.run(&["verify", "log"]).await?;
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(
        said.contains("the event at position 5 is not what was written"),
        "{said}"
    );
    intruder
        .run(
            "UPDATE events SET recorded_at = 9223372036854775807 WHERE position = $1",
            &[3],
        )
        .await?;
    let found = verify(&stage, &[]).await?;
    assert_eq!(
        (found.0, &found.1["first_bad_position"]),
        (Some(3), &json!(3)),
        "a row that cannot be read at all"
    );
    Ok(())
}

/// What `verify log` ends with, and its JSON.
async fn verify(stage: &Stage, more: &[&str]) -> anyhow::Result<(Option<i32>, Value)> {
    let output = stage.run(&[&["verify", "log", "--json"], more].concat()).await?;
    let found = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output.status.code(), found))
}
