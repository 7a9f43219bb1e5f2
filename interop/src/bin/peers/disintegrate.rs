//! disintegrate on `PostgreSQL`, with the tables that it would make itself; `disintegrate.sql` says why it does not.
//!
//! Ids in the order of time are hard on it: each check locks, for `SERIALIZABLE`, the page of the index where the next ids go,
//! so that writers of different streams refuse each other. With random ids in a table of some size nearly none is refused.

use std::{convert::Infallible, sync::Arc, time::Instant};

use anyhow::{bail, ensure};
use disintegrate::{
    Decision, DecisionError, Event, EventStore, NoSnapshot, StateMutate, StateQuery, StreamItem, query,
    serde::json::Json,
};
use disintegrate_postgres::{Error, PgEventId, PgEventStore, decision_maker};
use futures_util::StreamExt;
use grantlink_interop::on_postgres;
use grantlink_load::{Load, Measured, drive};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, PgPool, postgres::PgPoolOptions};

use crate::payload::{self, LOADED, POSTGRES_ROWS, REPLAYED, Streams};

/// A stream is known by an id inside the event, so the filler is shorter by it.
#[derive(Clone, Debug, PartialEq, Eq, Event, Serialize, Deserialize)]
enum DomainEvent {
    Connected {
        #[id]
        integration: String,
        filler: String,
    },
}

const AROUND: &str = r#"{"Connected":{"integration":"01900000-0000-7000-8000-000000000000","filler":""}}"#;

/// So often an operation is tried that `SERIALIZABLE` refuses: beyond it there is something else wrong.
const MOST_TRIES: u32 = 10_000;

type Store = PgEventStore<DomainEvent, Json<DomainEvent>>;

pub(crate) async fn append(load: Load) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let ((store, _), streams) = (open(&url, load.callers).await?, Streams::endless());
        drive(&load, |_| {
            let (store, streams) = (store.clone(), streams.clone());
            move || append_one(store.clone(), streams.next())
        })
        .await
    })
    .await
}

/// Decided on the stream's having no events, which it has not.
async fn append_one(store: Store, stream: Option<String>) -> anyhow::Result<bool> {
    let Some(integration) = stream else { return Ok(false) };
    let filler = payload::filler(AROUND.len());
    for _ in 0..MOST_TRIES {
        let event = DomainEvent::Connected {
            integration: integration.clone(),
            filler: filler.clone(),
        };
        let own = query!(DomainEvent; integration == integration.clone());
        match store.append(vec![event], own, 0).await {
            Ok(_) => return Ok(true),
            Err(error) if was_refused(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    bail!("an append was refused {MOST_TRIES} times")
}

pub(crate) async fn command(load: Load, streams: u32) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let (store, pool) = open(&url, load.callers).await?;
        seed(&pool, streams * LOADED, LOADED).await?;
        let (maker, streams) = (Arc::new(decision_maker(store, NoSnapshot)), Streams::up_to(streams));
        drive(&load, |_| {
            let (maker, streams) = (Arc::clone(&maker), streams.clone());
            move || {
                let (maker, stream) = (Arc::clone(&maker), streams.next());
                async move {
                    let Some(stream) = stream else { return Ok(false) };
                    for _ in 0..MOST_TRIES {
                        match maker.make(Connect(stream.clone())).await {
                            Ok(_) => return Ok(true),
                            Err(DecisionError::StateStore(error)) if error.downcast_ref().is_some_and(was_refused) => {}
                            Err(error) => return Err(error.into()),
                        }
                    }
                    bail!("a command was refused {MOST_TRIES} times")
                }
            }
        })
        .await
    })
    .await
}

/// The only decision there is.
struct Connect(String);

#[derive(Clone, Default, StateQuery, Serialize, Deserialize)]
#[state_query(DomainEvent)]
struct Integration {
    #[id]
    integration: String,
    events: u32,
}

impl StateMutate for Integration {
    fn mutate(&mut self, _: DomainEvent) {
        self.events += 1;
    }
}

impl Decision for Connect {
    type Event = DomainEvent;
    type StateQuery = Integration;
    type Error = Infallible;

    fn state_query(&self) -> Integration {
        Integration {
            integration: self.0.clone(),
            events: 0,
        }
    }

    fn process(&self, state: &Integration) -> Result<Vec<DomainEvent>, Infallible> {
        let (integration, filler) = (state.integration.clone(), payload::filler(AROUND.len()));
        Ok(vec![DomainEvent::Connected { integration, filler }])
    }
}

pub(crate) async fn replay(events: u32) -> anyhow::Result<Measured> {
    on_postgres(async move |url| {
        let (store, pool) = open(&url, 1).await?;
        seed(&pool, events, REPLAYED).await?;
        let everything = query!(DomainEvent);
        let begin = Instant::now();
        let mut stream = store.stream::<DomainEvent>(&everything);
        let mut counted = 0_u32;
        while let Some(item) = stream.next().await {
            if let StreamItem::<PgEventId, _>::Event(event) = item? {
                let DomainEvent::Connected { filler, .. } = &*event;
                counted += u32::from(!filler.is_empty());
            }
        }
        let took = begin.elapsed();
        ensure!(counted == events, "{counted} events of {events} were replayed");
        Ok(Measured::of_one_run(events as usize, took))
    })
    .await
}

/// Whether another transaction was faster, as far as `SERIALIZABLE` can tell.
fn was_refused(error: &Error) -> bool {
    match error {
        Error::Concurrency => true,
        Error::Database(sqlx::Error::Database(error)) => error.code().as_deref() == Some("40001"),
        _ => false,
    }
}

/// As many connections as callers, so that nobody waits for one.
async fn open(url: &str, callers: usize) -> anyhow::Result<(Store, PgPool)> {
    let connections = u32::try_from(callers.max(10))?;
    let pool = PgPoolOptions::new().max_connections(connections).connect(url).await?;
    pool.execute(include_str!("disintegrate.sql")).await?;
    Ok((PgEventStore::new_uninitialized(pool.clone(), Json::default()), pool))
}

async fn seed(pool: &PgPool, events: u32, per_stream: u32) -> anyhow::Result<()> {
    let filler = payload::filler(AROUND.len());
    let insert = format!(
        "INSERT INTO event (event_id, event_type, payload, integration) \
        SELECT position, 'Connected', convert_to('{{\"Connected\":{{\"integration\":\"' || stream || $3, 'UTF8'), stream \
        FROM {POSTGRES_ROWS} AS r"
    );
    sqlx::query(&insert)
        .bind(i32::try_from(events)?)
        .bind(i32::try_from(per_stream)?)
        .bind(format!(r#"","filler":"{filler}"}}}}"#))
        .execute(pool)
        .await?;
    let next = format!("SELECT setval('seq_event_event_id', {events})");
    pool.execute(next.as_str()).await?;
    pool.execute("VACUUM ANALYZE event").await?;
    Ok(())
}
