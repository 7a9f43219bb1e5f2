//! The unit of work: what one command loaded, and what it will change, committed once.

mod loading;

pub use loading::Loaded;
pub(crate) use loading::Sight;

use std::{collections::HashMap, sync::Arc};

use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{LoggedEvent, Metadata, StreamId},
    personal::Personal,
};
use uuid::Uuid;

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata,
    ports::{
        StoreError,
        log::{Commit, EventBody, Expected, NewEvent, NewObservation, Receipt},
        vault::{Place, Record, SecretChange, SecretRow},
    },
    states::{Folded, Kept, Moment},
};

/// The changes of one command. Dropped without a commit, it changed nothing.
pub struct Work<'a> {
    app: &'a App,
    context: &'a Context,
    first_event_id: Uuid,
    sight: Sight,
    trusts_memory: bool,
    notes: Metadata,
    moved: HashMap<StreamId, Kept>,
    expects: Vec<Expected>,
    appends: Vec<Drafted>,
    observations: Vec<(Drafted, Option<u32>)>,
    secrets: Vec<SecretChange>,
}

/// An event before its metadata is complete.
struct Drafted {
    event_id: EventId,
    tenant: TenantId,
    stream: StreamId,
    sequence: u64,
    body: EventBody,
}

impl<'a> Work<'a> {
    /// `first_event_id` is made once and kept through every retry; the ids of the events count on from it.
    pub(crate) fn new(app: &'a App, context: &'a Context, first_event_id: Uuid, sight: Sight) -> Self {
        Self {
            app,
            context,
            first_event_id,
            sight,
            trusts_memory: false,
            notes: notes_of(context),
            moved: HashMap::new(),
            expects: vec![],
            appends: vec![],
            observations: vec![],
            secrets: vec![],
        }
    }

    /// The use cases' surroundings.
    pub fn app(&self) -> &'a App {
        self.app
    }

    /// The frame of the call.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Lets the aggregate decide, and keeps its events for the commit.
    ///
    /// # Errors
    /// What the aggregate refuses, or a store that failed.
    pub async fn execute<A>(&mut self, aggregate: &mut Loaded<A>, command: A::Command) -> Result<(), CommandError>
    where
        A: Aggregate<Services = ()> + Clone + 'static,
        A::Event: LoggedEvent,
        CommandError: From<A::Error>,
    {
        let sink = EventSink::default();
        aggregate.state.handle(command, &(), &sink).await?;
        let events = sink.collect().await;
        if events.is_empty() {
            return Ok(());
        }
        for event in events {
            if aggregate.is_strangers {
                return Err(StoreError::Broken("an event for another tenant's stream".into()).into());
            }
            aggregate.version += 1;
            let draft = self
                .draft(
                    self.next_event_id(),
                    event,
                    aggregate.stream.clone(),
                    aggregate.tenant,
                    aggregate.version,
                )
                .await?;
            self.appends.push(draft);
        }
        let moved = Arc::new(Folded {
            state: aggregate.state.clone(),
            owner: aggregate.tenant,
            version: aggregate.version,
        });
        let kept = Kept::new(moved, Moment::default()); // which moment that will be is known once it is committed
        self.moved.insert(aggregate.stream.clone(), kept);
        Ok(())
    }

    /// Appends an observation, at most so many of its kind, at any version of its trail.
    /// The id is derived from `name`, so that the same observation is kept once.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn observe<E: LoggedEvent>(
        &mut self,
        trail: StreamId,
        name: Option<&str>,
        at_most: Option<u32>,
        event: E,
    ) -> Result<(), CommandError> {
        // Before anything is sealed: a seal is bound to its event's id.
        let event_id = match name {
            Some(name) => {
                let name = format!("{}/{}/{name}", trail.aggregate_type, trail.aggregate_id);
                EventId(Uuid::new_v5(&self.context.tenant.0, name.as_bytes()))
            }
            None => self.next_event_id(),
        };
        let draft = self.draft(event_id, event, trail, self.context.tenant, 0).await?;
        self.observations.push((draft, at_most));
        Ok(())
    }

    /// Notes an id in the metadata of every event of this commit.
    pub fn note(&mut self, key: &str, id: impl std::fmt::Display) {
        self.notes.insert(key.to_owned(), id.to_string());
    }

    /// What was decided so far keeps the notes that it has; what follows in the same commit is about something else.
    pub fn next_subject(&mut self) {
        let notes = written(&self.notes);
        let appended = self.appends.iter_mut();
        let observed = self.observations.iter_mut().map(|(draft, _)| draft);
        for draft in appended.chain(observed).filter(|draft| draft.body.metadata.is_empty()) {
            draft.body.metadata.clone_from(&notes);
        }
        self.notes = notes_of(self.context);
    }

    /// Seals a secret of the agency itself into the commit, whatever the mode.
    pub fn put_home_secret(&mut self, record: Record, plain: &[u8]) {
        let place = Place {
            tenant: self.context.home(),
            record,
        };
        let sealed = self.app.cipher.seal(&place, plain);
        let row = SecretRow {
            place,
            sealed,
            account_key: None,
            created_at: self.context.now,
        };
        self.secrets.push(SecretChange::Put(row));
    }

    /// Seals a secret into the commit.
    pub fn put_secret(&mut self, record: Record, plain: &[u8], account_key: Option<[u8; 32]>) {
        let place = self.place(record);
        let sealed = self.app.cipher.seal(&place, plain);
        let row = SecretRow {
            place,
            sealed,
            account_key,
            created_at: self.context.now,
        };
        self.secrets.push(SecretChange::Put(row));
    }

    /// Deletes a secret in the commit.
    pub fn delete_secret(&mut self, record: Record) {
        let place = self.place(record);
        self.secrets.push(SecretChange::Delete(place));
    }

    /// Deletes a secret in the commit, if it still is what was decided on.
    pub fn delete_as_read(&mut self, row: SecretRow) {
        self.secrets.push(SecretChange::DeleteAsRead(row));
    }

    /// Deletes a secret of the agency itself in the commit, whatever the mode.
    pub fn delete_home_secret(&mut self, record: Record) {
        let tenant = self.context.home();
        self.secrets.push(SecretChange::Delete(Place { tenant, record }));
    }

    /// Where a record of this tenant belongs.
    pub fn place(&self, record: Record) -> Place {
        Place {
            tenant: self.context.tenant,
            record,
        }
    }

    /// The ids of the events count on from the first.
    fn next_event_id(&self) -> EventId {
        let offset = (self.appends.len() + self.observations.len()) as u128;
        EventId(Uuid::from_u128(self.first_event_id.as_u128().wrapping_add(offset)))
    }

    async fn draft<E: LoggedEvent>(
        &mut self,
        event_id: EventId,
        mut event: E,
        stream: StreamId,
        tenant: TenantId,
        sequence: u64,
    ) -> Result<Drafted, CommandError> {
        let personal = event.lift_personal();
        let payload = serde_json::to_string(&event)
            .map_err(|error| StoreError::Broken(format!("{} cannot be written: {error}", event.event_type())))?;
        let body = EventBody {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload,
            metadata: String::new(),
            personal: match personal {
                Some(personal) => Some(self.seal(event_id, tenant, &personal).await?),
                None => None,
            },
        };
        Ok(Drafted {
            event_id,
            tenant,
            stream,
            sequence,
            body,
        })
    }

    async fn seal(
        &mut self,
        event: EventId,
        tenant: TenantId,
        personal: &Personal,
    ) -> Result<domain::log::SealedPersonal, CommandError> {
        let known = self.app.personal.key_among(&self.secrets, tenant, personal.subject)?;
        let key = match known {
            Some(key) => key,
            None => {
                self.app
                    .personal
                    .key_for_writing(tenant, personal.subject, self.context.now)
                    .await?
            }
        };
        self.secrets.extend(key.created.clone());
        Ok(self.app.personal.seal(&key, event, personal))
    }

    /// What is to be committed, and the states that stand once it is.
    pub(crate) fn into_commit(self, receipt: Option<Receipt>) -> (Commit, HashMap<StreamId, Kept>) {
        let notes = written(&self.notes);
        let body = |mut body: EventBody| {
            if body.metadata.is_empty() {
                body.metadata.clone_from(&notes);
            }
            body
        };
        let appends = self.appends.into_iter().map(|draft| NewEvent {
            event_id: draft.event_id,
            tenant_id: draft.tenant,
            stream: draft.stream,
            sequence: draft.sequence,
            body: body(draft.body),
        });
        let observations = self.observations.into_iter().map(|(draft, at_most)| NewObservation {
            event_id: draft.event_id,
            tenant_id: draft.tenant,
            stream: draft.stream,
            body: body(draft.body),
            at_most,
        });
        let commit = Commit {
            tenant: self.context.tenant,
            expects: self.expects,
            appends: appends.collect(),
            observations: observations.collect(),
            secrets: self.secrets,
            receipt,
        };
        (commit, self.moved)
    }

    /// Whether anything was taken from memory, and so may be older than the log.
    pub(crate) fn trusts_memory(&self) -> bool {
        self.trusts_memory
    }

    pub(crate) fn changes_nothing(&self) -> bool {
        self.appends.is_empty() && self.observations.is_empty() && self.secrets.is_empty()
    }
}

fn written(notes: &Metadata) -> String {
    serde_json::to_string(notes).unwrap_or_default() // a map of texts always becomes JSON
}

fn notes_of(context: &Context) -> Metadata {
    let mut notes = Metadata::from([
        (metadata::ACTOR.to_owned(), context.actor.to_string()),
        (metadata::REQUEST_ID.to_owned(), context.request.to_string()),
    ]);
    if let Some(network) = &context.network {
        notes.insert(metadata::NETWORK.to_owned(), network.clone());
    }
    notes
}

/// When something is due, from the clock of the call.
pub fn after(now: Timestamp, delta: chrono::TimeDelta) -> Timestamp {
    now.checked_add_signed(delta).unwrap_or(Timestamp::MAX_UTC)
}
