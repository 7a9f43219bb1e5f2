//! What a member reads about connections that need a new sign-in: of several customers' maybe, and whether each was written to.

use domain::{
    grant::LossReason,
    integration::Integration,
    log::StreamId,
    trail::{LetterKind, LinkObservation, link_trail},
};

use super::{Asked, Broken, sending::invited};
use crate::{app::App, error::CommandError, flow::FoundLink, ports::StoreError};

impl App {
    /// What is to be said about links whose connections still need a new sign-in.
    pub(super) async fn broken(&self, links: &[FoundLink]) -> Result<Vec<Broken>, CommandError> {
        let mut broken = vec![];
        for link in links {
            let Some(reason) = self.why_broken(link).await? else {
                continue;
            };
            let customer = self.customer(link.tenant, link.terms.customer).await?;
            let customer = customer.unwrap_or_default();
            broken.push(Broken {
                link: invited(self, link, &customer).await?,
                id: link.id,
                integration: link.terms.integration,
                asked: self.asked(link).await?,
                customer: customer.person.name,
                reason,
            });
        }
        Ok(broken)
    }

    /// Why the connection that a link is for needs a new sign-in, while it does.
    pub(super) async fn why_broken(&self, link: &FoundLink) -> Result<Option<LossReason>, CommandError> {
        let stream = StreamId::of::<Integration>(link.terms.integration);
        let integration = self.replay::<Integration>(&stream).await?;
        Ok(integration.and_then(|integration| integration.state.needs_reconnect()))
    }

    /// What became of the latest mail to the customer with a link: as its trail says, not as the agency's settings would have it.
    async fn asked(&self, link: &FoundLink) -> Result<Asked, CommandError> {
        let mut asked = Asked::Never;
        for row in self.log.load(&link_trail(link.id), 0).await? {
            asked = match row.decode().map_err(StoreError::from)? {
                LinkObservation::MailAsked { .. } => Asked::OnItsWay,
                LinkObservation::Delivered {
                    letter: LetterKind::Link | LetterKind::Reminder,
                } => Asked::Sent(row.recorded_at),
                LinkObservation::DeliveryFailed {
                    letter: LetterKind::Link | LetterKind::Reminder,
                    reason,
                    ..
                } => Asked::Failed(reason),
                _ => asked,
            };
        }
        Ok(asked)
    }
}
