//! The words of mails.

use application::{
    agencies::Person,
    mail::{Asked, Broken, Content, Invited, Letter, LetterBrand, Stationery},
};
use chrono::{TimeZone, Utc};
use domain::{
    grant::LossReason,
    ids::{IntegrationId, LinkId},
    trail::DeliveryFailure,
};
use strum::IntoEnumIterator;
use uuid::Uuid;

use super::AgencyStationery;

fn letter(language: Option<&str>, reminder: bool, is_renewal: bool) -> Letter {
    let person = |name: &str| Person {
        name: Some(name.to_owned()),
        email: None,
        language: None,
    };
    Letter {
        brand: LetterBrand {
            company: "Bright <Side> Marketing".to_owned(),
            primary: None,
            logo: None,
            support_contact: None,
        },
        language: language.map(str::to_owned),
        recipient: person("Café \"Zoë\""),
        requester: person("Anna Berg"),
        content: Content::Invitation {
            links: vec![Invited {
                address: "https://connect.agency.example/c/token".to_owned(),
                product: "Google Business Profile".to_owned(),
                location: Some("<script>alert(1)</script>".to_owned()),
                name: None,
                expires_at: Utc.with_ymd_and_hms(2027, 3, 5, 9, 0, 0).unwrap(),
                is_renewal,
            }],
            reminder,
        },
    }
}

/// A10: nobody's name becomes markup, and nothing is loaded from elsewhere.
#[test]
fn what_people_are_called_stays_text() {
    let written = AgencyStationery.write(&letter(None, false, false)).unwrap();
    assert!(
        !written.html.contains("<script>") && !written.html.contains("<Side>"),
        "{}",
        written.html
    );
    assert!(
        written.text.contains("Anna Berg\nBright <Side> Marketing"),
        "{}",
        written.text
    );
    for elsewhere in ["src=\"http", "url(", "<link", "@import"] {
        assert!(!written.html.contains(elsewhere), "{elsewhere}");
    }
    assert!(
        !(written.html + &written.text + &written.subject)
            .to_lowercase()
            .contains("grantlink")
    );
}

#[test]
fn a_mail_speaks_the_recipients_language_where_it_is_known() {
    for (language, greeting, date) in [
        (Some("de"), "Guten Tag Café", "5. März 2027"),
        (Some("de-AT"), "Guten Tag Café", "5. März 2027"),
        (Some("en"), "Hello Café", "5 March 2027"),
        (Some("fr"), "Hello Café", "5 March 2027"),
        (None, "Hello Café", "5 March 2027"),
    ] {
        let text = AgencyStationery.write(&letter(language, false, false)).unwrap().text;
        assert!(text.contains(greeting) && text.contains(date), "{language:?}: {text}");
    }
}

#[test]
fn a_reminder_and_a_renewal_say_so() {
    let subject = |reminder, is_renewal| {
        AgencyStationery
            .write(&letter(None, reminder, is_renewal))
            .unwrap()
            .subject
    };
    assert_eq!(
        subject(true, false),
        "Reminder: please connect your Google Business Profile for Bright <Side> Marketing"
    );
    assert_eq!(subject(false, true), "Please reconnect your Google Business Profile");
}

fn broken(language: Option<&str>, reasons: &[LossReason], asked: Asked) -> Letter {
    let broken = |reason| {
        let Content::Invitation { mut links, .. } = letter(language, false, true).content else {
            unreachable!()
        };
        Broken {
            link: links.remove(0),
            id: LinkId(Uuid::from_u128(1)),
            integration: IntegrationId(Uuid::from_u128(2)),
            asked,
            customer: Some("Trattoria Roma".to_owned()),
            reason,
        }
    };
    Letter {
        content: Content::Reconnect {
            broken: reasons.iter().copied().map(broken).collect(),
        },
        ..letter(language, false, true)
    }
}

/// A44, A47: what, whose, why, whether the customer knows, and what to do, in the member's language.
#[test]
fn a_member_reads_what_broke_and_why_and_has_the_links_to_send_on() {
    let write = |letter: &Letter| AgencyStationery.write(letter).unwrap();
    let one = write(&broken(None, &[LossReason::ExpiredOrRevoked], Asked::Never));
    assert_eq!(
        one.subject,
        "Trattoria Roma: Google Business Profile needs a new sign-in"
    );
    for words in [
        "copy it and send it on",
        "https://connect.agency.example/c/token",
        "Why: the access ended",
        "Nobody has written to Trattoria Roma",
        "connection 00000000-0000-0000-0000-000000000002, link 00000000-0000-0000-0000-000000000001",
    ] {
        assert!(one.text.contains(words), "{words}: {}", one.text);
    }
    assert!(!one.text.contains("Anna Berg"), "signed by its reader: {}", one.text);
    let reasons = [LossReason::AdminPolicy, LossReason::Unused];
    let several = write(&broken(Some("de"), &reasons, Asked::OnItsWay));
    assert_eq!(several.subject, "2 Verbindungen brauchen eine neue Anmeldung");
    for words in [
        "unterwegs an Trattoria Roma",
        "erlaubt den Zugang zurzeit nicht",
        "weil er lange nicht benutzt",
    ] {
        assert!(several.text.contains(words), "{words}: {}", several.text);
    }
    for reason in LossReason::iter() {
        let text = write(&broken(None, &[reason], Asked::Never)).text;
        assert!(
            !text.contains("you revoked") && !text.contains("error"),
            "{reason}: {text}"
        );
    }
}

/// The link is the customer's: a member who pressed it would sign in as himself.
#[test]
fn a_member_has_nothing_to_press_and_is_told_whether_the_customer_was_written_to() {
    let at = Utc.with_ymd_and_hms(2027, 3, 1, 9, 0, 0).unwrap();
    for (asked, english, german) in [
        (Asked::Never, "Nobody has written", "Niemand hat"),
        (Asked::OnItsWay, "is on its way to", "ist unterwegs an"),
        (
            Asked::Sent(at),
            "was mailed to Trattoria Roma on 1 March 2027",
            "ging am 1. März 2027 per Mail",
        ),
        (
            Asked::Failed(DeliveryFailure::NoAddress),
            "nobody knows the e-mail",
            "Niemand kennt die Adresse",
        ),
        (
            Asked::Failed(DeliveryFailure::Refused),
            "could not be delivered",
            "war nicht zustellbar",
        ),
    ] {
        for (language, words) in [(None, english), (Some("de"), german)] {
            let mail = AgencyStationery
                .write(&broken(language, &[LossReason::Unused], asked))
                .unwrap();
            assert!(mail.text.contains(words), "{words}: {}", mail.text);
            assert!(mail.html.contains(words), "{words}: {}", mail.html);
            assert!(!mail.html.contains("href="), "{}", mail.html);
            assert!(mail.html.contains("https://connect.agency.example/c/token"));
        }
    }
}
