//! Scope strings: what may be asked for, what Google makes of the short forms, what can be unticked.

use std::collections::BTreeSet;
use std::fmt;

pub(crate) const OPENID: &str = "openid";
pub(crate) const EMAIL: &str = "https://www.googleapis.com/auth/userinfo.email";
pub(crate) const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";
pub(crate) const BUSINESS_MANAGE: &str = "https://www.googleapis.com/auth/business.manage";

const SIGN_IN: [&str; 3] = [OPENID, EMAIL, PROFILE];

/// A set of scopes in the long form that Google answers with, whatever form was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads a space-separated list, or names the scopes that do not exist.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let (known, unknown): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|scope| exists(scope));
        if unknown.is_empty() {
            Ok(known.into_iter().map(long_form).collect())
        } else {
            Err(unknown.into_iter().map(str::to_owned).collect())
        }
    }

    pub(crate) fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn covers(&self, others: &Self) -> bool {
        self.0.is_superset(&others.0)
    }

    pub(crate) fn with(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).cloned().collect())
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().cloned());
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(crate) fn sign_in(&self) -> Self {
        self.iter()
            .filter(|scope| is_sign_in(scope))
            .map(str::to_owned)
            .collect()
    }

    /// The scopes beyond signing in, each of which gets a box of its own.
    pub(crate) fn beyond_sign_in(&self) -> Self {
        self.iter()
            .filter(|scope| !is_sign_in(scope))
            .map(str::to_owned)
            .collect()
    }

    /// Whether the consent page lets people choose: not when there is only one thing to say yes to.
    pub(crate) fn can_be_unticked(&self) -> bool {
        self.0.len() > 1 && !self.beyond_sign_in().is_empty()
    }

    /// The callback carries the short forms as well as the long ones, unlike the token answer.
    pub(crate) fn in_callback(&self) -> String {
        let short = [("email", EMAIL), ("profile", PROFILE)];
        let short = short
            .into_iter()
            .filter(|(_, long)| self.contains(long))
            .map(|(short, _)| short);
        short.chain(self.iter()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn to_vec(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

impl FromIterator<String> for Scopes {
    fn from_iter<I: IntoIterator<Item = String>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

/// Space-separated, as in the token answer.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_vec().join(" "))
    }
}

/// What the consent page says about a scope.
pub(crate) fn description(scope: &str) -> &str {
    match scope {
        OPENID => "Associate you with your personal info",
        EMAIL => "See your primary email address",
        PROFILE => "See your personal info, including any you have made publicly available",
        BUSINESS_MANAGE => "See, edit, create and delete your business listings",
        other => other,
    }
}

fn is_sign_in(scope: &str) -> bool {
    SIGN_IN.contains(&scope)
}

fn exists(scope: &str) -> bool {
    matches!(scope, "openid" | "email" | "profile" | "https://mail.google.com/")
        || scope
            .strip_prefix("https://www.googleapis.com/auth/")
            .is_some_and(|rest| !rest.is_empty())
}

fn long_form(scope: &str) -> String {
    match scope {
        "email" => EMAIL,
        "profile" => PROFILE,
        other => other,
    }
    .to_owned()
}
