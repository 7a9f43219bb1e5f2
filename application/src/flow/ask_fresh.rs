//! The customer asks for a new link on the page of an ended one.

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

struct NoteAsked {
    found: FoundLink,
}

impl UseCase for NoteAsked {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        note_terms(work, self.found.id, &self.found.terms);
        let name = format!("asked/{}", work.context().now.format("%Y-%m-%dT%H")); // once an hour is often enough
        let asked = LinkObservation::FreshLinkAsked {};
        work.observe(link_trail(self.found.id), Some(&name), None, asked)
            .await?;
        Ok(Decision::Done(()))
    }
}

impl App {
    /// Notes for the agency that the customer wants a new link.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn ask_fresh(self: &Arc<Self>, visit: &Visit, found: FoundLink) -> Result<(), CommandError> {
        self.run(&found.context(self, visit), NoteAsked { found })
            .await
            .map(|_| ())
    }
}
