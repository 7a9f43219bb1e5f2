//! How a unit of work comes by its aggregates.

use std::sync::Arc;

use cqrs_es::Aggregate;
use domain::{
    ids::TenantId,
    log::{LoggedEvent, StreamId},
};

use super::Work;
use crate::{error::CommandError, ports::log::Expected, states::Folded};

/// An aggregate as it was loaded, moved on by the commands of this unit of work.
pub struct Loaded<A> {
    pub(super) state: A,
    pub(super) stream: StreamId,
    pub(super) tenant: TenantId,
    pub(super) version: u64,
    pub(super) is_strangers: bool,
}

impl<A> std::ops::Deref for Loaded<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.state
    }
}

/// What a unit of work looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// What this node remembers, where it does.
    Memory,
    /// The log, as it is now.
    Log,
}

impl Work<'_> {
    /// Loads an aggregate of the context's tenant. Another tenant's looks like one that does not exist.
    ///
    /// # Errors
    /// When the store fails or holds what this node cannot read.
    pub async fn load<A>(&mut self, id: impl std::fmt::Display) -> Result<Loaded<A>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        self.load_of::<A>(id, self.context.tenant).await
    }

    /// Loads an aggregate whose stream belongs to the agency itself, whatever the mode.
    ///
    /// # Errors
    /// When the store fails or holds what this node cannot read.
    pub async fn load_home<A>(&mut self, id: impl std::fmt::Display) -> Result<Loaded<A>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        self.load_of::<A>(id, self.context.home()).await
    }

    /// An aggregate of the context's tenant under an id that was drawn for it: nothing is loaded, for nothing can be there. The
    /// commit says so if something is after all, and then it is loaded.
    ///
    /// # Errors
    /// As [`Work::load`].
    pub async fn begin<A>(&mut self, id: impl std::fmt::Display) -> Result<Loaded<A>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        if self.sight == Sight::Log {
            return self.load::<A>(id).await;
        }
        self.trusts_memory = true;
        Ok(self.expecting(StreamId::of::<A>(id), self.context.tenant, None))
    }

    async fn load_of<A>(&mut self, id: impl std::fmt::Display, tenant: TenantId) -> Result<Loaded<A>, CommandError>
    where
        A: Aggregate + Clone + 'static,
        A::Event: LoggedEvent,
    {
        let stream = StreamId::of::<A>(id);
        let remembered = match self.sight {
            Sight::Memory => self.app.states.get::<A>(&stream),
            Sight::Log => None,
        };
        self.trusts_memory |= remembered.is_some();
        let folded = match remembered {
            Some(folded) => Some(folded),
            None => self.app.replay::<A>(&stream).await?,
        };
        Ok(self.expecting(stream, tenant, folded.map(Arc::unwrap_or_clone)))
    }

    /// The commit will expect the stream as it was found.
    fn expecting<A: Aggregate>(&mut self, stream: StreamId, tenant: TenantId, found: Option<Folded<A>>) -> Loaded<A> {
        let (state, version, is_strangers) = match found {
            Some(found) if found.owner != tenant && !is_shared::<A>() => (A::default(), found.version, true),
            Some(found) => (found.state, found.version, false),
            None => (A::default(), 0, false),
        };
        self.expects.push(Expected {
            stream: stream.clone(),
            version,
        });
        Loaded {
            state,
            stream,
            tenant,
            version,
            is_strangers,
        }
    }
}

/// Hosts are shared ground: who owns a name must be visible to everybody who wants it.
fn is_shared<A: Aggregate>() -> bool {
    A::TYPE == domain::host::Host::TYPE
}
