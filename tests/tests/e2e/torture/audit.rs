//! The audit that ends the other stories is no better than what it finds.

use grantlink_tests::{
    conformance::Database,
    on_both_databases,
    seed::seed,
    torture::{Client, Entry, Outcome, audit},
};
use uuid::Uuid;

/// Something that is not so any more.
type Lie = fn(&mut Vec<Entry>);

on_both_databases!(the_audit_finds_what_is_lost_misplaced_or_strange);

async fn the_audit_finds_what_is_lost_misplaced_or_strange(database: Database) -> anyhow::Result<()> {
    let (stores, mut client) = (database.open().await?, Client::new(seed(), 0));
    let mut journal = Vec::new();
    for _ in 0..20 {
        let order = client.plain_order();
        let outcome = Outcome::from(stores.log.commit(order.commit()).await);
        client.learn(&order, true, &outcome)?;
        journal.push(Entry { order, outcome });
    }
    assert_eq!(audit(&stores, &journal).await?, 20);
    let lies: [(&str, Lie); 6] = [
        ("1 acknowledged orders are lost", |journal| {
            journal[3].order.appends[0].events[0] = Uuid::from_u128(1);
        }),
        ("not where their answers say", |journal| {
            journal[3].outcome = Outcome::Committed(5);
        }),
        ("and stands", |journal| {
            journal[3].outcome = Outcome::Conflict;
        }),
        ("1 events stand that nobody asked for", |journal| {
            journal.remove(3);
        }),
        ("the vault row of order", |journal| {
            journal[3].order.secret = Some(Uuid::from_u128(1));
        }),
        ("the receipt of order", |journal| {
            journal[3].order.receipt = Some(Uuid::from_u128(1));
        }),
    ];
    for (finding, lie) in lies {
        let mut told = journal.clone();
        lie(&mut told);
        let found = audit(&stores, &told).await.err().map(|error| error.to_string());
        assert!(
            found.as_ref().is_some_and(|found| found.contains(finding)),
            "{finding}: {found:?}"
        );
    }
    Ok(())
}
