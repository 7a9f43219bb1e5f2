//! What cargo says that it built.

use std::path::PathBuf;

use serde::Deserialize;

/// One of cargo's messages.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// The binary that a message is about, by its name; nothing for anything else, a binary's own tests included.
pub(crate) fn binary(message: &str) -> Option<(String, PathBuf)> {
    let artifact: Artifact = serde_json::from_str(message).ok()?;
    let is_binary = artifact.target.kind.contains(&"bin".into()) && !artifact.profile.test;
    artifact
        .executable
        .filter(|_| is_binary)
        .map(|path| (artifact.target.name, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_told_from_its_own_tests() {
        let message = |test, kind| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"grantlink","kind":["{kind}"]}},"profile":{{"test":{test}}},"executable":"/x"}}"#
            )
        };
        assert_eq!(
            binary(&message(false, "bin")),
            Some(("grantlink".to_owned(), "/x".into()))
        );
        assert_eq!(binary(&message(true, "bin")), None);
        assert_eq!(binary(&message(false, "lib")), None);
        assert_eq!(binary(r#"{"reason":"build-finished"}"#), None);
    }
}
