//! Arrows between our crates point down: api → adapters → projections → application → domain. The rules and the read
//! models stay free of databases and HTTP, so that they can be understood, and tested, alone.

use super::metadata::{Metadata, Package};

/// Which of our crates each one may name. A crate that is missing here has no place in the house yet.
const MAY_NAME: [(&str, &[&str]); 9] = [
    ("grantlink-domain", &[]),
    ("grantlink-application", &["grantlink-domain"]),
    ("grantlink-projections", &["grantlink-domain", "grantlink-application"]),
    (
        "grantlink-adapters",
        &[
            "grantlink-domain",
            "grantlink-application",
            "grantlink-projections",
            "grantlink-simulator", // what its connectors are tested against
        ],
    ),
    // The simulator plays somebody else's server: sharing our code would let it share our mistakes.
    ("grantlink-simulator", &[]),
    (
        "grantlink",
        &[
            "grantlink-domain",
            "grantlink-application",
            "grantlink-projections",
            "grantlink-adapters",
            "grantlink-simulator",
        ],
    ),
    (
        "grantlink-tests",
        &[
            "grantlink-domain",
            "grantlink-application",
            "grantlink-projections",
            "grantlink-adapters",
            "grantlink-simulator",
            "grantlink",
            "grantlink-load",
        ],
    ),
    // Shared with benchmarks of others, which stand outside the workspace: it knows nothing of us.
    ("grantlink-load", &[]),
    ("xtask", &[]),
];

const PURE: [&str; 2] = ["grantlink-domain", "grantlink-application"];
const OUTER_WORLD: [&str; 3] = ["sqlx", "axum", "reqwest"];

pub(super) fn check(metadata: &Metadata) -> Vec<String> {
    let ours: Vec<_> = metadata.members().map(|package| package.name.as_str()).collect();
    metadata
        .members()
        .flat_map(|package| upward(package, &ours).into_iter().chain(impure(package)))
        .collect()
}

fn upward(package: &Package, ours: &[&str]) -> Vec<String> {
    let Some((_, allowed)) = MAY_NAME.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{} has no place yet: say in xtask/src/check/arrows.rs what it may name",
            package.name
        )];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| ours.contains(&dependency.name.as_str()) && !allowed.contains(&dependency.name.as_str()))
        .map(|dependency| {
            format!(
                "{} must not depend on {}: arrows point down",
                package.name, dependency.name
            )
        })
        .collect()
}

fn impure(package: &Package) -> Vec<String> {
    if !PURE.contains(&package.name.as_str()) {
        return Vec::new();
    }
    package
        .dependencies
        .iter()
        .filter(|dependency| is_outer_world(&dependency.name))
        .map(|dependency| {
            format!(
                "{} must not depend on {}: that is the adapters' work",
                package.name, dependency.name
            )
        })
        .collect()
}

/// The crate itself, or one of its parts such as `sqlx-core`.
fn is_outer_world(name: &str) -> bool {
    OUTER_WORLD.iter().any(|banned| {
        name.strip_prefix(banned)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(packages: Vec<Package>) -> Vec<String> {
        check(&Metadata::from(packages))
    }

    #[test]
    fn the_house_as_designed_has_no_findings() {
        let found = findings(vec![
            Package::named("grantlink-domain", &["serde"]),
            Package::named("grantlink-application", &["grantlink-domain", "tokio"]),
            Package::named("grantlink-projections", &["grantlink-domain", "grantlink-application"]),
            Package::named("grantlink-adapters", &["grantlink-projections", "sqlx", "reqwest"]),
            Package::named("grantlink-simulator", &["axum"]),
            Package::named("grantlink", &["grantlink-adapters", "grantlink-simulator", "axum"]),
            Package::named("grantlink-tests", &["grantlink", "grantlink-simulator"]),
            Package::named("xtask", &["clap"]),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_upward_arrow_is_found() {
        let found = findings(vec![
            Package::named("grantlink-domain", &["grantlink-application"]),
            Package::named("grantlink-application", &[]),
        ]);
        assert_eq!(
            found,
            ["grantlink-domain must not depend on grantlink-application: arrows point down"]
        );
    }

    #[test]
    fn the_simulator_shares_none_of_our_code_and_the_inner_rooms_do_not_know_it() {
        let found = findings(vec![
            Package::named("grantlink-application", &["grantlink-simulator"]),
            Package::named("grantlink-simulator", &["grantlink-domain"]),
            Package::named("grantlink-domain", &[]),
        ]);
        assert_eq!(
            found,
            [
                "grantlink-application must not depend on grantlink-simulator: arrows point down",
                "grantlink-simulator must not depend on grantlink-domain: arrows point down",
            ]
        );
    }

    #[test]
    fn a_direct_dependency_of_domain_on_sqlx_or_a_part_of_it_is_found() {
        let found = findings(vec![Package::named(
            "grantlink-domain",
            &["sqlx", "axum-core", "sqlxyz"],
        )]);
        assert_eq!(
            found,
            [
                "grantlink-domain must not depend on sqlx: that is the adapters' work",
                "grantlink-domain must not depend on axum-core: that is the adapters' work",
            ]
        );
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        let found = findings(vec![Package::named("grantlink-helpers", &[])]);
        assert!(found[0].starts_with("grantlink-helpers has no place yet"), "{found:?}");
    }
}
