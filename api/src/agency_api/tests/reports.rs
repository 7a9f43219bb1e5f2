//! What happened on a day, and who could use what on it. It begins on Saturday 21 November 2026, at 10:00 UTC.

use chrono::TimeDelta;
use domain::{
    agency::ApiKeyScope,
    grant::LossReason,
    ids::{GrantId, Mode},
    integration::IntegrationCommand,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Agency, Answer, Call, World,
    world::{TODAY, text},
};

/// An answer to a command, so that a read can wait for all that happened before.
async fn witness(world: &World, agency: &Agency) -> Answer {
    let call = Call::post("/customers").key(&agency.key);
    world.send(call.json(&json!({"name": "A witness"}))).await
}

async fn asked(world: &World, agency: &Agency, path: &str) -> Answer {
    let now = witness(world, agency).await;
    world.send(Call::get(path).key(&agency.key).after(&now)).await
}

async fn rows(world: &World, agency: &Agency, path: &str) -> Vec<Value> {
    let report = asked(world, agency, path).await.json(200);
    assert_eq!(report["time_zone"], "UTC");
    report["data"].as_array().unwrap().clone()
}

fn numbers(row: &Value, of: &[&str]) -> Vec<Value> {
    of.iter().map(|name| row[*name].clone()).collect()
}

/// One link that connects after 30 minutes, one that is revoked, one whose time comes in a week.
async fn three_links(world: &World, agency: &Agency) -> Value {
    let places = [world.place(&agency.key).await, world.place(&agency.key).await];
    let link = world.issue(&agency.key, &places[0].link()).await.json(201);
    let other = world.issue(&agency.key, &places[1].link()).await.json(201);
    let revoke = format!("/links/{}/revoke", text(&other["id"]));
    let call = Call::post(&revoke).key(&agency.key).json(&json!({}));
    world.send(call).await.json(200);
    let forgotten = world.place(&agency.key).await;
    world.issue(&agency.key, &forgotten.link()).await.json(201);
    world.clock.advance(TimeDelta::minutes(30));
    world.connect(agency, &link["id"]).await;
    link
}

/// A41: the funnel of a day, how long connecting took, and for how long the connection was there: on each day up to its midnight,
/// and today up to now. A link that nobody touches expires by the clock alone.
/// Mutant: with connections not cut at midnight this fails.
#[tokio::test]
async fn a_day_is_told_in_figures_and_a_connection_counts_on_each_of_its_days() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    three_links(&world, &agency).await;
    world.clock.advance(TimeDelta::hours(25));
    let days = rows(&world, &agency, "/reports/days?from=2026-11-20&to=2026-11-22").await;
    assert_eq!(days.len(), 2, "{days:#?}");
    let counted = [
        "day",
        "issued",
        "started",
        "completed",
        "revoked",
        "declined",
        "expired",
    ];
    assert_eq!(
        numbers(&days[0], &counted),
        [json!(TODAY), json!(3), json!(1), json!(1), json!(1), json!(0), json!(0)]
    );
    assert_eq!(
        (&days[0]["provider"], &days[0]["member"]),
        (&"google".into(), &"Anna Berg".into())
    );
    let took = [
        "median_minutes_to_connect",
        "p90_minutes_to_connect",
        "connected_minutes",
    ];
    assert_eq!(
        numbers(&days[0], &took),
        [json!(30.0), json!(30.0), json!(13 * 60 + 30)]
    );
    assert_eq!(days[0]["failed"]["denied"], 0);
    assert_eq!(
        numbers(&days[1], &took),
        [json!(null), json!(null), json!(11 * 60 + 30)]
    );

    let total = "/reports/days?from=2026-11-01&to=2026-11-30&group_by=total";
    let expired = async || rows(&world, &agency, total).await[0]["expired"].clone();
    assert_eq!(expired().await, 0);
    world.clock.advance(TimeDelta::days(7));
    assert_eq!(expired().await, 1);
    let only = rows(&world, &agency, &format!("{total}&provider=facebook")).await;
    assert!(only.is_empty(), "{only:?}");
}

/// How long repairs took: on the day on which they were done, and how long the connection did not work on each day.
#[tokio::test]
async fn what_broke_and_was_repaired_counts_on_its_day_with_how_long_it_took() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let link = three_links(&world, &agency).await;
    world.clock.advance(TimeDelta::hours(12)); // half past ten in the evening
    let (grant, reason) = (GrantId(Uuid::from_u128(9)), LossReason::ExpiredOrRevoked);
    let integration = &link["integration_id"];
    let lost = IntegrationCommand::Break { grant, reason };
    world.finds(&agency, integration, lost).await;
    world.clock.advance(TimeDelta::hours(2));
    world
        .finds(&agency, integration, IntegrationCommand::Recover { grant })
        .await;
    world.clock.advance(TimeDelta::hours(1));
    let days = rows(
        &world,
        &agency,
        "/reports/days?from=2026-11-21&to=2026-11-22&group_by=day",
    )
    .await;
    let told = [
        "broken",
        "repaired",
        "broken_minutes",
        "median_minutes_to_repair",
        "p90_minutes_to_repair",
    ];
    let (none, two_hours) = (json!(null), json!(120.0));
    assert_eq!(
        numbers(&days[0], &told),
        [json!(1), json!(0), json!(90), none.clone(), none]
    );
    assert_eq!(
        numbers(&days[1], &told),
        [json!(0), json!(1), json!(30), two_hours.clone(), two_hours]
    );
    assert_eq!(days[1]["connected_minutes"], 90);
    let access = rows(&world, &agency, &format!("/reports/access?date={TODAY}")).await;
    assert!(
        access.iter().any(|row| row["broken"] == "expired_or_revoked"),
        "{access:?}"
    );
}

/// The same figures as a table; `null` is an empty cell.
#[tokio::test]
async fn a_report_of_days_is_a_table_too() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    three_links(&world, &agency).await;
    let path = format!("/reports/days?from={TODAY}&to={TODAY}&group_by=provider&format=csv");
    let csv = asked(&world, &agency, &path).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let text = csv.text();
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert!(
        lines[0].starts_with("day,provider,member_id,member,issued,opened,"),
        "{text}"
    );
    assert_eq!(lines[1], ",google,,,3,0,0,1,1,0,0,1,0,0,0,0,0,0,0,0,0,30,30,0,0,0,0,,");
    assert_eq!(lines.len(), 2);
}

/// Who could use a connection: the member in person, and each key with the scope, from its issue to its end. What was connected
/// through an earlier link counts until the later one took its place.
/// Mutants: with a revoked key's end left out, and with every key listed whatever its scopes, this fails.
#[tokio::test]
async fn who_could_use_a_connection_on_a_day_is_told_with_from_and_until() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let _blind = world.key(&agency, Mode::Live, [ApiKeyScope::AuditRead]).await;
    let _elsewhere = world.key(&agency, Mode::Test, [ApiKeyScope::IntegrationsRead]).await;
    let link = three_links(&world, &agency).await;
    world.clock.advance(TimeDelta::hours(1));
    let second = world.key(&agency, Mode::Live, [ApiKeyScope::IntegrationsRead]).await;
    world.clock.advance(TimeDelta::hours(1));
    world.revoke_key(&agency, &second).await;
    world.clock.advance(TimeDelta::days(1));

    let path = format!("/reports/access?date={TODAY}");
    let who = rows(&world, &agency, &path).await;
    let told = ["api_key", "from", "until"];
    let at = |time: &str| json!(format!("2026-11-{time}:00Z"));
    let seen: Vec<_> = who.iter().map(|row| numbers(row, &told)).collect();
    assert_eq!(
        seen,
        [
            vec![json!(null), at("21T10:30"), at("22T00:00")],
            vec![json!(1), at("21T10:30"), at("22T00:00")],
            vec![json!(4), at("21T11:30"), at("21T12:30")],
        ],
        "{who:#?}"
    );
    for row in &who {
        let names = numbers(row, &["member", "customer", "location", "listing_id", "via_link_id"]);
        let expected = json!(["Anna Berg", "Trattoria Roma", "Old Town", "locations/7", link["id"]]);
        assert_eq!(Value::from(names), expected);
    }
    assert!(
        rows(&world, &agency, "/reports/access?date=2026-11-20")
            .await
            .is_empty()
    );
    for nobody in [
        format!("customer_id={}", world.new_id()),
        format!("member_id={}", world.new_id()),
        "provider=facebook".into(),
    ] {
        assert!(
            rows(&world, &agency, &format!("{path}&{nobody}")).await.is_empty(),
            "{nobody}"
        );
    }
    let csv = asked(&world, &agency, &format!("{path}&format=csv")).await.text();
    assert!(csv.contains(
        "2026-11-21T10:30:00.000000Z,2026-11-22T00:00:00.000000Z,Anna Berg,owner,,Trattoria Roma,Old Town,google,"
    ));
}

/// API-1: what cannot be answered is said so, never a 500.
#[tokio::test]
async fn a_report_that_makes_no_sense_is_refused() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    for wrong in [
        "/reports/days",
        "/reports/days?from=2026-11-21&to=2026-11-20",
        "/reports/days?from=2025-01-01&to=2026-11-20",
        "/reports/days?from=2026-11-22&to=2026-11-22",
        "/reports/days?from=1969-12-31&to=1970-01-02",
        "/reports/days?from=2026-11-20&to=+262142-12-31",
        "/reports/days?from=2026-11-20&to=2026-11-21&group_by=customer",
        "/reports/days?from=2026-11-20&to=2026-11-21&group_by=total,day",
        "/reports/days?from=2026-11-20&to=2026-11-21&format=xlsx",
        "/reports/access",
        "/reports/access?date=2026-11-22",
        "/reports/access?date=yesterday",
        "/reports/access?date=2026-11-21&customer_id=7",
    ] {
        let refused = world.send(Call::get(wrong).key(&agency.key)).await;
        assert_eq!(refused.status.as_u16(), 400, "{wrong}: {}", refused.text());
        refused.problem(400, "/problems/invalid-query");
    }
}
