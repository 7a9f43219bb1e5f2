//! Scopes in one spelling, so that "was it granted?" is a plain subset check.

use std::collections::BTreeSet;

/// The scopes as a set of canonical names.
pub(in crate::providers) fn canonical<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> BTreeSet<String> {
    scopes
        .into_iter()
        .map(|scope| canonical_name(scope.as_ref()).to_owned())
        .filter(|scope| !scope.is_empty())
        .collect()
}

/// Google is asked for `email` and says that it granted `.../userinfo.email`. `OpenID`'s own name stands for both.
fn canonical_name(scope: &str) -> &str {
    match scope {
        "https://www.googleapis.com/auth/userinfo.email" => "email",
        "https://www.googleapis.com/auth/userinfo.profile" => "profile",
        other => other,
    }
}
