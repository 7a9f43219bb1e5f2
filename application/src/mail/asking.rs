//! A member wants a link to be mailed: that it is asked for is noted in the same commit, and a link never waits for a mail.

use chrono::TimeDelta;
use domain::{
    Timestamp,
    agency::Agency,
    connect_link::{ConnectLink, ConnectLinkError},
    customer::{Customer, CustomerError},
    ids::LinkId,
    trail::{DeliveryFailure, LetterKind, LinkObservation, link_trail},
};

use crate::{
    error::CommandError,
    links::{IssuedLink, note_terms},
    run::{Decision, UseCase},
    work::Work,
};

/// So often a link may be mailed within an hour.
const MOST_IN_AN_HOUR: usize = 3;
/// So often a link may be mailed at all.
const MOST_EVER: usize = 10;

/// What becomes of a mail that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailAnswer {
    /// It is on its way.
    Queued,
    /// It waits: the mail server did not work lately.
    Delayed {
        /// Since when.
        since: Timestamp,
    },
    /// Nobody knows the customer's e-mail address.
    NoAddress,
    /// No mail server is set up.
    NotSetUp,
}

/// Asks for one mail with all of these links, or notes why there is none.
pub(crate) async fn ask_for_mail(
    work: &mut Work<'_>,
    links: &[IssuedLink],
    agency: &Agency,
    has_address: bool,
) -> Result<MailAnswer, CommandError> {
    let ids: Vec<LinkId> = links.iter().map(|link| link.id).collect();
    let reason = reason_against(work, agency, has_address);
    for link in links {
        work.next_subject();
        note_terms(work, link.id, &link.terms);
        let reminders = agency.mail_habits().reminders;
        let links = ids.clone();
        let observation = match reason {
            Some(reason) => failed(reason),
            None => LinkObservation::MailAsked { links, reminders },
        };
        work.observe(link_trail(link.id), None, None, observation).await?;
    }
    answer(work, agency, reason).await
}

fn reason_against(work: &Work<'_>, agency: &Agency, has_address: bool) -> Option<DeliveryFailure> {
    if !work.app().mail.serves(agency) {
        return Some(DeliveryFailure::NotSetUp);
    }
    (!has_address).then_some(DeliveryFailure::NoAddress)
}

fn failed(reason: DeliveryFailure) -> LinkObservation {
    LinkObservation::DeliveryFailed {
        letter: LetterKind::Link,
        reason,
        code: None,
        personal: None,
    }
}

async fn answer(work: &Work<'_>, agency: &Agency, reason: Option<DeliveryFailure>) -> Result<MailAnswer, CommandError> {
    match reason {
        Some(DeliveryFailure::NoAddress) => return Ok(MailAnswer::NoAddress),
        Some(_) => return Ok(MailAnswer::NotSetUp),
        None => {}
    }
    let office = &work.app().mail;
    let name = office.account_name(work.context().agency, agency);
    let health = office.records.health(&name).await?;
    Ok(match health.failed_at {
        Some(since) if health.is_down() => MailAnswer::Delayed { since },
        _ => MailAnswer::Queued,
    })
}

/// Sends a live link by mail once more.
pub struct SendLink {
    /// The link.
    pub link: LinkId,
}

impl UseCase for SendLink {
    type Answer = MailAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<MailAnswer>, CommandError> {
        let (app, context) = (work.app(), work.context());
        let link = work.load::<ConnectLink>(self.link).await?;
        let terms = link.terms().cloned().ok_or(ConnectLinkError::NotIssued)?;
        if let Some(end) = link.end_at(context.now) {
            return Err(ConnectLinkError::Ended(end).into());
        }
        if terms.is_direct {
            return Err(CommandError::LinkIsDirect);
        }
        let customer = work.load::<Customer>(terms.customer).await?;
        if customer.is_erased() {
            return Err(CustomerError::Erased.into());
        }
        let is_first = self.must_be_bearable(work).await? == 0;
        let agency = work.load_home::<Agency>(context.agency).await?;
        let file = app.customer(context.tenant, terms.customer).await?.unwrap_or_default();
        let reason = reason_against(work, &agency, file.person.email.is_some());
        note_terms(work, self.link, &terms);
        let observation = match reason {
            Some(reason) => failed(reason),
            None => LinkObservation::MailAsked {
                links: vec![self.link],
                // Those of the first time go on.
                reminders: agency.mail_habits().reminders.filter(|_| is_first),
            },
        };
        work.observe(link_trail(self.link), None, None, observation).await?;
        Ok(Decision::Done(answer(work, &agency, reason).await?))
    }
}

impl SendLink {
    /// A customer's inbox is not ours to fill. Answers how often it was asked for.
    async fn must_be_bearable(&self, work: &Work<'_>) -> Result<usize, CommandError> {
        let an_hour_ago = work.context().now - TimeDelta::hours(1);
        let trail = work.app().log.load(&link_trail(self.link), 0).await?;
        let asked: Vec<_> = trail.iter().filter(|row| row.event_type == "MailAsked").collect();
        let lately = asked.iter().filter(|row| row.recorded_at > an_hour_ago).count();
        if asked.len() >= MOST_EVER || lately >= MOST_IN_AN_HOUR {
            return Err(CommandError::MailedOften);
        }
        Ok(asked.len())
    }
}
