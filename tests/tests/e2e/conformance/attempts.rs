//! Attempts: every step is one conditional update.

use application::ports::attempts::{Attempt, Stage};
use domain::{
    Timestamp,
    connect_link::AttemptFailure,
    host::HostName,
    ids::{AgencyId, AttemptId, LinkId},
    provider::{ProviderApp, ProviderId},
};
use grantlink_tests::conformance::{Database, id, tenant};
use tokio::task::JoinSet;

grantlink_tests::on_both_databases!(
    an_attempt_comes_back_as_it_was_started,
    a_state_is_spent_once,
    a_hand_off_is_found_until_it_is_too_old,
    of_many_claimers_exactly_one_wins,
    a_destroyed_answer_is_claimed_by_nobody,
    an_attempt_moves_on_only_from_where_it_stands,
    the_newest_attempt_of_a_browser_is_found,
);

fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp_micros(1_764_547_200_000_001 + second * 1_000_000).unwrap_or_default()
}

fn hash(of: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..of.len()].copy_from_slice(of.as_bytes());
    hash
}

fn attempt(link: LinkId, state: &str) -> anyhow::Result<Attempt> {
    Ok(Attempt {
        id: AttemptId(id()),
        link,
        tenant: tenant(),
        agency: AgencyId(id()),
        host: HostName::parse("connect.example")?,
        browser_hash: hash("browser"),
        state_hash: hash(state),
        nonce: "nonce".to_owned(),
        provider: ProviderId::parse("google")?,
        app: ProviderApp {
            owner: "installation".to_owned(),
            client_id: "client'; --".to_owned(),
        },
        issuer: "https://accounts.google.com".to_owned(),
        redirect_uri: "https://connect.example/oauth/google/callback?a=b&c=%20".to_owned(),
        started_at: at(0),
        stage: Stage::Started,
    })
}

async fn an_attempt_comes_back_as_it_was_started(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let one = attempt(LinkId(id()), "state")?;
    assert_eq!(stores.attempts.get(one.id).await?, None);
    stores.attempts.start(&one, b"verifier").await?;
    assert_eq!(stores.attempts.get(one.id).await?.as_ref(), Some(&one));
    assert_eq!(stores.attempts.of_state(&hash("state")).await?.as_ref(), Some(&one));
    assert_eq!(stores.attempts.of_state(&hash("other")).await?, None);
    let same_state = attempt(one.link, "state")?;
    assert!(stores.attempts.start(&same_state, b"verifier").await.is_err());
    Ok(())
}

async fn a_state_is_spent_once(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let one = attempt(LinkId(id()), "state")?;
    assert!(
        !stores
            .attempts
            .hand_off(one.id, &hash("unknown"), b"answer", at(1))
            .await?
    );
    stores.attempts.start(&one, b"verifier").await?;
    assert!(
        stores
            .attempts
            .hand_off(one.id, &hash("first"), b"answer", at(1))
            .await?
    );
    assert!(
        !stores
            .attempts
            .hand_off(one.id, &hash("second"), b"forged", at(2))
            .await?
    );
    let found = stores.attempts.of_hand_off(&hash("first"), at(0)).await?;
    assert_eq!(
        found,
        Some(Attempt {
            stage: Stage::Returned,
            ..one
        })
    );
    assert_eq!(stores.attempts.of_hand_off(&hash("second"), at(0)).await?, None);
    Ok(())
}

async fn a_hand_off_is_found_until_it_is_too_old(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let one = attempt(LinkId(id()), "state")?;
    stores.attempts.start(&one, b"verifier").await?;
    stores
        .attempts
        .hand_off(one.id, &hash("hand-off"), b"answer", at(10))
        .await?;
    assert!(stores.attempts.of_hand_off(&hash("hand-off"), at(9)).await?.is_some());
    assert!(stores.attempts.of_hand_off(&hash("hand-off"), at(10)).await?.is_none());
    assert!(stores.attempts.claim(one.id).await?.is_some());
    let claimed = stores.attempts.of_hand_off(&hash("hand-off"), at(9)).await?;
    assert_eq!(claimed.map(|attempt| attempt.stage), Some(Stage::Claimed)); // a page loaded twice is told apart from a stranger's
    Ok(())
}

/// Mutant: a claim that reads the stage and then updates it without a condition lets several win.
async fn of_many_claimers_exactly_one_wins(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    for round in 0..5 {
        let one = attempt(LinkId(id()), &format!("state {round}"))?;
        stores.attempts.start(&one, b"verifier").await?;
        assert!(
            stores.attempts.claim(one.id).await?.is_none(),
            "there is nothing to claim yet"
        );
        stores
            .attempts
            .hand_off(one.id, &hash(&format!("hand-off {round}")), b"answer", at(1))
            .await?;
        let mut claimers = JoinSet::new();
        for _ in 0..20 {
            let attempts = stores.attempts.clone();
            claimers.spawn(async move { attempts.claim(one.id).await });
        }
        let mut claims = Vec::new();
        for claim in claimers.join_all().await {
            claims.extend(claim?);
        }
        assert_eq!(claims.len(), 1);
        assert_eq!(claims[0].sealed_answer, b"answer");
        assert_eq!(claims[0].sealed_verifier, b"verifier");
        assert_eq!(
            stores.attempts.get(one.id).await?.map(|attempt| attempt.stage),
            Some(Stage::Claimed)
        );
        assert!(stores.attempts.advance(one.id, Stage::Claimed, Stage::Returned).await?);
        assert!(
            stores.attempts.claim(one.id).await?.is_none(),
            "what was claimed is gone from the row"
        );
    }
    Ok(())
}

async fn a_destroyed_answer_is_claimed_by_nobody(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let one = attempt(LinkId(id()), "state")?;
    stores.attempts.start(&one, b"verifier").await?;
    stores
        .attempts
        .hand_off(one.id, &hash("hand-off"), b"answer", at(1))
        .await?;
    stores.attempts.destroy_answer(one.id).await?;
    assert_eq!(stores.attempts.claim(one.id).await?, None);

    // Whatever the stage: what is handed off afterwards lacks its verifier.
    let early = attempt(LinkId(id()), "other state")?;
    stores.attempts.start(&early, b"verifier").await?;
    stores.attempts.destroy_answer(early.id).await?;
    stores
        .attempts
        .hand_off(early.id, &hash("other hand-off"), b"answer", at(1))
        .await?;
    assert_eq!(stores.attempts.claim(early.id).await?, None);
    Ok(())
}

async fn an_attempt_moves_on_only_from_where_it_stands(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let one = attempt(LinkId(id()), "state")?;
    stores.attempts.start(&one, b"verifier").await?;
    let failed = Stage::Failed(AttemptFailure::Interrupted);
    assert!(
        !stores
            .attempts
            .advance(one.id, Stage::Claimed, Stage::Authorized)
            .await?
    );
    assert!(stores.attempts.advance(one.id, Stage::Started, failed).await?);
    assert!(
        !stores
            .attempts
            .advance(one.id, Stage::Started, Stage::Completed)
            .await?
    );
    assert_eq!(
        stores.attempts.get(one.id).await?.map(|attempt| attempt.stage),
        Some(failed)
    );
    assert!(!stores.attempts.advance(AttemptId(id()), Stage::Started, failed).await?);
    Ok(())
}

async fn the_newest_attempt_of_a_browser_is_found(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let link = LinkId(id());
    let first = attempt(link, "first")?;
    let second = Attempt {
        started_at: at(5),
        ..attempt(link, "second")?
    };
    let elsewhere = Attempt {
        started_at: at(9),
        browser_hash: hash("other"),
        ..attempt(link, "third")?
    };
    let of_another_link = Attempt {
        started_at: at(9),
        ..attempt(LinkId(id()), "fourth")?
    };
    for attempt in [&second, &first, &elsewhere, &of_another_link] {
        stores.attempts.start(attempt, b"verifier").await?;
    }
    assert_eq!(
        stores.attempts.latest(link, &hash("browser")).await?.as_ref(),
        Some(&second)
    );
    assert_eq!(
        stores.attempts.latest(link, &hash("other")).await?.as_ref(),
        Some(&elsewhere)
    );
    Ok(())
}
