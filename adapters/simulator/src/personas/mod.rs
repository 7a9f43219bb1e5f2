//! The people who can sign in, one file each, and what makes each of them worth testing with.

mod bea;
mod max;
mod nadia;
mod olive;
mod uwe;

use std::collections::BTreeSet;

use crate::business_profile::model::{AccountKind, Address, BusinessAccount, Listing, Role, Standing};

/// Owns three listings in London: two can be picked, one is not verified yet.
pub const OLIVE: &str = "olive";
/// Has a Google account and no business at all.
pub const NADIA: &str = "nadia";
/// Manages 250 listings in groups that overlap, for an agency on Google Workspace.
pub const MAX: &str = "max";
/// Does not let anybody manage his listing: that box comes unticked.
pub const UWE: &str = "uwe";
/// Owns two listings in Bristol, which makes her the wrong account for everything of Olive's.
pub const BEA: &str = "bea";

/// Somebody with an account at the simulated Google.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// What forms and tests call them.
    pub id: String,
    /// The `sub` of identity tokens: it never changes, unlike the address.
    pub subject: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Always under a domain that nobody can own.
    pub email: String,
    /// The domain of a Google Workspace account, which callbacks and tokens call `hd`.
    pub workspace: Option<String>,
    /// What the pages tell about them.
    pub story: String,
    /// Scopes whose boxes are not ticked on their consent page.
    pub unticks: Vec<String>,
    /// What they manage.
    pub accounts: Vec<BusinessAccount>,
}

impl Persona {
    /// First and last name.
    pub fn name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }

    /// Every listing that they can reach, each once, in the order of their accounts.
    pub fn listings(&self) -> Vec<&Listing> {
        let mut seen = BTreeSet::new();
        let all = self.accounts.iter().flat_map(|account| &account.listings);
        all.filter(|listing| seen.insert(listing.id.as_str())).collect()
    }

    /// A `login_hint` is an e-mail address or a subject.
    pub(crate) fn is_meant_by(&self, hint: &str) -> bool {
        self.email.eq_ignore_ascii_case(hint) || self.subject == hint
    }

    pub(crate) fn initials(&self) -> String {
        [&self.given_name, &self.family_name]
            .into_iter()
            .filter_map(|name| name.chars().next())
            .collect()
    }
}

/// The whole cast, in the order in which the account chooser shows them.
pub fn everyone() -> Vec<Persona> {
    vec![olive::olive(), bea::bea(), max::max(), uwe::uwe(), nadia::nadia()]
}

/// A persona without Workspace, wishes or business, for the others to fill in.
fn person(id: &str, subject: &str, (given_name, family_name): (&str, &str), story: &str) -> Persona {
    Persona {
        id: id.to_owned(),
        subject: subject.to_owned(),
        given_name: given_name.to_owned(),
        family_name: family_name.to_owned(),
        email: format!("{id}@example.com"),
        workspace: None,
        story: story.to_owned(),
        unticks: Vec::new(),
        accounts: Vec::new(),
    }
}

fn personal_account(id: &str, name: &str, listings: Vec<Listing>) -> BusinessAccount {
    BusinessAccount {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: AccountKind::Personal,
        role: None,
        listings,
    }
}

fn group(id: String, name: String, role: Role, listings: Vec<Listing>) -> BusinessAccount {
    BusinessAccount {
        id,
        name,
        kind: AccountKind::LocationGroup,
        role: Some(role),
        listings,
    }
}

/// A verified listing with nothing but a name.
fn listing(id: &str, title: &str) -> Listing {
    Listing {
        id: id.to_owned(),
        title: title.to_owned(),
        store_code: None,
        address: None,
        serves: None,
        phone: None,
        website: None,
        standing: Standing::Verified,
        closed: false,
    }
}

fn british(line: &str, locality: &str, postal_code: &str) -> Address {
    address(("GB", "en"), line, locality, postal_code)
}

fn german(line: &str, locality: &str, postal_code: &str) -> Address {
    address(("DE", "de"), line, locality, postal_code)
}

fn address((region, language): (&str, &str), line: &str, locality: &str, postal_code: &str) -> Address {
    Address {
        region: region.to_owned(),
        language: language.to_owned(),
        postal_code: postal_code.to_owned(),
        locality: locality.to_owned(),
        line: line.to_owned(),
    }
}
