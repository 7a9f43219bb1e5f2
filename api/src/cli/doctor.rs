//! `grantlink doctor`.

use std::process::ExitCode;

use clap::Args;

use crate::{
    config::Config,
    operations::doctor::{Finding, Verdict, examine},
};

/// Looks over an installation. Exit code 0: all is well; 1: something should be changed; 2: something must be.
#[derive(Args)]
pub(super) struct Doctor {
    /// As JSON, for software.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, config: anyhow::Result<Config>) -> anyhow::Result<ExitCode> {
        let findings = match config {
            Ok(config) => examine(&config).await,
            Err(error) => vec![Finding::wrong(
                "configuration",
                super::told(&error),
                "Correct it, and run this again.",
            )],
        };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&findings)?);
        } else {
            findings.iter().for_each(tell);
        }
        Ok(match findings.iter().map(|finding| finding.verdict).max() {
            Some(Verdict::Wrong) => ExitCode::from(2),
            Some(Verdict::Warning) => ExitCode::from(1),
            _ => ExitCode::SUCCESS,
        })
    }
}

fn tell(finding: &Finding) {
    let verdict = match finding.verdict {
        Verdict::Well => "ok     ",
        Verdict::Hint => "hint   ",
        Verdict::Warning => "warning",
        Verdict::Wrong => "WRONG  ",
    };
    println!("{verdict} {}: {}", finding.about, finding.found);
    if let Some(advice) = &finding.advice {
        println!("        {advice}");
    }
}
