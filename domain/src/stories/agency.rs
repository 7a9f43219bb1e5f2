//! The agency: its members, hosts, looks and API keys.

use std::collections::BTreeSet;

use crate::{
    agency::{Agency, AgencyCommand, AgencyError, AgencyEvent, ApiKeyScope, Branding, Colour, InvalidColour, Role},
    host::HostName,
    ids::Mode,
    secret_hash::SecretHash,
    stories::fixtures::{facts, folded, given, host_name, member},
};

fn create(name: &str) -> AgencyCommand {
    AgencyCommand::Create { name: name.to_owned() }
}

fn created() -> AgencyEvent {
    AgencyEvent::Created {
        name: "Northwind".to_owned(),
    }
}

fn add_member(number: u8, role: Role) -> AgencyCommand {
    AgencyCommand::AddMember {
        member: member(number),
        role,
        personal: facts(),
    }
}

fn joined(number: u8, role: Role) -> AgencyEvent {
    AgencyEvent::MemberAdded {
        member: member(number),
        role,
        personal: facts(),
    }
}

fn issue_key(secret: &str, number: u8) -> AgencyCommand {
    AgencyCommand::IssueApiKey {
        secret_hash: SecretHash::of(secret),
        mode: Mode::Live,
        member: member(number),
        scopes: BTreeSet::from([ApiKeyScope::LinksWrite]),
    }
}

fn key_issued(number: u32, secret: &str) -> AgencyEvent {
    AgencyEvent::ApiKeyIssued {
        number,
        secret_hash: SecretHash::of(secret),
        mode: Mode::Live,
        member: member(1),
        scopes: BTreeSet::from([ApiKeyScope::LinksWrite]),
    }
}

fn revoke_key(number: u32) -> AgencyCommand {
    AgencyCommand::RevokeApiKey { number }
}

fn key_revoked(number: u32) -> AgencyEvent {
    AgencyEvent::ApiKeyRevoked { number }
}

fn branding(colour: &str) -> Branding {
    Branding {
        primary: Some(Colour::parse(colour).unwrap()),
        ..Branding::default()
    }
}

/// With an owner.
fn founded() -> Vec<AgencyEvent> {
    vec![created(), joined(1, Role::Owner)]
}

fn founded_and(more: &[AgencyEvent]) -> Vec<AgencyEvent> {
    [&founded()[..], more].concat()
}

#[test]
fn an_agency_is_created_once() {
    given::<Agency>(&[])
        .when(create("Northwind"))
        .then_expect_events(vec![created()]);
    given::<Agency>(&[created()])
        .when(create("Northwind"))
        .then_expect_error(AgencyError::AlreadyCreated);
    assert_eq!(folded::<Agency>(&[created()]).name(), Some("Northwind"));
}

#[test]
fn an_agency_has_a_name_of_one_to_120_characters() {
    for name in ["N", &"ü".repeat(120)] {
        assert!(
            given::<Agency>(&[]).when(create(name)).inspect_result().is_ok(),
            "{name}"
        );
    }
    for name in ["", " \t", &"ü".repeat(121)] {
        given::<Agency>(&[])
            .when(create(name))
            .then_expect_error(AgencyError::InvalidName);
    }
}

#[test]
fn nothing_can_be_done_with_an_agency_that_nobody_created() {
    let commands = [
        add_member(1, Role::Owner),
        issue_key("secret", 1),
        revoke_key(1),
        AgencyCommand::AddHost { host: host_name() },
        AgencyCommand::ChangeBranding {
            branding: branding("#102030"),
        },
    ];
    for command in commands {
        given::<Agency>(&[])
            .when(command)
            .then_expect_error(AgencyError::NotFound);
    }
    assert_eq!(folded::<Agency>(&[]).name(), None);
}

#[test]
fn members_join_once_and_only_they_have_a_role() {
    given::<Agency>(&founded())
        .when(add_member(2, Role::SalesAgent))
        .then_expect_events(vec![joined(2, Role::SalesAgent)]);
    given::<Agency>(&founded())
        .when(add_member(1, Role::SalesAgent))
        .then_expect_error(AgencyError::MemberKnown);
    let agency = folded::<Agency>(&founded_and(&[joined(2, Role::SalesAgent)]));
    assert_eq!(agency.role(member(1)), Some(Role::Owner));
    assert_eq!(agency.role(member(2)), Some(Role::SalesAgent));
    assert_eq!(agency.role(member(3)), None);
}

#[test]
fn the_first_owner_is_an_owner() {
    let history = [
        created(),
        joined(1, Role::SalesAgent),
        joined(2, Role::Owner),
        joined(3, Role::Owner),
    ];
    assert_eq!(folded::<Agency>(&history).first_owner(), Some(member(2)));
    assert_eq!(folded::<Agency>(&history[..2]).first_owner(), None);
}

#[test]
fn new_links_open_on_the_host_that_was_added_first() {
    let (first, second) = (host_name(), HostName::parse("links.northwind.example").unwrap());
    let add = |host: &HostName| AgencyCommand::AddHost { host: host.clone() };
    let added = |host: &HostName| AgencyEvent::HostAdded { host: host.clone() };
    let history = [created(), added(&first)];
    given::<Agency>(&history)
        .when(add(&second))
        .then_expect_events(vec![added(&second)]);
    given::<Agency>(&history).when(add(&first)).then_expect_events(vec![]);
    let agency = folded::<Agency>(&[&history[..], &[added(&second)]].concat());
    assert_eq!(agency.host(), Some(&first));
    assert!(agency.has_host(&second));
    assert!(!folded::<Agency>(&history).has_host(&second));
}

#[test]
fn the_look_changes_to_another_one_or_not_at_all() {
    let change = |colour| AgencyCommand::ChangeBranding {
        branding: branding(colour),
    };
    let changed = |colour| AgencyEvent::BrandingChanged {
        branding: branding(colour),
    };
    let history = [created(), changed("#102030")];
    given::<Agency>(&history)
        .when(change("#102031"))
        .then_expect_events(vec![changed("#102031")]);
    given::<Agency>(&history)
        .when(change("#102030"))
        .then_expect_events(vec![]);
    assert_eq!(folded::<Agency>(&history).branding(), &branding("#102030"));
}

#[test]
fn a_colour_is_a_number_sign_and_six_digits() {
    assert_eq!(Colour::parse("#A0b1C2").unwrap().as_str(), "#a0b1c2");
    for text in [
        "", "#", "a0b1c2", "#a0b1c", "#a0b1c22", "#a0b1cg", "#ü0b1c", "red", "#0;}x{",
    ] {
        assert_eq!(Colour::parse(text), Err(InvalidColour), "{text}");
    }
}

#[test]
fn keys_are_numbered_from_one_upwards() {
    assert_eq!(folded::<Agency>(&founded()).next_key_number(), 1);
    given::<Agency>(&founded())
        .when(issue_key("first", 1))
        .then_expect_events(vec![key_issued(1, "first")]);
    given::<Agency>(&founded_and(&[key_issued(1, "first")]))
        .when(issue_key("second", 1))
        .then_expect_events(vec![key_issued(2, "second")]);
}

/// A number names one key for ever: an old text can never open as a newer key.
///
/// Mutant: when revoking removes the key, this fails.
#[test]
fn a_revoked_keys_number_is_not_used_again() {
    given::<Agency>(&founded_and(&[key_issued(1, "first"), key_revoked(1)]))
        .when(issue_key("second", 1))
        .then_expect_events(vec![key_issued(2, "second")]);
}

/// Mutant: when `key` does not ask whether it was revoked, this fails.
#[test]
fn a_revoked_key_no_longer_opens_and_the_others_do() {
    let two = founded_and(&[key_issued(1, "first"), key_issued(2, "second")]);
    given::<Agency>(&two)
        .when(revoke_key(1))
        .then_expect_events(vec![key_revoked(1)]);
    let agency = folded::<Agency>(&[&two[..], &[key_revoked(1)]].concat());
    assert!(agency.key(1).is_none());
    assert_eq!(agency.key(2).map(|key| key.secret_hash), Some(SecretHash::of("second")));
    assert!(agency.key(3).is_none());
}

#[test]
fn revoking_a_key_twice_is_no_error_and_an_unknown_one_is() {
    let history = founded_and(&[key_issued(1, "first"), key_revoked(1)]);
    given::<Agency>(&history).when(revoke_key(1)).then_expect_events(vec![]);
    given::<Agency>(&history)
        .when(revoke_key(2))
        .then_expect_error(AgencyError::KeyUnknown);
}

/// B55: a key acts in the name of a member, so a stranger gets none.
#[test]
fn strangers_get_no_key() {
    given::<Agency>(&founded())
        .when(issue_key("secret", 2))
        .then_expect_error(AgencyError::MemberUnknown);
}

#[test]
fn the_log_learns_the_hash_of_a_keys_secret_and_nothing_else() {
    let stored = serde_json::to_string(&key_issued(1, "a secret of a key")).unwrap();
    assert!(!stored.contains("a secret of a key"));
    assert_ne!(SecretHash::of("a"), SecretHash::of("b"));
}

fn erase(number: u8, even_the_last_owner: bool) -> AgencyCommand {
    AgencyCommand::EraseMember {
        member: member(number),
        even_the_last_owner,
    }
}

fn erased(number: u8) -> AgencyEvent {
    AgencyEvent::MemberErased { member: member(number) }
}

/// VA-5. Mutant: when the keys stay, an erased person's software goes on in their name, and this fails.
#[test]
fn an_erased_members_keys_die_with_the_person() {
    given::<Agency>(&[
        created(),
        joined(1, Role::Owner),
        joined(2, Role::Owner),
        key_issued(1, "a"),
    ])
    .when(erase(1, false))
    .then_expect_events(vec![AgencyEvent::ApiKeyRevoked { number: 1 }, erased(1)]);
    let agency: Agency = folded(&[created(), joined(1, Role::Owner), joined(2, Role::Owner), erased(1)]);
    assert_eq!((agency.role(member(1)), agency.first_owner()), (None, Some(member(2))));
}

#[test]
fn the_last_owner_is_erased_only_where_that_is_meant() {
    let history = [created(), joined(1, Role::Owner), joined(2, Role::SalesAgent)];
    given::<Agency>(&history)
        .when(erase(1, false))
        .then_expect_error(AgencyError::LastOwner);
    given::<Agency>(&history)
        .when(erase(1, true))
        .then_expect_events(vec![erased(1)]);
    given::<Agency>(&history)
        .when(erase(2, false))
        .then_expect_events(vec![erased(2)]);
}

#[test]
fn an_erased_member_never_comes_back_under_the_same_id() {
    let history = [
        created(),
        joined(1, Role::Owner),
        joined(2, Role::SalesAgent),
        erased(2),
    ];
    given::<Agency>(&history)
        .when(erase(2, false))
        .then_expect_events(vec![]);
    given::<Agency>(&history)
        .when(erase(3, false))
        .then_expect_error(AgencyError::MemberUnknown);
    given::<Agency>(&history)
        .when(add_member(2, Role::SalesAgent))
        .then_expect_error(AgencyError::MemberKnown);
}
