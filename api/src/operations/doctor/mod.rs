//! Looks over an installation: what is set, what it stands on, and what to do about it, in plain words. It changes nothing in the
//! log, and says no secret.

mod credentials;
mod database;
mod mail;
mod own_apps;
mod settings;

use serde::Serialize;

use crate::config::Config;

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Well,
    /// Cannot be known from here.
    Hint,
    /// Works, and should be changed.
    Warning,
    /// Does not work, or loses data.
    Wrong,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub about: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do.
    pub advice: Option<String>,
}

impl Finding {
    fn new(about: &'static str, verdict: Verdict, found: impl Into<String>, advice: Option<String>) -> Self {
        let found = found.into();
        Self {
            about,
            verdict,
            found,
            advice,
        }
    }

    fn well(about: &'static str, found: impl Into<String>) -> Self {
        Self::new(about, Verdict::Well, found, None)
    }

    fn hint(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(about, Verdict::Hint, found, Some(advice.into()))
    }

    fn warning(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(about, Verdict::Warning, found, Some(advice.into()))
    }

    /// Something that must be changed.
    pub fn wrong(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(about, Verdict::Wrong, found, Some(advice.into()))
    }
}

/// Looks at everything.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = settings::examine(config);
    findings.push(mail::examine(config).await);
    findings.extend(database::examine(config).await);
    findings.push(Finding::hint(
        "backups",
        "their age cannot be known from here",
        "Take the database every day and the keyring once, keep the two apart, and try a restore.",
    ));
    findings
}
