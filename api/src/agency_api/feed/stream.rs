//! The feed as server-sent events: a stream that goes on until the reader leaves, the key is revoked or the server stops.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use domain::log::Position;
use futures_util::stream;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use super::reader::Reader;
use crate::feeds::Seat;

/// The media type of the stream.
pub(super) const MEDIA_TYPE: &str = "text/event-stream";
/// Proxies must hand events on at once.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

/// So many events go out together.
const BATCH: usize = 100;
/// A silent stream says that it lives: proxies close what is silent for a minute, and a reader that left is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the log is looked at when nothing wakes the stream: commits of other nodes.
const POLL: Duration = Duration::from_millis(500);
/// A busy installation wakes every stream with every commit; the log is asked no more often than this.
const LEAST_PAUSE: Duration = Duration::from_millis(20);
/// What the stream begins with: after a broken connection the reader waits two seconds.
const OPENING: &str = "retry: 2000\n\n";

/// An open stream.
struct Open {
    reader: Reader,
    seat: Seat,
    committed: watch::Receiver<Position>,
    is_new: bool,
    looked: Instant,
    beat: Instant,
    told: Position,
}

/// Answers with everything behind the reader's place, and what is still to come.
pub(super) fn answer(reader: Reader, seat: Seat) -> Response {
    let now = Instant::now();
    let open = Open {
        committed: reader.server.app.log.committed(),
        told: reader.at,
        reader,
        seat,
        is_new: true,
        looked: now,
        beat: now + HEARTBEAT,
    };
    let parts = stream::unfold(open, |mut open| async move {
        let part = open.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(part)), open))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(UNBUFFERED, HeaderValue::from_static("no"));
    response
}

impl Open {
    /// The next part of the stream; none when it is over.
    async fn next(&mut self) -> Option<String> {
        if std::mem::take(&mut self.is_new) {
            return Some(OPENING.to_owned());
        }
        while !self.seat.is_stopped() {
            self.committed.mark_unchanged(); // what comes from here on wakes us, also while we read
            self.looked = Instant::now();
            let found = match self.reader.next(BATCH).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "a feed was ended: its reader may come back to where it was");
                    return None;
                }
            };
            if !found.events.is_empty() {
                let parts = found.events.iter().map(part).collect();
                return self.still_allowed(parts).await;
            }
            if !found.has_more && self.waited().await? {
                return self.still_allowed(self.heartbeat()).await;
            }
        }
        None
    }

    /// A part on its way: not for a key that was revoked meanwhile.
    async fn still_allowed(&mut self, part: String) -> Option<String> {
        let stands = self.reader.server.app.key_stands(&self.reader.context).await;
        if !stands.unwrap_or(false) {
            return None;
        }
        self.told = self.reader.at;
        self.beat = Instant::now() + HEARTBEAT;
        Some(part)
    }

    /// Waits until there may be something new, or it is time for a heartbeat; none when the server stops.
    async fn waited(&mut self) -> Option<bool> {
        let until = self.beat.min(Instant::now() + POLL);
        let news = async {
            if let Ok(Err(_)) = timeout_at(until, self.committed.changed()).await {
                sleep_until(until).await; // nobody commits on this node any more
            }
            sleep_until(self.looked + LEAST_PAUSE).await;
        };
        tokio::select! {
            () = self.seat.stopped() => None,
            () = news => Some(Instant::now() >= self.beat),
        }
    }

    /// A comment; with the place of the reader, where events that nobody wanted moved it on.
    fn heartbeat(&self) -> String {
        if self.reader.at == self.told {
            return ": still here\n\n".to_owned();
        }
        format!(": still here\nid: {}\n\n", self.reader.cursor())
    }
}

fn part(event: &super::event::FedEvent) -> String {
    let json = serde_json::to_string(event).unwrap_or_default(); // our events always become JSON, on one line
    format!("id: {}\ndata: {json}\n\n", event.cursor())
}
