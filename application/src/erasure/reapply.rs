//! The ledger is held against the database: what was begun is finished, and whoever a restored backup brought back is erased again.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use domain::{
    agency::Agency,
    customer::Customer,
    ids::{AgencyId, CustomerId, MemberId, RequestId, TenantId},
    log::StreamId,
    personal::Subject,
};

use super::{EraseCustomer, EraseMember};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata::Actor,
    ports::{
        erasure::{LedgerEntry, Step},
        vault::{Place, Record},
    },
    work::after,
};

/// So long an erasure may be under way by itself, and be withdrawn yet when it is refused.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(10);

/// What came of holding the ledger against the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reapplied {
    /// How many people the ledger names.
    pub known: usize,
    /// How many of them were readable, and were erased again.
    pub erased_again: usize,
    /// Of how many something is still left, to be tried again.
    pub unfinished: usize,
}

/// What is to be done about one person.
enum Standing {
    /// This database never knew them, or nothing is left.
    Gone,
    /// They can still be read.
    Readable(TenantId),
    /// They were erased, and perhaps not to the end.
    Unfinished,
}

impl App {
    /// Erases everybody whom the ledger names and this database still knows. Nobody may read before that.
    ///
    /// # Errors
    /// When the ledger cannot be read, or a store fails: somebody may be readable who must not be.
    pub async fn reapply_erasures(self: &Arc<Self>) -> Result<Reapplied, CommandError> {
        self.hold_against(|entry| entry.step != Step::Withdrawn).await
    }

    /// Finishes the erasures that were begun a while ago and interrupted.
    ///
    /// # Errors
    /// When the ledger cannot be read, or a store fails.
    pub async fn finish_erasures(self: &Arc<Self>) -> Result<Reapplied, CommandError> {
        let now = self.clock.now();
        self.hold_against(|entry| entry.step == Step::Begun && after(entry.at, UNDER_WAY) < now)
            .await
    }

    async fn hold_against(
        self: &Arc<Self>,
        is_meant: impl Fn(&LedgerEntry) -> bool,
    ) -> Result<Reapplied, CommandError> {
        let mut newest = BTreeMap::new();
        for entry in self.ledger.entries().await? {
            newest.insert(entry.subject, entry);
        }
        if !newest.is_empty() {
            self.drop_what_came_late().await?;
        }
        newest.retain(|_, entry| is_meant(entry));
        let mut outcome = Reapplied {
            known: newest.len(),
            ..Reapplied::default()
        };
        for (subject, LedgerEntry { agency, step, .. }) in newest {
            match self.standing(subject, agency, step).await? {
                Standing::Gone => continue,
                Standing::Readable(tenant) => {
                    self.erase_again(subject, agency, tenant).await?;
                    outcome.erased_again += 1;
                }
                Standing::Unfinished => {}
            }
            if !self.clear_and_note(subject, agency).await {
                outcome.unfinished += 1;
            }
        }
        Ok(outcome)
    }

    /// A sign-in that was under way during an erasure drops what it was given; one whose server was killed just then could not.
    async fn drop_what_came_late(&self) -> Result<(), CommandError> {
        let dropped = self.vault.delete_of_no_attempt().await?;
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "dropped what a provider gave for erased people after their erasure"
            );
        }
        Ok(())
    }

    async fn standing(&self, subject: Subject, agency: AgencyId, step: Step) -> Result<Standing, CommandError> {
        let found = match subject {
            Subject::Customer(id) => self.customer_stands(id).await?,
            Subject::Member(id) => self.member_stands(agency, id).await?,
        };
        let Some((tenant, is_erased)) = found else {
            return Ok(Standing::Gone);
        };
        let record = Record::SubjectKey(subject);
        let has_key = self.vault.get(&Place { tenant, record }).await?.is_some();
        Ok(match (is_erased && !has_key, step) {
            (false, _) => Standing::Readable(tenant),
            (true, Step::Done) => Standing::Gone,
            (true, _) => Standing::Unfinished,
        })
    }

    /// The tenant of a customer that this database knows, and whether the log says that it was erased.
    async fn customer_stands(&self, id: CustomerId) -> Result<Option<(TenantId, bool)>, CommandError> {
        let found = self.replay::<Customer>(&StreamId::of::<Customer>(id)).await?;
        Ok(found.map(|found| (found.owner, found.state.is_erased())))
    }

    async fn member_stands(&self, agency: AgencyId, id: MemberId) -> Result<Option<(TenantId, bool)>, CommandError> {
        let found = self.replay::<Agency>(&StreamId::of::<Agency>(agency)).await?;
        let known = found.filter(|found| found.state.role(id).is_some() || found.state.has_erased(id));
        Ok(known.map(|found| (found.owner, found.state.has_erased(id))))
    }

    async fn erase_again(
        self: &Arc<Self>,
        subject: Subject,
        agency: AgencyId,
        tenant: TenantId,
    ) -> Result<(), CommandError> {
        let now = self.clock.now();
        let context = Context {
            tenant,
            agency,
            actor: Actor::System,
            request: RequestId(self.entropy.id(now)),
            now,
            network: None,
        };
        match subject {
            Subject::Customer(id) => self.run(&context, EraseCustomer(id)).await.map(|_| ())?,
            Subject::Member(member) => {
                let even_the_last_owner = true;
                let command = EraseMember {
                    member,
                    even_the_last_owner,
                };
                self.run(&context, command).await.map(|_| ())?;
            }
        }
        // A log that knows of the erasure decides nothing, but a key may have come back with a table of its own.
        let record = Record::SubjectKey(subject);
        Ok(self.vault.delete(&Place { tenant, record }).await?)
    }
}
