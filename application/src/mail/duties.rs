//! Which events make mails, and how a mail's job is done.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkEvent},
    event::Event,
    ids::LinkId,
    log::Recorded,
    trail::{LINK_TRAIL, LetterKind, LinkObservation, Reminders},
};

use super::sending::{Errand, Sent};
use crate::{
    error::CommandError,
    jobs::{Care, Duties, Handler, Outcome, Policy, Run, Wanted},
    ports::jobs::NewJob,
    work::after,
};

/// The ids of the links that a mail is about, with commas between them.
const LINKS: &str = "links";

const LINK: Letters = Letters {
    kind: "mail_link",
    letter: LetterKind::Link,
};
const REMINDER: Letters = Letters {
    kind: "mail_reminder",
    letter: LetterKind::Reminder,
};
const RECEIPT: Letters = Letters {
    kind: "mail_receipt",
    letter: LetterKind::Receipt,
};
const REQUESTER_RECEIPT: Letters = Letters {
    kind: "mail_requester_receipt",
    letter: LetterKind::RequesterReceipt,
};

const RECONNECT: Letters = Letters {
    kind: "mail_reconnect",
    letter: LetterKind::Reconnect,
};

/// Every mail that is sent by itself.
const LETTERS: [Letters; 5] = [LINK, REMINDER, RECEIPT, REQUESTER_RECEIPT, RECONNECT];

/// The kinds of jobs that are mails.
pub const KINDS: [&str; LETTERS.len()] = {
    let mut kinds = [""; LETTERS.len()];
    let mut at = 0;
    while at < kinds.len() {
        kinds[at] = LETTERS[at].kind;
        at += 1;
    }
    kinds
};

/// The one of them whose jobs are made days before they are due.
pub const MADE_BEFORE: &str = REMINDER.kind;

/// The mail to one member about connections that broke together: the same key makes no second one.
pub(crate) fn about_reconnects(key: &str, links: &BTreeSet<LinkId>, now: Timestamp) -> NewJob {
    let links: Vec<String> = links.iter().map(ToString::to_string).collect();
    NewJob::due(RECONNECT.kind, key, now).about(LINKS, links.join(","))
}

/// What is done by itself about mail.
#[must_use]
pub fn duties(duties: Duties) -> Duties {
    LETTERS.into_iter().fold(duties.policy(Mails), Duties::handler)
}

/// A mail that was asked for, its reminders, and receipts for what was connected.
struct Mails;

impl Policy for Mails {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        (aggregate_type == LINK_TRAIL && event_type == "MailAsked")
            || (aggregate_type == ConnectLink::TYPE && event_type == "Completed")
    }

    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted> {
        let link = &recorded.aggregate_id;
        match event {
            Event::LinkTrail(LinkObservation::MailAsked { links, reminders }) => {
                let is_first = links.first().is_some_and(|first| first.to_string() == *link);
                if !is_first {
                    return vec![]; // the first link's trail makes the one mail
                }
                let links: Vec<String> = links.iter().map(ToString::to_string).collect();
                let links = links.join(",");
                let asked = [Wanted::new(LINK.kind).about(LINKS, &links)];
                asked
                    .into_iter()
                    .chain(reminding(*reminders, recorded, &links))
                    .collect()
            }
            Event::ConnectLink(ConnectLinkEvent::Completed { .. }) => vec![
                Wanted::new(RECEIPT.kind).about(LINKS, link),
                Wanted::new(REQUESTER_RECEIPT.kind).about(LINKS, link),
            ],
            _ => vec![],
        }
    }
}

fn reminding(reminders: Option<Reminders>, recorded: &Recorded, links: &str) -> Vec<Wanted> {
    let Some(reminders) = reminders else { return vec![] };
    let due = |number| {
        after(
            recorded.recorded_at,
            TimeDelta::days(i64::from(reminders.after_days) * number),
        )
    };
    let reminder = |number| Wanted::new(REMINDER.kind).about(LINKS, links).at(due(number));
    (1..=i64::from(reminders.at_most)).map(reminder).collect()
}

/// Sends the mails of one kind.
#[derive(Clone, Copy)]
struct Letters {
    kind: &'static str,
    letter: LetterKind,
}

#[async_trait]
impl Handler for Letters {
    fn kind(&self) -> &'static str {
        self.kind
    }

    /// A mail server may be away for a day. It may think about a mail for ten minutes, and whoever gives up earlier sends it twice.
    fn care(&self) -> Care {
        Care {
            deadline: Duration::from_mins(13),
            attempts: Some(120),
            first_pause: Duration::from_secs(2),
            longest_pause: Duration::from_mins(30),
            at_once: 4,
        }
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        match self.send(run).await {
            Ok(Sent::Delivered(words)) => Outcome::Done(words),
            Ok(Sent::Nothing(why)) => Outcome::Done(format!("not sent: {why}")),
            // The link says so to the agency; an operator can do nothing about it.
            Ok(Sent::Refused(error)) => Outcome::Done(format!("not sent: {}", without_words(&error))),
            Ok(Sent::NotYet(error)) => Outcome::later(without_words(&error)),
            // The link ended while the mail was written: its token is gone.
            Err(CommandError::AttemptOver) => Outcome::later("the link ended in this moment"),
            Err(error) => error.into(),
        }
    }
}

/// What a server said may name people.
fn without_words(error: &crate::ports::mail::NotSent) -> String {
    use crate::ports::mail::NotSent::{AccountRefused, Refused, TryLater};
    match error {
        Refused(said) => format!("the mail server refused it: {}", said.code),
        TryLater(said) => format!("the mail server said to try later: {}", said.code),
        AccountRefused(said) => format!("the mail server refuses this account: {}", said.code),
        other => other.to_string(),
    }
}

impl Letters {
    async fn send(&self, run: &Run<'_>) -> Result<Sent, CommandError> {
        let (app, job) = (run.app, run.job);
        let Some(tenant) = job.tenant else {
            return Ok(Sent::Nothing("it is nobody's"));
        };
        let ids = job.payload.get(LINKS).map_or("", String::as_str).split(',');
        let ids: Vec<LinkId> = ids.filter_map(|id| id.parse().ok()).collect();
        let links = app.links_to_mail(tenant, self.letter, &ids).await?;
        let Some(first) = links.first() else {
            return Ok(Sent::Nothing(match self.letter {
                LetterKind::Reconnect => "everything works again",
                _ => "every link has ended",
            }));
        };
        let agency = app.agency(first.terms.agency).await?;
        let habits = agency.mail_habits();
        let is_wanted = match self.letter {
            LetterKind::Link => true,
            LetterKind::Reminder => habits.reminders.is_some(),
            // Where a member connected directly, the customer did nothing that a receipt could be for.
            LetterKind::Receipt => habits.receipt && !first.terms.is_direct && app.mail.serves(&agency),
            LetterKind::RequesterReceipt => habits.requester_receipt && app.mail.serves(&agency),
            LetterKind::Reconnect => app.mail.serves(&agency),
        };
        if !is_wanted {
            return Ok(Sent::Nothing("the agency sends no such mails"));
        }
        let customer = app.customer(tenant, first.terms.customer).await?.unwrap_or_default();
        if customer.erased_at.is_some() {
            return Ok(Sent::Nothing("the customer was erased"));
        }
        if self.letter == LetterKind::Receipt && customer.person.email.is_none() {
            return Ok(Sent::Nothing("nobody knows the e-mail address"));
        }
        let errand = Errand {
            job: job.id,
            context: run.context(first.terms.agency, tenant),
            letter: self.letter,
            is_last_try: self.care().attempts.is_some_and(|most| job.attempt >= most),
            links,
            agency,
            customer,
        };
        errand.run(app).await
    }
}
