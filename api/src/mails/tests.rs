//! The words of mails.

use application::{
    agencies::Person,
    mail::{Broken, Content, Invited, Letter, LetterBrand, Stationery},
};
use chrono::{TimeZone, Utc};
use domain::grant::LossReason;
use strum::IntoEnumIterator;

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
    assert!(written.text.contains("Bright <Side> Marketing"), "{}", written.text);
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

fn broken(language: Option<&str>, reasons: &[LossReason], customers_are_asked: bool) -> Letter {
    let broken = |reason| {
        let Content::Invitation { mut links, .. } = letter(language, false, true).content else {
            unreachable!()
        };
        Broken {
            link: links.remove(0),
            customer: Some("Trattoria Roma".to_owned()),
            reason,
        }
    };
    Letter {
        content: Content::Reconnect {
            broken: reasons.iter().copied().map(broken).collect(),
            customers_are_asked,
        },
        ..letter(language, false, true)
    }
}

/// A44, A47: what, whose, why, and what to do, in the member's language.
#[test]
fn a_member_reads_what_broke_and_why_and_has_the_links_to_send_on() {
    let write = |letter: &Letter| AgencyStationery.write(letter).unwrap();
    let one = write(&broken(None, &[LossReason::ExpiredOrRevoked], false));
    assert_eq!(
        one.subject,
        "Trattoria Roma: Google Business Profile needs a new sign-in"
    );
    for words in [
        "Send the link below on",
        "https://connect.agency.example/c/token",
        "Why: the access ended",
    ] {
        assert!(one.text.contains(words), "{words}: {}", one.text);
    }
    let several = write(&broken(
        Some("de"),
        &[LossReason::AdminPolicy, LossReason::Unused],
        true,
    ));
    assert_eq!(several.subject, "2 Verbindungen brauchen eine neue Anmeldung");
    for words in [
        "bereits per Mail gebeten",
        "erlaubt den Zugang zurzeit nicht",
        "weil er lange nicht benutzt",
    ] {
        assert!(several.text.contains(words), "{words}: {}", several.text);
    }
    for reason in LossReason::iter() {
        let text = write(&broken(None, &[reason], false)).text;
        assert!(
            !text.contains("you revoked") && !text.contains("error"),
            "{reason}: {text}"
        );
    }
}
