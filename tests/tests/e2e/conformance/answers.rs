//! What providers last said about connections.

use application::ports::{
    health::LastAnswer,
    provider::Answer::{Allowed, Denied, Gone},
};
use chrono::TimeDelta;
use domain::{
    ids::IntegrationId,
    integration::Capability::{Metrics, ReviewsRead},
};
use grantlink_tests::{
    conformance::{Database, id, tenant},
    harness::now,
};

grantlink_tests::on_both_databases!(the_last_answer_counts_whoever_is_late);

/// A check that took long, and one about an earlier life, do not take a newer answer's place; nobody reads another tenant's.
async fn the_last_answer_counts_whoever_is_late(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let (mine, theirs) = (tenant(), tenant());
    let (one, at) = (IntegrationId(id()), now());
    let answer = |life, answer, minutes| LastAnswer {
        integration: one,
        life,
        capability: Metrics,
        answer,
        at: at + TimeDelta::minutes(minutes),
    };
    let reading = LastAnswer {
        capability: ReviewsRead,
        ..answer(2, Allowed, 0)
    };
    let keep = async |answer| stores.answers.keep(mine, &[answer]).await;
    stores.answers.keep(mine, &[answer(2, Denied, 5), reading]).await?;
    keep(answer(2, Allowed, 4)).await?;
    keep(answer(1, Allowed, 9)).await?;
    let kept = async |tenant| {
        let mut kept = stores.answers.of(tenant, &[IntegrationId(id()), one]).await?;
        kept.sort_by_key(|kept| kept.capability);
        Ok::<_, anyhow::Error>(kept)
    };
    assert_eq!(micros(kept(mine).await?), micros(vec![reading, answer(2, Denied, 5)]));
    keep(answer(2, Allowed, 6)).await?;
    assert_eq!(kept(mine).await?[1].answer, Allowed);
    keep(answer(3, Gone, 1)).await?;
    assert_eq!((kept(mine).await?[1].answer, kept(mine).await?[1].life), (Gone, 3));
    assert!(kept(theirs).await?.is_empty());

    let many: Vec<_> = (0..60).map(|_| IntegrationId(id())).collect();
    for integration in &many {
        let integration = *integration;
        keep(LastAnswer { integration, ..reading }).await?;
    }
    assert_eq!(
        stores.answers.of(mine, &many).await?.len(),
        60,
        "more than one statement asks for"
    );
    assert!(stores.answers.of(mine, &[]).await?.is_empty());
    Ok(())
}

/// Databases keep whole microseconds.
fn micros(answers: Vec<LastAnswer>) -> Vec<(IntegrationId, u32, String, i64)> {
    let shown = |kept: LastAnswer| {
        let said = format!("{} {}", kept.capability, kept.answer);
        (kept.integration, kept.life, said, kept.at.timestamp_micros())
    };
    answers.into_iter().map(shown).collect()
}
