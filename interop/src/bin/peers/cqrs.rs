//! What postgres-es and sqlite-es share: cqrs-es itself.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use anyhow::ensure;
use async_trait::async_trait;
use cqrs_es::{
    Aggregate, CqrsFramework, DomainEvent, EventEnvelope, EventStore, Query,
    event_sink::EventSink,
    persist::{EventStoreAggregateContext, PersistedEventRepository, PersistedEventStore, QueryReplay},
};
use grantlink_load::{Load, Measured, drive};
use serde::{Deserialize, Serialize};

use crate::payload::{self, Streams};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Event {
    Connected { filler: String },
}

impl Event {
    /// One of the length that all peers store.
    pub(crate) fn connected() -> Self {
        let filler = payload::filler(r#"{"Connected":{"filler":""}}"#.len());
        Self::Connected { filler }
    }
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "Connected".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Integration {
    events: u32,
}

/// The only command there is.
struct Connect;

impl Aggregate for Integration {
    const TYPE: &'static str = "integration";
    type Command = Connect;
    type Event = Event;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, Connect: Connect, (): &(), sink: &EventSink<Self>) -> Result<(), Infallible> {
        sink.write(Event::connected(), self).await;
        Ok(())
    }

    fn apply(&mut self, _: Event) {
        self.events += 1;
    }
}

/// Commits one event to a new stream, again and again.
pub(crate) async fn append<R>(load: &Load, repository: R) -> anyhow::Result<Measured>
where
    R: PersistedEventRepository + 'static,
{
    let (store, streams) = (Arc::new(store(repository)), Streams::endless());
    drive(load, |_| {
        let (store, streams) = (Arc::clone(&store), streams.clone());
        move || {
            let (store, stream) = (Arc::clone(&store), streams.next());
            async move {
                let Some(aggregate_id) = stream else { return Ok(false) };
                let context = EventStoreAggregateContext {
                    aggregate_id,
                    aggregate: Integration::default(),
                    current_sequence: 0,
                    current_snapshot: None,
                };
                store.commit(vec![Event::connected()], context, HashMap::new()).await?;
                Ok(true)
            }
        }
    })
    .await
}

/// Executes one command on each of the streams.
pub(crate) async fn command<R>(load: &Load, repository: R, streams: u32) -> anyhow::Result<Measured>
where
    R: PersistedEventRepository + 'static,
{
    let framework = Arc::new(CqrsFramework::new(store(repository), vec![], ()));
    let streams = Streams::up_to(streams);
    drive(load, |_| {
        let (framework, streams) = (Arc::clone(&framework), streams.clone());
        move || {
            let (framework, stream) = (Arc::clone(&framework), streams.next());
            async move {
                let Some(stream) = stream else { return Ok(false) };
                framework.execute(&stream, Connect).await?;
                Ok(true)
            }
        }
    })
    .await
}

/// Replays so many events.
pub(crate) async fn replay<R>(repository: R, events: u32) -> anyhow::Result<Measured>
where
    R: PersistedEventRepository,
{
    let counted = Arc::new(AtomicU32::new(0));
    let replay = QueryReplay::<_, _, Integration>::new(repository, Count(Arc::clone(&counted)));
    let begin = Instant::now();
    replay.replay_all().await?;
    let took = begin.elapsed();
    let counted = counted.load(Ordering::Relaxed);
    ensure!(counted == events, "{counted} events of {events} were replayed");
    Ok(Measured::of_one_run(events as usize, took))
}

fn store<R: PersistedEventRepository>(repository: R) -> PersistedEventStore<R, Integration> {
    PersistedEventStore::new_event_store(repository)
}

struct Count(Arc<AtomicU32>);

#[async_trait]
impl Query<Integration> for Count {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<Integration>]) {
        for EventEnvelope {
            payload: Event::Connected { filler },
            ..
        } in events
        {
            self.0.fetch_add(u32::from(!filler.is_empty()), Ordering::Relaxed);
        }
    }
}
