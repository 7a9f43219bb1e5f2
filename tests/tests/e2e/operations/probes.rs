//! Probes, figures, and the request's line in the log.

use anyhow::Context;
use grantlink_tests::{
    conformance::{Database, Kind, Proxy, run},
    harness::{AGENCY_HOST, Browser, CALLBACK_HOST, Stage},
    on_both_databases,
};
use serde_json::Value;

use super::until_readyz;
use crate::flow::BAKERY;

on_both_databases!(
    probes_and_figures_answer_on_their_own_listener_alone,
    figures_and_request_lines_name_routes_and_nothing_that_opens_anything,
);

/// API-9. The public hosts know nothing of it.
///
/// Mutant: with the operators' routes merged into the public router, the last loop fails.
async fn probes_and_figures_answer_on_their_own_listener_alone(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    assert_eq!(stage.probe("/healthz").await?.status, 200);
    let ready = until_readyz(stage.files.operations(), 200).await?.json()?;
    for check in ["serving", "database", "migrations", "views"] {
        assert_eq!(ready["checks"][check]["ok"], true, "{ready}");
    }
    let figures = stage.probe("/metrics").await?;
    assert!(
        figures.headers["content-type"]
            .to_str()?
            .starts_with("application/openmetrics-text")
    );
    for name in [
        "grantlink_append_seconds_bucket",
        "grantlink_append_batch_commits_bucket",
        "grantlink_append_conflicts_total",
        "grantlink_append_queue_depth",
        "grantlink_append_refused_total",
        "grantlink_view_lag_events{view=\"link\"}",
        "grantlink_view_lag_seconds{view=\"link\"}",
        "grantlink_view_parked_keys{view=\"link\"}",
        "grantlink_http_connections",
        "grantlink_process_resident_memory_bytes",
        "grantlink_database_up 1",
    ] {
        assert!(figures.text.contains(name), "no {name} in {}", figures.text);
    }
    let mut browser = Browser::new()?;
    for host in [AGENCY_HOST, CALLBACK_HOST, "localhost"] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let page = browser.get(&stage.url(host, path)?).await?;
            assert!(
                page.status == 404 && !page.says("grantlink_"),
                "{host}{path}: {}",
                page.body
            );
        }
    }
    Ok(())
}

/// OA-9, TI-4. Mutant: with the path in place of the route, the token is in both, and this fails.
async fn figures_and_request_lines_name_routes_and_nothing_that_opens_anything(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    stage.browser()?.complete(&link.url, "olive", BAKERY).await?;
    stage.agency.link_now(&link).await?;
    let (figures, said) = (stage.probe("/metrics").await?.text, stage.server.said()?);
    for line in [
        r#"grantlink_http_requests_total{room="public",method="GET",route="/c/{token}",status="200"} 1"#,
        r#"grantlink_http_requests_total{room="api",method="POST",route="/api/agency/v1/links",status="201"} 1"#,
        r#"grantlink_sign_ins_total{outcome="started"} 1"#,
        r#"grantlink_sign_ins_total{outcome="connected"} 1"#,
    ] {
        assert!(figures.contains(line), "no {line} in {figures}");
    }
    for secret in [link.token(), stage.agency.key.as_str()] {
        assert!(!said.contains(secret) && !figures.contains(secret));
    }
    for id in [&link.id, &link.integration, &stage.agency.id] {
        assert!(!figures.contains(id.as_str()), "{id} is a label");
    }

    let lines: Vec<Value> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let line = |message: &str, route: &str| {
        let found = lines
            .iter()
            .find(|line| line["message"] == message && line["route"] == route);
        found.with_context(|| format!("no line of {route} in {said}"))
    };
    let call = line("served the call", "/api/agency/v1/links")?;
    assert_eq!(
        (&call["method"], &call["status"], &call["key"]),
        (&"POST".into(), &201.into(), &1.into())
    );
    assert_eq!(call["agency"], stage.agency.id.as_str());
    assert!(call["took_ms"].is_number() && call["request_id"].is_string(), "{call}");
    let page = line("served the page", "/c/{token}")?;
    assert_eq!((&page["method"], &page["status"]), (&"GET".into(), &200.into()));
    Ok(())
}

/// API-9. A database that is away takes the node out of service, and is no reason to restart it.
///
/// Mutant: with the database asked in `/healthz`, the node counts as dead too, and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_database_is_away_is_alive_and_not_ready() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut stage = Stage::set(database.clone()).await?;
        let line = Proxy::before(&database.url()?).await?;
        let configuration = stage.files.configuration()?.replace(&database.url()?, line.url());
        stage.files.configure(&configuration)?;
        stage.server.restart().await?;
        let port = stage.files.operations();
        until_readyz(port, 200).await?;

        line.is_down(true);
        let said = until_readyz(port, 503).await?.json()?;
        assert_eq!(said["checks"]["database"]["ok"], false, "{said}");
        assert_eq!(said["checks"]["serving"]["ok"], true, "{said}");
        assert_eq!(stage.probe("/healthz").await?.status, 200);
        assert!(stage.probe("/metrics").await?.text.contains("grantlink_database_up 0"));

        line.is_down(false);
        until_readyz(port, 200).await?;
        stage.agency.fresh_link().await?;
        Ok(())
    })
    .await
}
