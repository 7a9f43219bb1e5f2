//! Every crate can be used under licences that `deny.toml` allows. Reads SPDX expressions: `A OR B`, `A AND (B OR C)`,
//! `A WITH exception`, and the old `A/B`.

use super::metadata::{Metadata, Package};
use super::policy::Licenses;

pub(super) fn check(metadata: &Metadata, licenses: &Licenses) -> Vec<String> {
    metadata
        .packages
        .iter()
        .filter_map(|package| refused(package, licenses))
        .collect()
}

fn refused(package: &Package, licenses: &Licenses) -> Option<String> {
    let Some(expression) = &package.license else {
        return Some(format!("{} {} states no licence", package.name, package.version));
    };
    let excepted = licenses
        .exceptions
        .iter()
        .filter(|exception| exception.name == package.name);
    let allowed: Vec<_> = excepted
        .flat_map(|exception| &exception.allow)
        .chain(&licenses.allow)
        .collect();
    let is_allowed = |licence: &str| allowed.iter().any(|allowed| *allowed == licence);
    (!satisfied(expression, &is_allowed)).then(|| {
        format!(
            "{} {}: {expression} is not in the allow list of deny.toml",
            package.name, package.version
        )
    })
}

/// Whether the expression can be met with allowed licences. What cannot be read is not met.
fn satisfied(expression: &str, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, is_allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = all(words, is_allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, is_allowed);
    }
    met
}

fn all(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut met = one(words, is_allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, is_allowed);
    }
    met
}

fn one(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        let met = any(words, is_allowed);
        return words.next() == Some(")") && met;
    }
    if words.next_if_eq(&"WITH").is_some() {
        let exception = words.next().unwrap_or_default();
        return is_allowed(&format!("{word} WITH {exception}"));
    }
    is_allowed(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::policy::Exception;

    fn with_mit_and_isc(expression: &str) -> bool {
        satisfied(expression, &|licence| ["MIT", "ISC"].contains(&licence))
    }

    #[test]
    fn one_allowed_choice_is_enough_and_every_part_is_needed() {
        for met in [
            "MIT",
            "GPL-3.0 OR MIT",
            "GPL-3.0/MIT",
            "MIT AND ISC",
            "ISC AND (GPL-3.0 OR MIT)",
            "(MIT)",
        ] {
            assert!(with_mit_and_isc(met), "{met}");
        }
        for not_met in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "ISC AND (GPL-3.0 OR X)",
            "MIT WITH strings",
            "MIT ISC",
            "(MIT",
            "",
        ] {
            assert!(!with_mit_and_isc(not_met), "{not_met}");
        }
    }

    #[test]
    fn an_exception_counts_for_its_crate_alone() {
        let copyleft = |name: &str| Package {
            license: Some("MPL-2.0".into()),
            ..Package::named(name, &[])
        };
        let exceptions = vec![Exception {
            name: "driver".into(),
            allow: vec!["MPL-2.0".into()],
        }];
        let licenses = Licenses {
            allow: vec!["MIT".into()],
            exceptions,
        };
        let found = check(&vec![copyleft("driver"), copyleft("other")].into(), &licenses);
        assert_eq!(found, ["other 1.0.0: MPL-2.0 is not in the allow list of deny.toml"]);
    }

    #[test]
    fn a_crate_that_states_no_licence_is_found() {
        let silent = Package {
            license: None,
            ..Package::named("silent", &[])
        };
        let licenses = Licenses {
            allow: vec![],
            exceptions: vec![],
        };
        assert_eq!(
            check(&vec![silent].into(), &licenses),
            ["silent 1.0.0 states no licence"]
        );
    }
}
