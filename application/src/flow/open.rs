//! A link's page was opened. That changes nothing; it is noted once per kind of visitor and hour, fifty times at most.

use domain::trail::{LinkObservation, MOST_OPENED, Visitor, link_trail};

use super::found::FoundLink;
use crate::{
    context::Context,
    error::CommandError,
    links::note_terms,
    run::{Decision, UseCase},
    work::Work,
};

struct NoteOpened {
    found: FoundLink,
    visitor: Visitor,
}

impl UseCase for NoteOpened {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        note_terms(work, self.found.id, &self.found.terms);
        let name = format!("opened/{}/{}", self.visitor, work.context().now.format("%Y-%m-%dT%H"));
        let opened = LinkObservation::Opened { visitor: self.visitor };
        work.observe(link_trail(self.found.id), Some(&name), Some(MOST_OPENED), opened)
            .await?;
        Ok(Decision::Done(()))
    }
}

impl crate::App {
    /// Notes that a link was opened.
    ///
    /// # Errors
    /// When the store fails; the page can be shown all the same.
    pub async fn note_opened(
        self: &std::sync::Arc<Self>,
        context: &Context,
        found: FoundLink,
        visitor: Visitor,
    ) -> Result<(), CommandError> {
        self.run(context, NoteOpened { found, visitor }).await.map(|_| ())
    }
}
