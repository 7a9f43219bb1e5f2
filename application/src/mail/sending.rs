//! One mail about links: found, written and handed over, and what became of it noted on their trails. What is true when it is sent
//! counts: a link that ended meanwhile is left out, an erased customer gets nothing.

use domain::{
    agency::Agency,
    customer::Customer,
    ids::{JobId, LinkId, TenantId},
    integration::Integration,
    log::StreamId,
    personal::{Detail, Personal, Subject},
    trail::{DeliveryFailure, LetterKind, LinkObservation, link_trail},
};

use super::{AccountInUse, Connected, Content, Invited, Letter, LetterBrand};
use crate::{
    agencies::Person,
    app::App,
    context::Context,
    customers::CustomerFile,
    error::CommandError,
    flow::FoundLink,
    links::note_terms,
    ports::{
        StoreError,
        images::Image,
        mail::{InlineImage, Mailbox, NotSent, OutgoingMail},
    },
    run::{Decision, UseCase},
    work::Work,
};

/// The name of the logo inside a mail.
const LOGO: &str = "logo";

/// What became of an errand.
pub(super) enum Sent {
    /// The server took it; its answer.
    Delivered(String),
    /// There was nothing to send, or nobody to send it to.
    Nothing(&'static str),
    /// It will never be delivered.
    Refused(NotSent),
    /// It may work later.
    NotYet(NotSent),
}

/// One mail to be sent.
pub(super) struct Errand {
    pub(super) job: JobId,
    pub(super) context: Context,
    pub(super) letter: LetterKind,
    pub(super) links: Vec<FoundLink>,
    pub(super) agency: Agency,
    pub(super) customer: CustomerFile,
    /// Whether a failure that could pass is the last one that is borne.
    pub(super) is_last_try: bool,
}

impl App {
    /// The links of a mail that are this tenant's and, where the mail invites, can still be used.
    pub(super) async fn links_to_mail(
        &self,
        tenant: TenantId,
        letter: LetterKind,
        ids: &[LinkId],
    ) -> Result<Vec<FoundLink>, CommandError> {
        let (mut links, now) = (vec![], self.clock.now());
        for id in ids {
            let Some(found) = self.link_by_id(*id).await? else {
                continue;
            };
            if found.tenant != tenant || (invites(letter) && found.link.end_at(now).is_some()) {
                continue;
            }
            // Who signed in meanwhile is not written about.
            if letter != LetterKind::Reconnect || self.why_broken(&found).await?.is_some() {
                links.push(found);
            }
        }
        Ok(links)
    }

    /// The agency's face at the head of a mail, and its logo.
    pub(super) async fn letterhead(&self, agency: &Agency) -> Result<(LetterBrand, Option<InlineImage>), CommandError> {
        let branding = agency.branding();
        let stored = self.logo(agency).await?.filter(Image::is_for_mails);
        let image = stored.map(|image| InlineImage {
            content_id: LOGO.to_owned(),
            media_type: image.media_type,
            bytes: image.bytes,
        });
        let brand = LetterBrand {
            company: agency.name().unwrap_or_default().to_owned(),
            primary: branding.primary.clone(),
            logo: image.as_ref().map(|image| image.content_id.clone()),
            support_contact: branding.support_contact.clone(),
        };
        Ok((brand, image))
    }

    /// An agency's logo, whether or not mails can show it.
    pub(super) async fn logo(&self, agency: &Agency) -> Result<Option<Image>, StoreError> {
        match &agency.branding().logo {
            Some(hash) => self.images.get(hash).await,
            None => Ok(None),
        }
    }

    pub(super) fn written(
        &self,
        letter: &Letter,
        id: String,
        to: Mailbox,
        reply_to: Option<Mailbox>,
        image: Option<InlineImage>,
    ) -> Result<OutgoingMail, CommandError> {
        let words = self.mail.stationery.write(letter).map_err(StoreError::Broken)?;
        Ok(OutgoingMail {
            id,
            date: self.clock.now(),
            from_name: letter.brand.company.clone(),
            reply_to,
            to,
            subject: words.subject,
            html: words.html,
            text: words.text,
            image,
        })
    }
}

impl Errand {
    /// Writes the mail and hands it over.
    pub(super) async fn run(&self, app: &std::sync::Arc<App>) -> Result<Sent, CommandError> {
        let Some(first) = self.links.first() else {
            return Ok(Sent::Nothing("every link has ended"));
        };
        let mut members = app.members(first.terms.agency).await?;
        let requester = members.remove(&first.terms.requested_by).unwrap_or_default();
        let recipient = match self.letter {
            LetterKind::RequesterReceipt | LetterKind::Reconnect => requester.clone(),
            _ => self.customer.person.clone(),
        };
        let Some(to) = mailbox(&recipient) else {
            self.note_failure(app, DeliveryFailure::NoAddress, None).await?;
            return Ok(Sent::Nothing("nobody knows the e-mail address"));
        };
        let Some(account) = app.mail_account(first.terms.agency, &self.agency).await? else {
            self.note_failure(app, DeliveryFailure::NotSetUp, None).await?;
            return Ok(Sent::Nothing("no mail server is set up"));
        };
        let is_to_requester = matches!(self.letter, LetterKind::RequesterReceipt | LetterKind::Reconnect);
        let reply_to = if is_to_requester { None } else { mailbox(&requester) };
        let (brand, image) = app.letterhead(&self.agency).await?;
        let letter = Letter {
            brand,
            language: recipient.language.clone(),
            recipient,
            requester,
            content: self.content(app, first).await?,
        };
        let mail = app.written(&letter, self.job.to_string(), to, reply_to, image)?;
        self.hand_over(app, &account, &mail).await
    }

    async fn hand_over(
        &self,
        app: &std::sync::Arc<App>,
        account: &AccountInUse,
        mail: &OutgoingMail,
    ) -> Result<Sent, CommandError> {
        let sent = app.mail.mailer.send(&account.account, account.owner, mail).await;
        app.note_mail_health(&account.name, sent.as_ref().map(|_| ())).await;
        match sent {
            Ok(words) => {
                self.note(app, |_| LinkObservation::Delivered { letter: self.letter })
                    .await?;
                Ok(Sent::Delivered(format!("the mail server took it: {}", words.code)))
            }
            Err(error) if error.is_final() => {
                let reason = match error {
                    NotSent::Unsendable => DeliveryFailure::Unsendable,
                    _ => DeliveryFailure::Refused,
                };
                self.note_failure(app, reason, Some(&error)).await?;
                Ok(Sent::Refused(error))
            }
            Err(error) => {
                if self.is_last_try {
                    self.note_failure(app, DeliveryFailure::GivenUp, Some(&error)).await?;
                }
                Ok(Sent::NotYet(error))
            }
        }
    }

    async fn content(&self, app: &App, first: &FoundLink) -> Result<Content, CommandError> {
        if self.letter == LetterKind::Reconnect {
            let broken = app.broken(&self.links).await?;
            return Ok(Content::Reconnect { broken });
        }
        if !invites(self.letter) {
            let done = app.completion(first).await?;
            let connected = Connected {
                product: done.provider.product,
                listing: done.listing,
                location: done.location,
                name: done.connection_name,
                withdraw_at: done.provider.withdraw_at,
            };
            return Ok(Content::Receipt {
                connected,
                customer: self.customer.person.name.clone(),
                to_requester: self.letter == LetterKind::RequesterReceipt,
            });
        }
        let mut links = vec![];
        for link in &self.links {
            links.push(invited(app, link, &self.customer).await?);
        }
        let reminder = self.letter == LetterKind::Reminder;
        Ok(Content::Invitation { links, reminder })
    }

    async fn note_failure(
        &self,
        app: &std::sync::Arc<App>,
        reason: DeliveryFailure,
        error: Option<&NotSent>,
    ) -> Result<(), CommandError> {
        let said = error.and_then(NotSent::words);
        self.note(app, |customer| LinkObservation::DeliveryFailed {
            letter: self.letter,
            reason,
            code: said.map(|said| said.code),
            personal: said.and_then(|said| {
                let facts = [(Detail::MailAnswer, Some(said.words.as_str()))];
                Personal::about(Subject::Customer(customer), facts)
            }),
        })
        .await
    }

    async fn note(
        &self,
        app: &std::sync::Arc<App>,
        observation: impl Fn(domain::ids::CustomerId) -> LinkObservation,
    ) -> Result<(), CommandError> {
        for link in &self.links {
            let note = NoteDelivery {
                job: self.job,
                link: link.clone(),
                observation: observation(link.terms.customer),
            };
            app.run(&self.context, note).await?;
        }
        Ok(())
    }
}

/// A link as a letter shows it.
pub(super) async fn invited(app: &App, link: &FoundLink, customer: &CustomerFile) -> Result<Invited, CommandError> {
    let terms = &link.terms;
    let token = app.token_of(link.tenant, link.id).await?;
    let provider = app
        .catalogue
        .connector(&terms.provider)
        .ok_or(CommandError::ProviderUnknown)?;
    let stream = StreamId::of::<Integration>(terms.integration);
    let integration = app.replay::<Integration>(&stream).await?;
    Ok(Invited {
        address: app.link_address(&terms.host, &token),
        product: provider.about().product.clone(),
        location: customer
            .location(terms.location)
            .and_then(|location| location.name.clone()),
        name: app.connection_name(link).await?,
        expires_at: terms.expires_at,
        is_renewal: integration.is_some_and(|integration| integration.state.connection().is_some()),
    })
}

/// Notes on a link's trail what became of a mail: once per mail, however often it was tried.
struct NoteDelivery {
    job: JobId,
    link: FoundLink,
    observation: LinkObservation,
}

impl UseCase for NoteDelivery {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        // Loaded, so that nothing is sealed for somebody who is erased in this moment: that would make a key anew.
        let customer = work.load::<Customer>(self.link.terms.customer).await?;
        if customer.is_erased() {
            return Ok(Decision::Done(()));
        }
        note_terms(work, self.link.id, &self.link.terms);
        let name = match self.observation {
            // What was given up may be begun again by hand, and arrive: that is news.
            LinkObservation::DeliveryFailed {
                reason: DeliveryFailure::GivenUp,
                ..
            } => format!("mail/{}/given-up", self.job),
            _ => format!("mail/{}", self.job),
        };
        work.observe(link_trail(self.link.id), Some(&name), None, self.observation.clone())
            .await?;
        Ok(Decision::Done(()))
    }
}

pub(super) fn invites(letter: LetterKind) -> bool {
    matches!(letter, LetterKind::Link | LetterKind::Reminder | LetterKind::Reconnect)
}

fn mailbox(person: &Person) -> Option<Mailbox> {
    Some(Mailbox {
        name: person.name.clone(),
        address: person.email.clone()?,
    })
}
