//! A customer who signed in is told that the plan has no room. The agency can make some, so it is told as well; the attempt goes on.

use std::sync::Arc;

use domain::trail::{LinkObservation, link_trail};

use super::found::{FoundLink, Visit};
use crate::{
    app::App,
    error::CommandError,
    links::note_terms,
    run::{Decision, UseCase},
    work::Work,
};

struct NoteOverPlan {
    found: FoundLink,
}

impl UseCase for NoteOverPlan {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        note_terms(work, self.found.id, &self.found.terms);
        let name = format!("over_plan/{}", work.context().now.format("%Y-%m-%dT%H")); // once an hour is often enough
        let used_up = LinkObservation::PlanUsedUp {};
        work.observe(link_trail(self.found.id), Some(&name), None, used_up)
            .await?;
        Ok(Decision::Done(()))
    }
}

impl App {
    /// Notes it for the agency. The page can be shown all the same when that fails.
    pub(super) async fn note_over_plan(self: &Arc<Self>, visit: &Visit, found: &FoundLink) {
        let (context, found) = (found.context(self, visit), found.clone());
        if let Err(error) = self.run(&context, NoteOverPlan { found }).await {
            tracing::warn!(%error, "that a plan is used up could not be noted");
        }
    }
}
