//! Traces: what a collector learns of a request, and what it never learns.

use anyhow::Context;
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{CALLBACK_HOST, Collector, Issued, Needle, Stage, client},
    on_both_databases,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::flow::BAKERY;

const CALLERS_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLERS_STEP: &str = "00f067aa0ba902b7";
const HEADER: &str = "a-secret-of-the-collector";

on_both_databases!(
    an_issued_link_is_a_trace_of_its_caller_with_all_its_parts,
    nothing_that_is_traced_opens_anything_or_names_anybody,
);

/// A stage whose server sends this share of its requests to a collector.
async fn traced(database: Database, ratio: f64) -> anyhow::Result<(Stage, Collector)> {
    let (mut stage, collector) = (Stage::set(database).await?, Collector::start().await?);
    trace_to(&stage, &collector.endpoint, ratio)?;
    stage.server.restart().await?;
    Ok((stage, collector))
}

fn trace_to(stage: &Stage, endpoint: &str, ratio: f64) -> anyhow::Result<()> {
    let traces = format!(
        "\n[traces]\nendpoint = \"{endpoint}\"\nsample_ratio = {ratio:?}\nheaders = {{ authorization = \"Bearer {HEADER}\" }}\n"
    );
    stage.files.configure(&(stage.files.configuration()? + &traces))
}

fn named<'a>(spans: &'a [Value], name: &str) -> Option<&'a Value> {
    spans.iter().find(|span| span["name"] == name)
}

fn says(span: &Value, key: &str) -> Option<String> {
    let said = span["attributes"].as_array()?.iter().find(|said| said["key"] == key)?;
    let value = said["value"].as_object()?.values().next()?;
    value
        .as_str()
        .map_or_else(|| Some(value.to_string()), |text| Some(text.to_owned()))
}

/// A link that its caller traces.
async fn issue_traced(stage: &Stage, flags: &str) -> anyhow::Result<(String, Value)> {
    let place = stage.agency.bakery().await?;
    let body = json!({ "customer_id": place.customer, "location_id": place.location, "provider": "google" });
    let request = client()?
        .post(stage.url(CALLBACK_HOST, "/api/agency/v1/links")?)
        .bearer_auth(&stage.agency.key)
        .header("traceparent", format!("00-{CALLERS_TRACE}-{CALLERS_STEP}-{flags}"));
    let answer = request.json(&body).send().await?.error_for_status()?;
    let id = answer.headers()["x-request-id"].to_str()?.to_owned();
    Ok((id, answer.json().await?))
}

/// From the request to the views.
///
/// Mutant seen: without the commit's step, a part is missing, and this fails.
async fn an_issued_link_is_a_trace_of_its_caller_with_all_its_parts(database: Database) -> anyhow::Result<()> {
    // Only what its caller wants is traced here.
    let (stage, collector) = traced(database, 0.0).await?;
    let (request_id, _) = issue_traced(&stage, "01").await?;
    let route = "POST /api/agency/v1/links";
    let spans = collector
        .until(|spans| {
            let views = spans.iter().filter(|span| span["name"] == "view shows it").count();
            (named(spans, route).is_some() && views == projections::VIEWS.len()).then(|| spans.to_vec())
        })
        .await?;
    let request = named(&spans, route).context("no request")?;
    assert_eq!(request["parentSpanId"], CALLERS_STEP);
    assert_eq!(
        (&request["kind"], says(request, "http.response.status_code")),
        (&json!(2), Some("201".to_owned()))
    );
    assert_eq!(says(request, "grantlink.request_id"), Some(request_id.clone()));
    assert_eq!(says(request, "grantlink.agency").as_ref(), Some(&stage.agency.id));
    let command = named(&spans, "IssueLinks").context("no command")?;
    assert_eq!(command["parentSpanId"], request["spanId"]);
    for part in ["decide", "commit"] {
        let part = named(&spans, part).context("a part is missing")?;
        assert_eq!(part["parentSpanId"], command["spanId"]);
        assert!(nanos(part, "startTimeUnixNano")? >= nanos(command, "startTimeUnixNano")?);
        assert!(nanos(part, "endTimeUnixNano")? <= nanos(command, "endTimeUnixNano")?);
    }
    assert!(spans.iter().all(|span| span["traceId"] == CALLERS_TRACE), "{spans:#?}");
    // The line in the log leads to the trace, and back.
    let line = stage.server.said()?;
    let line = line
        .lines()
        .find(|line| line.contains(&request_id) && line.contains("served the call"));
    assert!(line.context("no line")?.contains(CALLERS_TRACE));
    let sent = &collector.received()[0];
    assert_eq!(sent.headers["authorization"], format!("Bearer {HEADER}"));
    Ok(())
}

fn nanos(span: &Value, key: &str) -> anyhow::Result<u64> {
    Ok(span[key].as_str().context("no time")?.parse()?)
}

/// OA-9, TI-4. Every request is traced: calls, pages, the sign-in with its calls of the provider.
///
/// Mutant seen: with the request's path in its step, a link's token and id are traced, and this fails.
async fn nothing_that_is_traced_opens_anything_or_names_anybody(database: Database) -> anyhow::Result<()> {
    let (mut stage, collector) = traced(database, 1.0).await?;
    let link = stage.agency.fresh_link().await?;
    stage.browser()?.complete(&link.url, "olive", BAKERY).await?;
    let revoked = stage.agency.fresh_link().await?;
    stage.agency.revoke(&revoked).await?;
    // What waits is sent before the server ends.
    stage.server.signal(rustix::process::Signal::INT)?;
    stage.server.ended().await?;
    let spans = collector.spans();
    for name in [
        "GET /c/{token}",
        "GET /c/return",
        "provider call",
        "CompleteLink",
        "RevokeLink",
        "GET /c/done",
    ] {
        assert!(named(&spans, name).is_some(), "no {name} in {spans:#?}");
    }
    for needle in needles(&stage, [&link, &revoked]) {
        for received in collector.received() {
            assert!(!needle.is_in(&received.body), "{} was traced", needle.name);
        }
    }
    assert!(!stage.server.said()?.contains(HEADER));
    Ok(())
}

fn needles(stage: &Stage, links: [&Issued; 2]) -> Vec<Needle> {
    let mut needles = vec![
        Needle::new("the API key", stage.agency.key.as_str()),
        Needle::new("the collector's header", HEADER),
        Needle::new("a person's name", "Olive"),
        Needle::new("a person's address", "olive@example.com"),
        Needle::new("a place", "Lamb Lane"),
        Needle::new("an access token", "ya29.a0"),
        Needle::new("a refresh token", "1//0g"),
        Needle::new("the client secret", "canary-client-secret"),
    ];
    for link in links {
        needles.push(Needle::new("a link's token", link.token()));
        needles.push(Needle::new("a link's id", link.id.as_str()));
    }
    needles
}

/// A stranger's `traceparent` on a page is nobody's, and without a key the API traces nothing for who asks for it.
///
/// Mutant: with the header read in both rooms, the page belongs to the stranger's trace, and this fails; with what a caller wants
/// traced before anybody knows who it is, the refused call does.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_names_no_trace_and_fills_no_queue() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let (mut stage, collector) = traced(database, 0.0).await?;
        let traceparent = format!("00-{CALLERS_TRACE}-{CALLERS_STEP}-01");
        let link = stage.agency.fresh_link().await?;
        let get = |url: reqwest::Url| anyhow::Ok(client()?.get(url).header("traceparent", &traceparent));
        assert_eq!(get(link.url.parse()?)?.send().await?.status(), StatusCode::OK);
        let refused = get(stage.url(CALLBACK_HOST, "/api/agency/v1/links")?)?.send().await?;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        issue_traced(&stage, "00").await?; // its caller does not want it
        stage.server.signal(rustix::process::Signal::INT)?;
        stage.server.ended().await?;
        assert_eq!(collector.spans(), Vec::<Value>::new());
        Ok(())
    })
    .await
}

/// What is lost is said once, and counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_holds_nobody_up_and_its_loss_is_counted() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        // It accepts connections, and says nothing.
        let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
        trace_to(&stage, &format!("http://{}", silent.local_addr()?), 1.0)?;
        stage.server.restart().await?;
        for _ in 0..20 {
            let began = std::time::Instant::now();
            stage.agency.fresh_link().await?;
            assert!(
                began.elapsed() < std::time::Duration::from_secs(3),
                "the collector was waited for"
            );
        }
        let lost = |figures: &str| {
            let line = figures
                .lines()
                .find_map(|line| line.strip_prefix("grantlink_trace_steps_dropped_total "));
            line.and_then(|count| count.parse::<u64>().ok()).unwrap_or(0)
        };
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while lost(&stage.probe("/metrics").await?.text) == 0 {
            anyhow::ensure!(std::time::Instant::now() < deadline, "no loss was counted");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await; // until the next question
        }
        stage.server.signal(rustix::process::Signal::INT)?;
        assert!(stage.server.ended().await?.success());
        assert!(stage.server.said()?.contains("the collector of traces takes no steps"));
        Ok(())
    })
    .await
}
