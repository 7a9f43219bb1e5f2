//! Crates that must not be in the tree, on no system, or only once.

use super::metadata::{Metadata, Package};
use super::policy::{Ban, Bans};

pub(super) fn check(metadata: &Metadata, bans: &Bans) -> Vec<String> {
    bans.deny.iter().filter_map(|ban| broken(metadata, ban)).collect()
}

fn broken(metadata: &Metadata, ban: &Ban) -> Option<String> {
    let found: Vec<_> = metadata
        .packages
        .iter()
        .filter(|package| package.name == ban.name)
        .collect();
    let allowed = usize::from(ban.deny_multiple_versions);
    (found.len() > allowed).then(|| {
        let versions: Vec<_> = found.iter().map(|package| package.version.as_str()).collect();
        let by = named_by(metadata, &found);
        format!(
            "{} {} is in the tree, named by {by}: {}",
            ban.name,
            versions.join(" and "),
            ban.reason
        )
    })
}

fn named_by(metadata: &Metadata, found: &[&Package]) -> String {
    let names = |package: &&Package| {
        package
            .dependencies
            .iter()
            .any(|dependency| found.iter().any(|found| found.name == dependency.name))
    };
    let users: Vec<_> = metadata
        .packages
        .iter()
        .filter(names)
        .map(|package| package.name.as_str())
        .collect();
    users.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Bans {
        let ban = |name: &str, deny_multiple_versions| Ban {
            name: name.into(),
            deny_multiple_versions,
            reason: "why".into(),
        };
        Bans {
            deny: vec![ban("openssl-sys", false), ban("sqlx-core", true)],
        }
    }

    #[test]
    fn a_banned_crate_is_found_with_the_crate_that_brought_it() {
        let metadata = vec![
            Package::named("openssl-sys", &[]),
            Package::named("curl", &["openssl-sys"]),
        ]
        .into();
        assert_eq!(
            check(&metadata, &policy()),
            ["openssl-sys 1.0.0 is in the tree, named by curl: why"]
        );
    }

    #[test]
    fn the_first_sqlx_is_welcome_and_the_second_is_found() {
        let one = vec![Package::named("sqlx-core", &[])].into();
        assert_eq!(check(&one, &policy()), Vec::<String>::new());
        let two = vec![Package::named("sqlx-core", &[]), Package::named("sqlx-core", &[])].into();
        assert_eq!(check(&two, &policy()).len(), 1);
    }
}
