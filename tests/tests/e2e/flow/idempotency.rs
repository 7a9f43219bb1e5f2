//! Calls that are repeated because their answers were lost: over the real API, with a server that is killed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use chrono::TimeDelta;
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, GOOGLE, Place, Server, Stage, Then, now},
    on_both_databases,
    scale::scaled,
};
use serde_json::{Value, json};
use tokio::{sync::Mutex, task::JoinSet};

on_both_databases!(
    a_call_is_made_once_however_often_it_is_sent_and_whenever_the_power_goes,
    a_stored_answer_outlives_the_server,
    a_server_deletes_answers_that_are_too_old,
);

/// In a short run; `GRANTLINK_TEST_SCALE` raises keys and kills.
const KEYS: usize = 20;
const CALLERS: usize = 20;
const KILLS: usize = 2;
/// A caller that was told to come back is less patient here than `Retry-After` asks for: more calls meet each other.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_CALL: Duration = Duration::from_mins(1);

fn link_for(place: &Place) -> Value {
    json!({"customer_id": place.customer, "location_id": place.location, "provider": GOOGLE})
}

/// One who sends the same call until it is answered: again after a broken connection, 503, and 409 for a call that is under way.
async fn insists(agency: &Agency, key: &str, body: &Value) -> anyhow::Result<String> {
    let deadline = Instant::now() + LONGEST_CALL;
    loop {
        match agency.post_once("/links", key, body).await {
            Ok(answer) if answer.status.is_success() => return Ok(answer.text),
            Ok(answer) => {
                let in_flight = answer.status == 409 && answer.text.contains("/problems/idempotency-key-in-flight");
                if !in_flight && answer.status != 503 {
                    bail!("{}: {}", answer.status, answer.text);
                }
                ensure!(answer.headers.contains_key("retry-after"), "{}", answer.text);
            }
            Err(_) => {} // the server was killed
        }
        ensure!(Instant::now() < deadline, "{key} is not answered");
        tokio::time::sleep(PAUSE).await; // the caller's own patience
    }
}

/// The server, and when it will be killed next: with every share of the answers, while the other callers are waiting for theirs.
struct Fate {
    server: Mutex<Server>,
    answered: AtomicUsize,
    share: usize,
    kills: usize,
}

impl Fate {
    async fn strikes(&self) -> anyhow::Result<()> {
        let answered = self.answered.fetch_add(1, Ordering::SeqCst) + 1;
        if answered.is_multiple_of(self.share) && answered / self.share <= self.kills {
            self.server.lock().await.restart().await?;
        }
        Ok(())
    }
}

async fn calls_all(agency: Agency, places: Arc<Vec<Place>>, fate: Arc<Fate>) -> anyhow::Result<Vec<String>> {
    let mut answers = vec![];
    for (number, place) in places.iter().enumerate() {
        answers.push(insists(&agency, &format!("order-{number}"), &link_for(place)).await?);
        fate.strikes().await?;
    }
    Ok(answers)
}

/// API-2: every key is sent by twenty callers at about the same time, and SIGKILL ends the server in the midst of it. Each key is
/// one link, and all who asked read the same bytes.
///
/// Mutant: when the receipt is not in the commit, there are more links than keys.
async fn a_call_is_made_once_however_often_it_is_sent_and_whenever_the_power_goes(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let stranger = stage.another_agency("Night Owls", "owls.localhost", &[]).await?;
    let (keys, kills) = (scaled(KEYS), scaled(KILLS));
    let mut places = vec![];
    for _ in 0..keys {
        places.push(stage.agency.bakery().await?);
    }
    let Stage {
        server,
        google: _google,
        agency,
        files: _files,
        database,
    } = stage;
    let fate = Arc::new(Fate {
        server: Mutex::new(server),
        answered: AtomicUsize::new(0),
        share: keys * CALLERS / (kills + 1),
        kills,
    });
    let places = Arc::new(places);
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(calls_all(agency.clone(), Arc::clone(&places), Arc::clone(&fate)));
    }
    let mut first: Option<Vec<String>> = None;
    while let Some(answers) = callers.join_next().await {
        let answers = answers??;
        assert_eq!(first.get_or_insert_with(|| answers.clone()), &answers);
    }
    let issued = "SELECT count(*) FROM events WHERE aggregate_type = 'connect_link' AND event_type = 'Issued'";
    let ended = "SELECT count(*) FROM events WHERE aggregate_type = 'connect_link' AND event_type <> 'Issued'";
    assert_eq!(database.number(issued).await?, i64::try_from(keys)?);
    assert_eq!(
        database.number(ended).await?,
        0,
        "a second link would have revoked the first"
    );

    let answers = first.unwrap_or_default();
    assert_eq!(answers.iter().collect::<BTreeSet<_>>().len(), keys);
    for (number, (place, answer)) in places.iter().zip(&answers).enumerate() {
        let key = format!("order-{number}");
        let mut altered = link_for(place);
        altered["replace_account"] = json!(true);
        let refused = agency.post_once("/links", &key, &altered).await?;
        assert!(refused.status == 422 && refused.text.contains("/problems/idempotency-key-reused"));
        assert_eq!(&insists(&agency, &key, &link_for(place)).await?, answer);
    }
    a_strangers_same_keys_are_its_own(&stranger, &answers).await
}

async fn a_strangers_same_keys_are_its_own(stranger: &Agency, answers: &[String]) -> anyhow::Result<()> {
    for (number, answer) in answers.iter().enumerate() {
        let (key, body) = (format!("order-{number}"), link_for(&stranger.bakery().await?));
        let own = stranger.post_once("/links", &key, &body).await?;
        assert!(own.status == 201 && &own.text != answer, "{}", own.text);
        assert_eq!(stranger.post_once("/links", &key, &body).await?.text, own.text);
    }
    Ok(())
}

async fn a_stored_answer_outlives_the_server(database: Database) -> anyhow::Result<()> {
    let mut stage = Stage::set(database).await?;
    let body = link_for(&stage.agency.bakery().await?);
    let first = stage.agency.post_once("/links", "order", &body).await?;
    for _ in 0..2 {
        stage.server.restart().await?;
        let again = stage.agency.post_once("/links", "order", &body).await?;
        assert_eq!((again.status, &again.text), (first.status, &first.text));
    }
    assert_eq!(first.status, 201, "{}", first.text);
    Ok(())
}

/// 72 hours pass in the database, and then the two that house-keeping may wait.
///
/// Mutant: when nobody keeps house, the old answer stays.
async fn a_server_deletes_answers_that_are_too_old(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let body = link_for(&stage.agency.bakery().await?);
    let first = stage.agency.post_once("/links", "order", &body).await?;
    let place = stage.agency.bakery().await?;
    stage
        .database
        .execute("UPDATE receipts SET created_at = created_at - 259200000000")
        .await?;
    let young = stage.agency.post_once("/links", "young", &link_for(&place)).await?;
    let later = Then::at(&stage, now() + TimeDelta::hours(2)).await?;
    let deadline = Instant::now() + LONGEST_CALL;
    while stage.database.number("SELECT count(*) FROM receipts").await? > 1 {
        ensure!(Instant::now() < deadline, "the old answer is still there");
        later.work_off().await?; // the server itself may have the job in its hands
        tokio::time::sleep(PAUSE).await; // until the next look
    }
    later.close().await;
    assert_eq!(
        stage.agency.post_once("/links", "young", &link_for(&place)).await?.text,
        young.text
    );
    let anew = stage.agency.post_once("/links", "order", &body).await?;
    assert_eq!((first.status.as_u16(), anew.status.as_u16()), (201, 201));
    assert_ne!(anew.text, first.text);
    Ok(())
}
