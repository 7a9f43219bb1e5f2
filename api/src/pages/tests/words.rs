//! Sentences that are promised word for word, and the choices that a page offers.

use super::{
    super::{Brand, Contact, InvalidContact, Invitation, Template},
    samples::{every_page, friendly, invitation},
};

fn named(wanted: &str) -> String {
    every_page(&friendly())
        .into_iter()
        .find(|(name, _)| name == wanted)
        .map(|(_, html)| html)
        .unwrap()
}

/// B36, A37: one page for every link that does not work, whoever may be asked for a new one.
#[test]
fn a_link_that_ended_says_so_in_the_promised_words() {
    for name in ["ended", "ended-offered", "ended-told"] {
        let html = named(name);
        assert!(html.contains("<h1>This link is no longer active</h1>"));
        assert!(html.contains("This connection link is invalid, has already been used, or has expired. Please contact your requester to get a new link."));
    }
    assert!(!named("ended").contains("<form"));
    assert!(named("ended-offered").contains("Ask for a new link"));
    assert!(named("ended-told").contains("We told <bdi>Bright Side Marketing</bdi>"));
}

/// B24, A31.
/// Mutant: with another heading in success.html this fails.
#[test]
fn success_is_said_in_the_promised_words() {
    assert!(named("success").contains("<h1>Connection created successfully</h1>"));
    assert!(named("success").contains("You can close this page now."));
}

/// A28, A32, B16 to B21: who asks for what, what it allows, and one button beside a quiet no.
/// Mutants: with the line about connecting any other app reworded in invitation.html, with the provider's icon taken out of it, or
/// with the connection's name taken out of it, this fails.
#[test]
fn an_invitation_says_who_asks_for_what_and_offers_one_button() {
    let html = named("invitation");
    for text in [
        "Google Business Profile",
        "Jana Weber",
        "jana@bright.example",
        "Café Luna, Hamburg",
        "Read your reviews and answer them for you",
        "This is the same as connecting any other app",
        "No password is shared",
        "You can withdraw it at any time",
        "I don’t know this sender",
        "Friday, 14 August 2026, 16:00 (UTC)",
        "Accept &amp; Connect</button>",
        "Reject</button>",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert_eq!(html.matches("class=\"button\"").count(), 1);
    assert!(html.contains("<svg class=\"tile\""), "the provider's icon");
    let words = friendly();
    let name = format!("<dt>Connection name</dt><dd dir=\"auto\">{}</dd>", words.title);
    assert!(named("invitation-facebook").contains(&name), "the connection's name");
}

/// B21: saying no by a button is the agency's choice, and no dead words are left of it.
#[test]
fn an_agency_may_leave_the_reject_button_out() {
    let words = friendly();
    let html = Invitation {
        can_reject: false,
        ..invitation(&words)
    }
    .render()
    .unwrap();
    assert!(!html.contains("Reject") && !html.contains("/decline"));
}

/// A1, A4: there is no field for a password anywhere.
/// Mutant: with a field of that type in any page's template this fails.
#[test]
fn no_page_asks_for_a_password() {
    for (name, html) in every_page(&friendly()) {
        assert!(!html.contains("type=\"password\""), "{name}");
    }
}

/// A17, A57, pain 22: never a bare empty list, and always a way to another account.
#[test]
fn an_account_without_listings_is_told_why_and_may_be_switched() {
    let html = named("picker-nothing");
    assert!(html.contains("We found no Business Profile in this account") && html.contains("Switch account"));
    assert!(html.contains("Nobody has claimed or verified it at Google yet"));
    assert!(html.contains("Your link still works"));
}

/// Pains 9, 22 and 35: the account is named, what cannot be picked is greyed with its reason, the likeliest is chosen already.
#[test]
fn the_picker_names_the_account_and_greys_what_cannot_be_picked() {
    let html = named("picker");
    assert!(html.contains("Signed in at Google as") && html.contains("owner@cafe-luna.example"));
    assert!(html.contains(r#"value="locations/1" required checked"#) && html.contains("Best match"));
    assert!(html.contains(r#"value="locations/4" required disabled"#) && html.contains("Not verified at Google yet"));
    assert!(html.contains(r#"name="confirm" value="locations/2""#));
    assert!(named("picker-many").contains("Showing 21–24 of 250"));
    assert!(named("picker-NotConfirmed").contains("Showing 1–4</span>"));
    assert!(named("picker-no-results").contains("/c/pick?attempt=at_0197%26x%3D1"));
}

/// Pain 22: a button that could do nothing is not shown.
#[test]
fn a_list_of_which_nothing_can_be_picked_has_no_button() {
    assert!(named("picker").contains("Connect this listing</button>"));
    assert!(!named("picker-blocked").contains("Connect this listing"));
    assert!(named("picker-blocked").contains("None of these can be connected"));
}

/// A small screen is not for a search through four entries.
#[test]
fn a_short_list_has_no_search_and_a_long_one_has() {
    assert!(!named("picker").contains("role=\"search\""));
    assert!(named("picker-many").contains("role=\"search\""));
}

#[test]
fn a_wait_is_told_in_minutes_and_rounded_up() {
    assert!(named("problem-TooManyTriesretry_after150").contains("Please wait 3 minutes"));
}

#[test]
fn a_contact_links_to_mail_phone_or_the_web_and_to_nothing_else() {
    assert_eq!(
        Contact::parse("help@bright.example").unwrap().href(),
        "mailto:help@bright.example"
    );
    assert_eq!(Contact::parse("+49 (40) 123-456").unwrap().href(), "tel:+4940123456");
    assert_eq!(
        Contact::parse("https://bright.example/help/").unwrap().label(),
        "bright.example/help"
    );
    for text in [
        "javascript:alert(1)",
        "http://bright.example",
        "a@b.c?bcc=d@e.f",
        "help@bright",
        "//evil.example",
        "12",
        "",
    ] {
        assert_eq!(Contact::parse(text), Err(InvalidContact), "{text}");
    }
}

#[test]
fn a_monogram_is_made_of_the_first_letters_of_two_words() {
    assert_eq!(Brand::monogram_of("Bright Side Marketing"), "BS");
    assert_eq!(Brand::monogram_of("  «études» "), "É");
    assert_eq!(Brand::monogram_of("!!"), "");
}

#[test]
fn a_page_runs_in_the_direction_of_its_language() {
    let page_in = |lang: &str| {
        let mut words = friendly();
        lang.clone_into(&mut words.brand.lang);
        invitation(&words).render().unwrap()
    };
    assert!(page_in("en-GB").contains(r#"<html lang="en-GB" dir="ltr">"#));
    assert!(page_in("ar").contains(r#"<html lang="ar" dir="rtl">"#));
}
