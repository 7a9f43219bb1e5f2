//! A secret is laid open where it is sealed, opened, sent or compared, and nowhere else. Each of these rooms is named here, so that a new one
//! is looked at by somebody.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::files;

/// What lays a secret open.
const OPENS: &str = "expose_secret";

/// Folders, which end in a slash, and files.
const ROOMS: [&str; 27] = [
    "adapters/src/mail/session.rs",
    "adapters/src/postgres/mod.rs",
    "adapters/src/providers/",
    "adapters/src/traces/config.rs",
    "adapters/src/vault/",
    "api/src/agency_api/credentials/",
    "api/src/agency_api/mail/body.rs",
    "api/src/agency_api/provider_apps.rs",
    "api/src/cli/agency.rs",
    "api/src/cli/demo/words.rs",
    "api/src/config/validate.rs",
    "api/src/connect/sign_in.rs",
    "api/src/installation/",
    "api/src/operations/doctor/settings.rs",
    "application/src/agencies/api_key.rs",
    "application/src/agencies/apps.rs",
    "application/src/credentials/",
    "application/src/erasure/receipts.rs",
    "application/src/flow/",
    "application/src/idempotency.rs",
    "application/src/integrations/connectors.rs",
    "application/src/links/reveal.rs",
    "application/src/mail/account.rs",
    "application/src/personal.rs",
    "application/src/ports/mail.rs",
    "application/src/ports/provider.rs",
    "tests/",
];
/// Tests lay open what they made up.
const TESTS: [&str; 2] = ["/tests/", "/stories/"];

pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for path in files::rust(root)? {
        let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        // This file names the word.
        if shown.starts_with("xtask/") || is_known(&shown) {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        if let Some((number, _)) = text.lines().enumerate().find(|(_, line)| line.contains(OPENS)) {
            let line = number + 1;
            findings.push(format!(
                "{shown}:{line} lays a secret open; if it must, name it in xtask/src/check/secrets.rs"
            ));
        }
    }
    Ok(findings)
}

fn is_known(shown: &str) -> bool {
    let is_room = |room: &str| shown == room || room.ends_with('/') && shown.starts_with(room);
    ROOMS.iter().any(|room| is_room(room)) || TESTS.iter().any(|part| shown.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_nobody_named_is_found() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "api/src/pages/done.rs",
            "adapters/src/vault/blob.rs",
            "domain/src/stories/one.rs",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "//\nshow(token.expose_secret())\n").unwrap();
        }
        assert_eq!(
            check(root.path()).unwrap(),
            ["api/src/pages/done.rs:2 lays a secret open; if it must, name it in xtask/src/check/secrets.rs"]
        );
    }

    #[test]
    fn the_rooms_of_this_repository_are_the_ones_that_are_named() {
        assert_eq!(check(crate::cargo::root()).unwrap(), Vec::<String>::new());
    }
}
