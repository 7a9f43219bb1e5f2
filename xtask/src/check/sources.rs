//! Code comes from the registry that `deny.toml` names, or from this repository.

use super::metadata::Metadata;
use super::policy::Sources;

pub(super) fn check(metadata: &Metadata, sources: &Sources) -> Vec<String> {
    let known = |source: &str| {
        source
            .strip_prefix("registry+")
            .is_some_and(|registry| sources.allow_registry.iter().any(|url| url == registry))
    };
    metadata
        .packages
        .iter()
        .filter_map(|package| match &package.source {
            Some(source) if known(source) => None,
            Some(source) => Some(format!("{} {} comes from {source}", package.name, package.version)),
            None if metadata.workspace_members.contains(&package.id) => None,
            None => Some(format!("{} is a folder outside of the workspace", package.name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::metadata::Package;

    #[test]
    fn a_crate_from_git_is_found() {
        let from = |source: &str| Package {
            source: Some(source.into()),
            ..Package::named("left", &[])
        };
        let metadata = vec![
            Package::named("ours", &[]),
            from("registry+https://registry.example/index"),
            from("git+https://git.example/left#0123"),
        ]
        .into();
        let sources = Sources {
            allow_registry: vec!["https://registry.example/index".into()],
        };
        assert_eq!(
            check(&metadata, &sources),
            ["left 1.0.0 comes from git+https://git.example/left#0123"]
        );
    }
}
