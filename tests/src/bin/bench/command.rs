//! A command, whole: load a stream of three events, decide, append one. Each stream is used once, so that all have three.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use application::{App, CommandError, Decision, UseCase, work::Work};
use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
use domain::{customer::CustomerError, ids::AgencyId, log::LoggedEvent, personal::Personal};
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::conformance::{Database, id};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    append::filler,
    database::{Node, On, frame, keys, on_new},
    many::by_many,
};

/// So many events a stream has when its command comes.
const BEFORE: usize = 3;
/// So many streams are there for each second: a caller cannot use up more. Without any left, the measurement ends early.
const A_CALLER: usize = 1_500;
const FEWEST: usize = 5_000;
const MOST: usize = 32_000;

/// An event of the same bytes as the peers'. The aggregates of the product have shorter ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
enum Happened {
    Connected { filler: String },
}

impl DomainEvent for Happened {
    fn event_type(&self) -> String {
        "Connected".to_owned()
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl LoggedEvent for Happened {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}

/// Counts what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counter(usize);

impl Aggregate for Counter {
    const TYPE: &'static str = "counter";
    type Command = usize;
    type Event = Happened;
    type Error = CustomerError; // any that commands know: it refuses nothing
    type Services = ();

    async fn handle(&mut self, times: usize, (): &(), sink: &EventSink<Self>) -> Result<(), CustomerError> {
        for _ in 0..times {
            sink.write(Happened::Connected { filler: filler() }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: Happened) {
        self.0 += 1;
    }
}

/// Lets something happen so many times; answers how often it has happened since the beginning.
struct Happen {
    stream: Uuid,
    times: usize,
}

impl UseCase for Happen {
    type Answer = usize;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<usize>, CommandError> {
        let mut counter = work.load::<Counter>(self.stream).await?;
        work.execute(&mut counter, self.times).await?;
        Ok(Decision::Done(counter.0))
    }
}

/// `cold`: on a node that was opened after the streams were written, so that none of them is cached.
pub(crate) async fn run(load: Load, on: On, cold: bool) -> anyhow::Result<Measured> {
    on_new(on, move |database| measure(load, database, cold)).await
}

async fn measure(load: Load, database: Database, cold: bool) -> anyhow::Result<Measured> {
    let (keys, agency) = (keys(), AgencyId(id()));
    let mut node = Node::open(&database, &keys).await?;
    let streams = Arc::new(seeded(&node.app, agency, streams_for(&load)).await?);
    if cold {
        node.close().await;
        node = Node::open(&database, &keys).await?;
    }
    let next = Arc::new(AtomicUsize::new(0));
    let measured = drive(&load, |_| {
        let (app, streams, next) = (node.app.clone(), streams.clone(), next.clone());
        move || {
            let stream = streams.get(next.fetch_add(1, Ordering::Relaxed)).copied();
            let app = app.clone();
            async move {
                let Some(stream) = stream else { return Ok(false) };
                let command = Happen { stream, times: 1 };
                let done = app.run(&frame(&app, agency), command).await?;
                anyhow::ensure!(done.answer == BEFORE + 1, "a stream of {} events", done.answer);
                Ok(true)
            }
        }
    })
    .await?;
    node.close().await;
    Ok(measured)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "so many streams for so many seconds: a whole number is near enough"
)]
fn streams_for(load: &Load) -> usize {
    let a_second = u32::try_from((load.callers * A_CALLER).clamp(FEWEST, MOST)).unwrap_or(u32::MAX);
    (f64::from(a_second) * (load.warm_up + load.seconds)) as usize
}

/// The streams, written by commands of this node.
async fn seeded(app: &Arc<App>, agency: AgencyId, count: usize) -> anyhow::Result<Vec<Uuid>> {
    let app = app.clone();
    by_many(count, move |_| {
        let app = app.clone();
        async move {
            let (stream, times) = (id(), BEFORE);
            app.run(&frame(&app, agency), Happen { stream, times }).await?;
            Ok(stream)
        }
    })
    .await
}
