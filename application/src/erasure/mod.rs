//! A person is erased: the key of its personal data is destroyed in one commit, with everything that could still be done in its
//! name; then whatever else is kept of it goes.
//!
//! The ledger hears of it before the commit and when nothing is left. So an erasure that was interrupted is finished, and one
//! that a restored backup has forgotten is done again, before anybody reads.

mod customer;
mod member;
mod reapply;
mod receipts;
mod remains;

pub use customer::{EraseCustomer, ErasedCustomer};
pub use member::EraseMember;
pub use reapply::Reapplied;

use std::sync::Arc;

use domain::{
    ids::{CustomerId, MemberId},
    personal::Subject,
};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    idempotency::Idempotency,
    ports::erasure::{LedgerEntry, Step},
    run::{Done, UseCase, spawned},
};

/// An erasure that stands.
pub struct Erased<T> {
    /// What the caller gets.
    pub done: Done<T>,
    /// Whether nothing is left of the person. If not, the server goes on by itself.
    pub is_complete: bool,
}

impl App {
    /// Erases a customer: links are revoked, connections deleted, credentials taken back, personal data destroyed.
    ///
    /// # Errors
    /// When there is no such customer in this tenant, or a store fails; once it was begun, it is finished later then.
    pub async fn erase_customer(
        self: &Arc<Self>,
        context: &Context,
        id: CustomerId,
        idempotency: Option<Idempotency>,
        render: fn(&ErasedCustomer) -> Vec<u8>,
    ) -> Result<Erased<Vec<u8>>, CommandError> {
        self.customer_must_exist(context.tenant, id).await?;
        let erasure = Erasure {
            context: context.clone(),
            subject: Subject::Customer(id),
            idempotency,
        };
        erasure.run(self, EraseCustomer(id), render).await
    }

    /// Erases a member, whose API keys die at once. The last owner is refused.
    ///
    /// # Errors
    /// When there is no such member, or a store fails; once it was begun, it is finished later then.
    pub async fn erase_member(
        self: &Arc<Self>,
        context: &Context,
        id: MemberId,
    ) -> Result<Erased<Vec<u8>>, CommandError> {
        let command = EraseMember {
            member: id,
            even_the_last_owner: false,
        };
        command.must_be_possible(self, context).await?;
        let erasure = Erasure {
            context: context.clone(),
            subject: Subject::Member(id),
            idempotency: None,
        };
        erasure.run(self, command, |()| vec![]).await
    }
}

/// An erasure that was found possible, on its way.
struct Erasure {
    context: Context,
    subject: Subject,
    idempotency: Option<Idempotency>,
}

impl Erasure {
    /// Runs in a task of its own: a caller that goes away cancels nothing.
    async fn run<U: UseCase>(
        self,
        app: &Arc<App>,
        command: U,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<Erased<Vec<u8>>, CommandError> {
        let app = Arc::clone(app);
        spawned(async move {
            self.note(&app, Step::Begun).await?;
            match app
                .run_once(&self.context, self.idempotency.clone(), command, render)
                .await
            {
                Ok(done) => Ok(Erased {
                    is_complete: app.clear_and_note(self.subject, self.context.agency).await,
                    done,
                }),
                Err(error) => {
                    if is_refusal(&error) {
                        self.note(&app, Step::Withdrawn).await?;
                    }
                    Err(error)
                }
            }
        })
        .await
    }

    async fn note(&self, app: &App, step: Step) -> Result<(), CommandError> {
        let entry = LedgerEntry {
            subject: self.subject,
            agency: self.context.agency,
            step,
            at: app.clock.now(),
        };
        Ok(app.ledger.note(&entry).await?)
    }
}

/// Whether nothing was committed, and nothing ever will be. A store that failed may have committed all the same.
fn is_refusal(error: &CommandError) -> bool {
    matches!(
        error,
        CommandError::Customer(_) | CommandError::Agency(_) | CommandError::KeyReused | CommandError::KeyInFlight
    )
}
