//! An attempt leads nowhere. The link stays usable.

use std::sync::Arc;

use domain::{
    connect_link::{AttemptFailure, ConnectLinkCommand},
    ids::{AttemptId, LinkId},
};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    links::LinkInHand,
    ports::attempts::{Attempt, Stage},
    run::{Decision, UseCase},
    work::Work,
};

struct NoteFailed {
    link: LinkId,
    attempt: AttemptId,
    reason: AttemptFailure,
}

impl UseCase for NoteFailed {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let now = work.context().now;
        let mut hand = LinkInHand::load(work, self.link).await?;
        let command = ConnectLinkCommand::FailAttempt {
            attempt: self.attempt,
            reason: self.reason,
            now,
        };
        hand.execute(work, command).await?;
        Ok(hand.decided(()))
    }
}

impl App {
    /// Ends an attempt: says so in the log first, so that nothing can be completed with it any more, and only then drops what the
    /// provider gave it. That order is what keeps a completion in another tab from standing on tokens that are taken back.
    ///
    /// # Errors
    /// When a store fails. That the link ended meanwhile is no error here.
    pub(super) async fn fail(
        self: &Arc<Self>,
        context: &Context,
        attempt: &Attempt,
        reason: AttemptFailure,
    ) -> Result<(), CommandError> {
        let failed = Stage::Failed(reason);
        if self.attempts.advance(attempt.id, attempt.stage, failed).await? {
            let (link, attempt) = (attempt.link, attempt.id);
            match self.run(context, NoteFailed { link, attempt, reason }).await {
                Ok(_) | Err(CommandError::ConnectLink(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.drop_pending(attempt).await // nothing is there when the attempt completed: its credential moved in that commit
    }
}
