//! Mails in German.

use application::mail::{Asked, Broken, Connected, Invited, Letter};
use chrono::Datelike;
use domain::{Timestamp, grant::LossReason, trail::DeliveryFailure};

use super::{
    Language,
    sheet::{BrokenWords, Button, Card, Sheet, common_product, known, signed},
};

const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// How mails are worded in German.
pub(super) struct German;

impl Language for German {
    fn invitation(letter: &Letter, links: &[Invited], reminder: bool) -> Sheet {
        let company = &letter.brand.company;
        let product =
            common_product(links).map_or_else(|| "Ihre Konten".to_owned(), |product| format!("Ihr {product}"));
        let is_renewal = links.iter().all(|link| link.is_renewal);
        let act = if is_renewal { "neu zu verbinden" } else { "zu verbinden" };
        let please = if is_renewal { "neu verbinden" } else { "verbinden" };
        let asks = match letter.requester.name.as_deref() {
            Some(name) => format!("{name} von {company} bittet Sie, {product} {act}."),
            None => format!("{company} bittet Sie, {product} {act}."),
        };
        let subject = match (reminder, is_renewal) {
            (true, _) => format!("Erinnerung: Bitte {product} mit {company} {please}"),
            (false, true) => format!("Bitte {product} neu verbinden"),
            (false, false) => format!("{company} bittet Sie, {product} zu verbinden"),
        };
        let why = is_renewal.then(|| {
            "Die bestehende Verbindung muss erneuert werden. Das passiert, wenn sich ein Passwort oder eine Berechtigung ändert. Es geht nichts verloren.".to_owned()
        });
        let how = "Das dauert etwa zwei Minuten: Melden Sie sich mit dem Konto an, das den Eintrag verwaltet, wählen Sie den richtigen Betrieb aus, fertig. Ihr Passwort geben Sie uns dabei nie.".to_owned();
        Sheet {
            heading: if reminder {
                format!("Noch offen: {product} {please}")
            } else {
                format!("Bitte {product} {please}")
            },
            preview: asks.clone(),
            paragraphs: known([Some(asks), why, Some(how)]),
            cards: links.iter().map(card).collect(),
            afterwards: known([
                Some(
                    "Sie bestimmen, was Sie freigeben, und können es jederzeit in den Einstellungen des Kontos widerrufen."
                        .to_owned(),
                ),
                Some(doubts(letter)),
            ]),
            ..blank(letter, subject)
        }
    }

    fn receipt(letter: &Letter, connected: &Connected) -> Sheet {
        let (company, product) = (&letter.brand.company, &connected.product);
        Sheet {
            heading: "Geschafft: Die Verbindung steht".to_owned(),
            preview: format!("{company} kann jetzt mit Ihrem {product} arbeiten."),
            paragraphs: vec![format!(
                "Vielen Dank. {company} kann jetzt mit Ihrem {product} arbeiten. Sie müssen nichts weiter tun."
            )],
            cards: vec![Card::of(connected, "Standort")],
            afterwards: vec![
                "Sie können den Zugriff jederzeit in den Einstellungen des Kontos widerrufen.".to_owned(),
                "Waren Sie das nicht selbst? Dann antworten Sie bitte auf diese Mail.".to_owned(),
            ],
            ..blank(letter, format!("{product}: mit {company} verbunden"))
        }
    }

    fn requester_receipt(letter: &Letter, connected: &Connected, customer: Option<&str>) -> Sheet {
        let (customer, product) = (customer.unwrap_or("Ihr Kunde"), &connected.product);
        Sheet {
            heading: format!("{customer} ist verbunden"),
            preview: format!("{product} ist verbunden."),
            paragraphs: vec![format!(
                "{customer} hat Ihren Link benutzt und {product} verbunden. Der erste Abgleich beginnt von selbst."
            )],
            cards: vec![Card::of(connected, "Standort")],
            afterwards: vec![
                "Ist es der falsche Eintrag, dann stellen Sie einen neuen Link aus: Damit kann ein anderer gewählt werden."
                    .to_owned(),
            ],
            footer: "Sie erhalten diese Mail, weil Sie um die Verbindung gebeten haben.".to_owned(),
            ..blank(letter, format!("{customer} hat {product} verbunden"))
        }
    }

    fn reconnect(letter: &Letter, broken: &[Broken]) -> Sheet {
        let (what, heading) = match broken {
            [one] => {
                let customer = one.customer.as_deref().unwrap_or("Ein Kunde");
                let what = format!("{customer}: {} braucht eine neue Anmeldung", one.link.product);
                (what, "Eine Verbindung braucht eine neue Anmeldung".to_owned())
            }
            several => (
                format!("{} Verbindungen brauchen eine neue Anmeldung", several.len()),
                format!("{} Verbindungen brauchen eine neue Anmeldung", several.len()),
            ),
        };
        let (next, warning) = if broken.len() == 1 {
            (
                "Eine Anmeldung Ihres Kunden, und es geht wieder. Den Link dafür finden Sie unten: Kopieren Sie ihn und geben Sie ihn weiter.",
                "Der Link ist für den gedacht, der das Konto betreut. Wer ihn öffnet, soll sich anmelden: Öffnen Sie ihn nur selbst, wenn Sie das sind.",
            )
        } else {
            (
                "Eine Anmeldung Ihres Kunden, und es geht wieder. Die Links dafür finden Sie unten: Kopieren Sie sie und geben Sie sie weiter.",
                "Die Links sind für den gedacht, der das Konto betreut. Wer einen öffnet, soll sich anmelden: Öffnen Sie ihn nur selbst, wenn Sie das sind.",
            )
        };
        let together = (broken.len() > 1).then_some(
            "Sie stehen auf demselben Konto: Eine Anmeldung damit, über einen dieser Links, bringt alle zurück.",
        );
        Sheet {
            heading,
            preview: next.to_owned(),
            paragraphs: known([
                Some(
                    "Was abgerufen wurde, ist nicht verloren. Nach der Anmeldung geht es dort weiter, wo es aufhörte."
                        .to_owned(),
                ),
                Some(next.to_owned()),
                together.map(str::to_owned),
                Some(warning.to_owned()),
            ]),
            cards: broken.iter().map(broken_card).collect(),
            afterwards: vec![
                "Jeder Link gilt einmal. Meldet sich vorher jemand an, dann müssen Sie nichts mehr tun.".to_owned(),
            ],
            footer: "Sie erhalten diese Mail, weil Sie um die Verbindung gebeten haben.".to_owned(),
            ..blank(letter, what)
        }
    }

    fn test(letter: &Letter) -> Sheet {
        let company = &letter.brand.company;
        Sheet {
            heading: "Der Mailversand funktioniert".to_owned(),
            preview: format!("{company} kann Mails versenden."),
            paragraphs: vec![
                "Dies ist ein Test. Mails an Ihre Kunden sehen so aus und gehen über denselben Server.".to_owned(),
            ],
            footer: "Sie erhalten diese Mail, weil Sie einen Test angefordert haben.".to_owned(),
            ..blank(letter, format!("Eine Testmail von {company}"))
        }
    }
}

fn broken_card(broken: &Broken) -> Card {
    let customer = broken.customer.as_deref().unwrap_or("Ihren Kunden");
    Card::of_broken(
        broken,
        BrokenWords {
            why: format!("Grund: {}.", why(broken.reason)),
            asked: asked(broken.asked, customer),
            label: format!("Der Link für {customer}"),
            until: format!("Gilt einmal, bis zum {}.", day(broken.link.expires_at)),
            reference: format!("In der API: Verbindung {}, Link {}", broken.integration, broken.id),
        },
    )
}

/// Whether the member still has to write to the customer.
fn asked(asked: Asked, customer: &str) -> String {
    match asked {
        Asked::Never => format!("Niemand hat deswegen an {customer} geschrieben."),
        Asked::OnItsWay => format!("Eine Mail mit diesem Link ist unterwegs an {customer}."),
        Asked::Sent(at) => format!("Dieser Link ging am {} per Mail an {customer}.", day(at)),
        Asked::Failed(DeliveryFailure::NoAddress) => {
            format!("An {customer} ging keine Mail: Niemand kennt die Adresse.")
        }
        Asked::Failed(_) => format!("Die Mail an {customer} war nicht zustellbar."),
    }
}

/// In words that accuse nobody.
fn why(reason: LossReason) -> &'static str {
    match reason {
        LossReason::ExpiredOrRevoked => {
            "Der Zugang endete, wie es nach neuen Passwörtern oder Berechtigungen geschieht; mehr sagt der Anbieter nicht"
        }
        LossReason::RevokedByOwner => "Der Zugang wurde in den Einstellungen des Kontos zurückgenommen",
        LossReason::TestingEnded => "Der Zugang endete nach sieben Tagen, wie bei jeder App, die erprobt wird",
        LossReason::Unused => "Der Zugang endete, weil er lange nicht benutzt wurde",
        LossReason::SessionControl => "Die Organisation des Kontos verlangt von Zeit zu Zeit eine neue Anmeldung",
        LossReason::AdminPolicy => "Die Organisation des Kontos erlaubt den Zugang zurzeit nicht",
        LossReason::ScopesWithdrawn => "Eine nötige Berechtigung ist nicht mehr erteilt",
        LossReason::NotRenewable => "Der Zugang galt nur für eine bestimmte Zeit, die vorüber ist",
    }
}

fn card(link: &Invited) -> Card {
    let label = if link.is_renewal {
        "Jetzt neu verbinden"
    } else {
        "Jetzt verbinden"
    };
    Card {
        title: link.product.clone(),
        lines: known([link.location.clone(), link.name.clone()]),
        button: Some(Button {
            label: label.to_owned(),
            address: link.address.clone(),
            or_copy: "Oder kopieren Sie diese Adresse in Ihren Browser:",
            note: format!("Gilt einmal, bis zum {}.", day(link.expires_at)),
        }),
        to_send_on: None,
    }
}

fn blank(letter: &Letter, subject: String) -> Sheet {
    let company = &letter.brand.company;
    let greeting = letter.recipient.name.as_deref();
    Sheet {
        lang: "de",
        subject,
        preview: String::new(),
        heading: String::new(),
        greeting: greeting.map_or_else(|| "Guten Tag,".to_owned(), |name| format!("Guten Tag {name},")),
        paragraphs: vec![],
        cards: vec![],
        afterwards: vec![],
        signature: signed(letter),
        footer: format!("Sie erhalten diese Mail, weil {company} für Sie arbeitet. Sie wurde automatisch versandt."),
    }
}

fn doubts(letter: &Letter) -> String {
    match letter.brand.support_contact.as_deref() {
        Some(contact) => {
            format!("Nicht sicher, ob diese Mail echt ist? Antworten Sie darauf oder fragen Sie nach: {contact}.")
        }
        None => "Nicht sicher, ob diese Mail echt ist? Antworten Sie darauf oder rufen Sie Ihre Ansprechperson an."
            .to_owned(),
    }
}

fn day(at: Timestamp) -> String {
    let month = MONTHS.get(at.month0() as usize).copied().unwrap_or_default();
    format!("{}. {month} {}", at.day(), at.year())
}
