//! The host: one owner per name, and what a name is.

use crate::{
    host::{Host, HostCommand, HostError, HostEvent, HostName, InvalidHostName},
    ids::{AgencyId, HostId, InstallationId},
    stories::fixtures::{agency, folded, given, host_name},
};

fn claim(agency: AgencyId) -> HostCommand {
    let name = host_name();
    HostCommand::Claim { agency, name }
}

fn claimed(agency: AgencyId) -> HostEvent {
    let name = host_name();
    HostEvent::Claimed { agency, name }
}

#[test]
fn a_free_name_is_claimed() {
    assert_eq!(folded::<Host>(&[]).owner(), None);
    given::<Host>(&[])
        .when(claim(agency(1)))
        .then_expect_events(vec![claimed(agency(1))]);
    assert_eq!(folded::<Host>(&[claimed(agency(1))]).owner(), Some(agency(1)));
}

#[test]
fn claiming_ones_own_name_again_is_no_error() {
    given::<Host>(&[claimed(agency(1))])
        .when(claim(agency(1)))
        .then_expect_events(vec![]);
}

/// Mutant: when a claim does not ask who owns the name, this fails.
#[test]
fn a_name_has_one_owner() {
    given::<Host>(&[claimed(agency(1))])
        .when(claim(agency(2)))
        .then_expect_error(HostError::TakenByAnother);
}

/// So that two spellings can never have two owners.
#[test]
fn every_spelling_of_a_name_leads_to_the_same_stream() {
    let installation = InstallationId(agency(9).0);
    let of = |text| HostId::of(installation, &HostName::parse(text).unwrap());
    for spelling in ["Connect.Example", "CONNECT.EXAMPLE.", " connect.example\n"] {
        assert_eq!(of(spelling), of("connect.example"), "{spelling:?}");
    }
    assert_ne!(of("connect.example"), of("connect-example"));
    assert_ne!(
        of("connect.example"),
        HostId::of(
            InstallationId(agency(8).0),
            &HostName::parse("connect.example").unwrap()
        )
    );
}

#[test]
fn names_are_read_in_lower_case_without_their_root_dot() {
    let (label, longest) = ("a".repeat(63), format!("{}.de", "ab.".repeat(83) + "a"));
    for (text, name) in [
        ("localhost", "localhost"),
        ("Connect.Northwind.EXAMPLE", "connect.northwind.example"),
        ("connect.example.", "connect.example"),
        ("  connect.example\t", "connect.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a--b.example", "a--b.example"),
        ("10.0.0.1.example", "10.0.0.1.example"),
        ("1und1.example", "1und1.example"),
        ("0xcafe.0xg", "0xcafe.0xg"),
        (&label, &label),
        (&longest, &longest),
    ] {
        let read = HostName::parse(text);
        assert_eq!(read.as_ref().map(HostName::as_str), Ok(name), "{text:?}");
        assert_eq!(read.map(|read| read.to_string()), Ok(name.to_owned()));
    }
}

/// What a browser would take for an address is no name either: nobody may claim `127.1`.
///
/// Mutant: when only what Rust reads as an address is refused, this fails.
#[test]
fn what_is_no_name_is_refused() {
    let too_long = format!("{}.de", "ab.".repeat(83) + "ab");
    let long_label = format!("{}.example", "a".repeat(64));
    for text in [
        "",
        " ",
        ".",
        "..",
        ".example",
        "a..example",
        "connect.example..",
        "-a.example",
        "a-.example",
        "a_b.example",
        "a b.example",
        "a.example:8080",
        "a.example/path",
        "https://a.example",
        "user@a.example",
        "*.example",
        "a.example\u{0}",
        "bücher.example",
        "\u{212A}.example",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "a.0X",
        "a.123",
        "1.2.3.4.",
        "::1",
        "[::1]",
        &too_long,
        &long_label,
    ] {
        assert_eq!(HostName::parse(text), Err(InvalidHostName), "{text:?}");
    }
}

#[test]
fn a_stored_name_is_checked_like_any_other() {
    assert_eq!(
        serde_json::from_str::<HostName>("\"a.example\"").unwrap().as_str(),
        "a.example"
    );
    assert!(serde_json::from_str::<HostName>("\"127.0.0.1\"").is_err());
}
