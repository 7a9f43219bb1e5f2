//! A link's token, followed through everything that the API and the log write.

use std::{
    io::{self, Write},
    sync::{Arc, PoisonError, RwLock},
};

use serde_json::Value;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

use super::{Call, World, world::text};

/// What was logged.
#[derive(Clone, Default)]
struct Logged(Arc<RwLock<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut logged = self.0.write().unwrap_or_else(PoisonError::into_inner);
        logged.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Logged {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.read().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// Removes the addresses where they belong.
fn without_urls(mut answer: Value) -> String {
    if let Some(members) = answer.as_object_mut() {
        members.remove("url");
    }
    answer.to_string()
}

/// A33, B4, B53: the token stands in `url` and nowhere else: no event, no other field, no log line, not even at the finest level.
/// Mutant: logging the answer of `issue`, or the path of a call, fails this.
#[tokio::test]
async fn the_token_of_a_link_is_in_its_address_and_nowhere_else() {
    let logged = Logged::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(logged.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let place = world.place(&agency.key).await;
    let issue = Call::post("/links")
        .key(&agency.key)
        .json(&place.link())
        .header("Idempotency-Key", "k");
    let mut written = vec![];
    let issued = world.send(issue.clone()).await;
    let link = issued.json(201);
    let token = text(&link["url"]).rsplit('/').next().unwrap().to_owned();
    assert_eq!(token.len(), 38);
    let id = text(&link["id"]);
    written.push(without_urls(link));
    let calls = [
        issue,
        Call::post(&format!("/links/{id}/reveal")).key(&agency.key),
        Call::get(&format!("/links/{id}")).key(&agency.key).after(&issued),
        Call::get("/links").key(&agency.key).after(&issued),
        Call::get(&format!("/links/{id}/audit")).key(&agency.key).after(&issued),
        Call::get("/integrations").key(&agency.key).after(&issued),
        Call::get(&format!("/links/{token}")).key(&agency.key),
        Call::post(&format!("/links/{id}/revoke")).key(&agency.key),
        Call::post(&format!("/links/{id}/reveal")).key(&agency.key),
    ];
    for call in calls {
        let answer = world.send(call).await;
        written.push(without_urls(serde_json::from_slice(&answer.bytes).unwrap()));
    }
    for row in world.server.app.log.page(domain::log::Position(0), 1000).await.unwrap() {
        written.extend([row.payload, row.metadata]);
    }
    assert!(written.iter().all(|text| !text.contains(&token)));
    let log = logged.text();
    assert!(log.contains("/links/{id}/reveal"), "the log is read at all");
    // The caller who put the token into a path by mistake finds no copy of it in our log.
    assert!(!log.contains(&token));
    assert!(!log.contains(agency.key.split('_').nth(4).unwrap()));
}
