//! When keys are asked for, and which are believed.

use std::sync::{
    RwLock,
    atomic::{AtomicI64, Ordering},
};

use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::{
    http::{
        HttpConfig, client,
        fake::{Fake, Say},
    },
    providers::tests::signer::{Signer, published},
};

/// A clock that the tests move.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
    }
}

/// A provider's keys as they are published now, and who asks for them.
struct Stage {
    fake: Fake,
    say: Arc<RwLock<(u16, Value)>>,
    clock: Arc<Hands>,
    keys: SigningKeys,
}

impl Stage {
    async fn publishing(signers: &[&Signer]) -> Self {
        let say = Arc::new(RwLock::new((200, published(signers))));
        let script = Arc::clone(&say);
        let fake = Fake::start(move |_| {
            let (status, keys) = script.read().unwrap().clone();
            Say::Json(status, keys)
        })
        .await;
        let clock = Arc::new(Hands(AtomicI64::new(1_790_000_000)));
        let http = client(&HttpConfig::default()).unwrap();
        let url = format!("{}/certs", fake.base).parse().unwrap();
        let keys = SigningKeys::new(url, http, Duration::from_secs(5), clock.clone());
        Self { fake, say, clock, keys }
    }

    fn publish(&self, status: u16, keys: Value) {
        *self.say.write().unwrap() = (status, keys);
    }

    fn later(&self, by: Duration) {
        self.clock
            .0
            .fetch_add(by.as_secs().try_into().unwrap(), Ordering::Relaxed);
    }

    async fn finds(&self, id: Option<&str>) -> bool {
        self.keys.key(id).await.is_ok()
    }

    async fn questions(&self) -> usize {
        self.fake.heard("/certs").await.len()
    }
}

#[tokio::test]
async fn sign_ins_that_come_at_once_ask_once() {
    let signer = Signer::new("one");
    let stage = Stage::publishing(&[&signer]).await;
    let found = futures_util::future::join_all((0..10).map(|_| stage.finds(Some("one")))).await;
    assert_eq!(found, [true; 10]);
    assert_eq!(stage.questions().await, 1);
}

/// Mutants: with the set forgotten after each answer, or kept for ever, this fails.
#[tokio::test]
async fn a_set_is_kept_for_an_hour_when_its_provider_tells_no_age() {
    let stage = Stage::publishing(&[&Signer::new("one")]).await;
    assert!(stage.finds(Some("one")).await);
    stage.later(Duration::from_secs(3_599));
    assert!(stage.finds(Some("one")).await);
    assert_eq!(stage.questions().await, 1);
    stage.later(Duration::from_secs(1));
    assert!(stage.finds(Some("one")).await);
    assert_eq!(stage.questions().await, 2);
}

/// Mutants: without the second question a rotated key is refused for an hour; without the pause between questions, whoever sends
/// nonsense makes us ask each time.
#[tokio::test]
async fn a_key_that_is_not_known_makes_it_ask_again_but_not_all_the_time() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let stage = Stage::publishing(&[&old]).await;
    assert!(stage.finds(Some("old")).await);
    stage.publish(200, published(&[&new, &old]));
    assert!(!stage.finds(Some("new")).await, "it has just asked");
    assert_eq!(stage.questions().await, 1);
    stage.later(BETWEEN_QUESTIONS);
    assert!(stage.finds(Some("new")).await && stage.finds(Some("old")).await);
    for _ in 0..5 {
        assert!(!stage.finds(Some("nobody's")).await);
    }
    assert_eq!(stage.questions().await, 2);
}

/// Mutant: with a set that could not be renewed used for ever, a withdrawn key is believed.
#[tokio::test]
async fn a_set_that_is_too_old_is_not_believed_when_the_provider_is_away() {
    let stage = Stage::publishing(&[&Signer::new("one")]).await;
    assert!(stage.finds(Some("one")).await);
    stage.publish(503, json!({}));
    assert!(stage.finds(Some("one")).await, "it is not asked");
    stage.later(USUAL_LIFE);
    let error = stage.keys.key(Some("one")).await.unwrap_err();
    assert!(matches!(error, ProviderError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn without_an_id_there_must_be_one_key_that_signs() {
    let (one, two) = (Signer::new("one"), Signer::new("two"));
    assert!(Stage::publishing(&[&one]).await.finds(None).await);
    assert!(!Stage::publishing(&[&one, &two]).await.finds(None).await);
    let stage = Stage::publishing(&[]).await;
    assert!(!stage.finds(None).await);

    let mut for_sealing = two.public();
    for_sealing["use"] = json!("enc");
    stage.publish(200, json!({"keys": [one.public(), for_sealing]}));
    stage.later(BETWEEN_QUESTIONS);
    assert!(stage.finds(None).await);
    assert!(!stage.finds(Some("two")).await);
}

#[tokio::test]
async fn nonsense_is_an_outage() {
    let stage = Stage::publishing(&[]).await;
    for (status, keys) in [
        (200, json!([])),
        (200, json!({"keys": "none"})),
        (200, json!("x".repeat(MAX_ANSWER))),
        (404, json!({"keys": []})),
        (302, json!({"keys": []})),
    ] {
        stage.publish(status, keys);
        let error = stage.keys.key(Some("one")).await.unwrap_err();
        assert!(matches!(error, ProviderError::Unavailable(_)), "{status} {error}");
    }
}
