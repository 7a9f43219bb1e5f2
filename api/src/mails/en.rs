//! Mails in English.

use application::mail::{Asked, Broken, Connected, Invited, Letter};
use domain::{Timestamp, grant::LossReason, trail::DeliveryFailure};

use super::{
    Language,
    sheet::{BrokenWords, Button, Card, Sheet, common_product, known, signed},
};

/// How mails are worded in English.
pub(super) struct English;

impl Language for English {
    fn invitation(letter: &Letter, links: &[Invited], reminder: bool) -> Sheet {
        let company = &letter.brand.company;
        let product =
            common_product(links).map_or_else(|| "your accounts".to_owned(), |product| format!("your {product}"));
        let is_renewal = links.iter().all(|link| link.is_renewal);
        let act = if is_renewal { "reconnect" } else { "connect" };
        let asks = match letter.requester.name.as_deref() {
            Some(name) => format!("{name} from {company} asks you to {act} {product}."),
            None => format!("{company} asks you to {act} {product}."),
        };
        let subject = match (reminder, is_renewal) {
            (true, _) => format!("Reminder: please {act} {product} for {company}"),
            (false, true) => format!("Please reconnect {product}"),
            (false, false) => format!("{company} asks you to connect {product}"),
        };
        let why = is_renewal.then(|| {
            format!("The connection to {product} needs to be renewed. That happens when a password or a permission changes; nothing is lost, and you pick up where you left off.")
        });
        let how = "It takes about two minutes: sign in with the account that manages it, pick the right business, done. You never give us your password.".to_owned();
        Sheet {
            heading: if reminder {
                format!("Still to do: {act} {product}")
            } else {
                format!("Please {act} {product}")
            },
            preview: asks.clone(),
            paragraphs: known([Some(asks), why, Some(how)]),
            cards: links.iter().map(|link| card(link, act)).collect(),
            afterwards: known([
                Some(
                    "You decide what is shared, and you can withdraw it at any time in the account's own settings."
                        .to_owned(),
                ),
                Some(doubts(letter)),
            ]),
            ..blank(letter, subject)
        }
    }

    fn receipt(letter: &Letter, connected: &Connected) -> Sheet {
        let (company, product) = (&letter.brand.company, &connected.product);
        let withdraw = match connected.withdraw_at.as_deref() {
            Some(place) => format!("You can withdraw the access at any time in {place}."),
            None => "You can withdraw the access at any time in the account's own settings.".to_owned(),
        };
        Sheet {
            heading: "It worked: you are connected".to_owned(),
            preview: format!("{company} can now work with your {product}."),
            paragraphs: vec![format!(
                "Thank you. {company} can now work with your {product}. There is nothing left for you to do."
            )],
            cards: vec![Card::of(connected, "Location")],
            afterwards: vec![
                withdraw,
                "If you did not do this yourself, please reply to this mail.".to_owned(),
            ],
            ..blank(letter, format!("Your {product} is connected to {company}"))
        }
    }

    fn requester_receipt(letter: &Letter, connected: &Connected, customer: Option<&str>) -> Sheet {
        let (customer, product) = (customer.unwrap_or("Your customer"), &connected.product);
        Sheet {
            heading: format!("{customer} is connected"),
            preview: format!("{product} is connected. The first sync begins by itself."),
            paragraphs: vec![format!(
                "{customer} used your link and connected {product}. The first sync begins by itself."
            )],
            cards: vec![Card::of(connected, "Location")],
            afterwards: vec![
                "If this is the wrong listing, issue a fresh link: the customer can pick another one.".to_owned(),
            ],
            footer: "You get this mail because you asked for the connection.".to_owned(),
            ..blank(letter, format!("{customer} connected {product}"))
        }
    }

    fn reconnect(letter: &Letter, broken: &[Broken]) -> Sheet {
        let (what, heading) = match broken {
            [one] => {
                let customer = one.customer.as_deref().unwrap_or("A customer");
                let what = format!("{customer}: {} needs a new sign-in", one.link.product);
                (what, "A connection needs a new sign-in".to_owned())
            }
            several => (
                format!("{} connections need a new sign-in", several.len()),
                format!("{} connections need a new sign-in", several.len()),
            ),
        };
        let (next, warning) = if broken.len() == 1 {
            (
                "One sign-in by your customer, and it works again. The link for it is below: copy it and send it on.",
                "The link is for whoever looks after the account. Whoever opens it is asked to sign in, so do not open it yourself unless that is you.",
            )
        } else {
            (
                "One sign-in by your customer, and it works again. The links for it are below: copy them and send them on.",
                "The links are for whoever looks after the account. Whoever opens one is asked to sign in, so do not open it yourself unless that is you.",
            )
        };
        let together = (broken.len() > 1).then_some(
            "They stand on the same account: one sign-in with it, by any of these links, brings all of them back.",
        );
        Sheet {
            heading,
            preview: next.to_owned(),
            paragraphs: known([
                Some(
                    "Nothing that was fetched is lost. It goes on where it stopped once somebody signs in.".to_owned(),
                ),
                Some(next.to_owned()),
                together.map(str::to_owned),
                Some(warning.to_owned()),
            ]),
            cards: broken.iter().map(broken_card).collect(),
            afterwards: vec![
                "Each link works once. If somebody signs in before it is used, you need not do anything.".to_owned(),
            ],
            footer: "You get this mail because you asked for the connection.".to_owned(),
            ..blank(letter, what)
        }
    }

    fn test(letter: &Letter) -> Sheet {
        let company = &letter.brand.company;
        Sheet {
            heading: "Mail works".to_owned(),
            preview: format!("{company} can send mail."),
            paragraphs: vec![
                "This is a test. Mails to your customers look like this one and leave over the same server.".to_owned(),
            ],
            footer: "You get this mail because you asked for a test.".to_owned(),
            ..blank(letter, format!("A test mail from {company}"))
        }
    }
}

fn broken_card(broken: &Broken) -> Card {
    let customer = broken.customer.as_deref().unwrap_or("your customer");
    Card::of_broken(
        broken,
        BrokenWords {
            why: format!("Why: {}.", why(broken.reason)),
            asked: asked(broken.asked, customer),
            label: format!("The link for {customer}"),
            until: format!("Works once, until {}.", day(broken.link.expires_at)),
            reference: format!("In the API: connection {}, link {}", broken.integration, broken.id),
        },
    )
}

/// Whether the member still has to write to the customer.
fn asked(asked: Asked, customer: &str) -> String {
    match asked {
        Asked::Never => format!("Nobody has written to {customer} about it."),
        Asked::OnItsWay => format!("A mail with this link is on its way to {customer}."),
        Asked::Sent(at) => format!("This link was mailed to {customer} on {}.", day(at)),
        Asked::Failed(DeliveryFailure::NoAddress) => {
            format!("No mail went to {customer}: nobody knows the e-mail address.")
        }
        Asked::Failed(_) => format!("The mail to {customer} could not be delivered."),
    }
}

/// In words that accuse nobody.
fn why(reason: LossReason) -> &'static str {
    match reason {
        LossReason::ExpiredOrRevoked => {
            "the access ended, as it does after a change of password or permissions; the provider says no more"
        }
        LossReason::RevokedByOwner => "the access was taken back in the account's settings",
        LossReason::TestingEnded => "the access ended after seven days, as it does for an app that is in testing",
        LossReason::Unused => "the access ended because it was not used for a long time",
        LossReason::SessionControl => "the account's organisation asks for a new sign-in now and then",
        LossReason::AdminPolicy => "the account's organisation does not allow the access at present",
        LossReason::ScopesWithdrawn => "a permission that is needed is not granted any more",
        LossReason::NotRenewable => "the access was for a time only, which is over",
    }
}

fn card(link: &Invited, act: &str) -> Card {
    let act = if act == "connect" { "Connect" } else { "Reconnect" };
    Card {
        title: link.product.clone(),
        lines: known([link.location.clone(), link.name.clone()]),
        button: Some(Button {
            label: format!("{act} {}", link.product),
            address: link.address.clone(),
            or_copy: "Or copy this address into your browser:",
            note: format!("Works once, until {}.", day(link.expires_at)),
        }),
        to_send_on: None,
    }
}

fn blank(letter: &Letter, subject: String) -> Sheet {
    let company = &letter.brand.company;
    let greeting = letter.recipient.name.as_deref();
    Sheet {
        lang: "en",
        subject,
        preview: String::new(),
        heading: String::new(),
        greeting: greeting.map_or_else(|| "Hello,".to_owned(), |name| format!("Hello {name},")),
        paragraphs: vec![],
        cards: vec![],
        afterwards: vec![],
        signature: signed(letter),
        footer: format!("You get this mail because {company} works for you. It was sent automatically."),
    }
}

fn doubts(letter: &Letter) -> String {
    match letter.brand.support_contact.as_deref() {
        Some(contact) => format!("Not sure whether this mail is genuine? Reply to it, or ask {contact}."),
        None => "Not sure whether this mail is genuine? Reply to it, or call the person you know.".to_owned(),
    }
}

fn day(at: Timestamp) -> String {
    at.format("%-d %B %Y").to_string()
}
