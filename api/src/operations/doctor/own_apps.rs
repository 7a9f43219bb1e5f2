//! Apps that agencies registered at providers themselves: whether the providers still know them. Nobody signs in for that.

use std::time::Duration;

use application::{App, agencies::KeptApp, ports::provider::ProviderError};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::Finding;
use crate::{config::Config, installation::Installation};

const ABOUT: &str = "agencies' own apps";
const LONGEST: Duration = Duration::from_secs(20);
/// So many are asked about, and so many at a time.
const MOST: usize = 200;
const AT_ONCE: usize = 8;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let looked = timeout(LONGEST, look(config)).await;
    let unknown = |why: String| vec![Finding::hint(ABOUT, why, "Run this again once the rest is well.")];
    match looked {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => unknown(format!("they could not be looked at: {error}")),
        Err(_) => unknown("their providers did not answer in time".to_owned()),
    }
}

async fn look(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let installation = Installation::open(config).await?;
    let findings = ask(&installation.app).await;
    installation.close().await;
    findings
}

async fn ask(app: &App) -> anyhow::Result<Vec<Finding>> {
    let kept = app.kept_apps().await?;
    let asked: Vec<_> = kept.iter().take(MOST).map(|kept| is_refused(app, kept)).collect();
    let found = stream::iter(asked).buffered(AT_ONCE).filter_map(std::future::ready);
    let mut findings: Vec<Finding> = found.collect().await;
    if kept.len() > MOST {
        let found = format!("only {MOST} of {} were looked at", kept.len());
        findings.push(Finding::hint(
            ABOUT,
            found,
            "An agency's own report is GET /providers/{provider}/app.",
        ));
    }
    if findings.is_empty() && !kept.is_empty() {
        findings.push(Finding::well(
            ABOUT,
            format!("{} are known to their providers", kept.len()),
        ));
    }
    Ok(findings)
}

/// A provider that is away says nothing about an app.
async fn is_refused(app: &App, kept: &KeptApp) -> Option<Finding> {
    let connector = app.connector_for(&kept.provider, &kept.app).await.ok()?;
    let Err(ProviderError::Misconfigured(_)) = connector.check_app().await else {
        return None;
    };
    let use_of_it = if kept.is_in_use {
        "its sign-ins and renewals fail"
    } else {
        "what was granted to it before cannot be renewed"
    };
    let found = format!(
        "{} refuses the app {} of agency {}: {use_of_it}",
        kept.provider, kept.app.client_id, kept.app.owner
    );
    let advice = "The agency compares id and secret with the provider's console, and sets them with PUT /providers/{provider}/app.";
    Some(Finding::warning(ABOUT, found, advice))
}
