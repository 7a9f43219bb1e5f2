//! What happens by itself, as a tenant sees it.

use serde_json::Value;

use super::{Call, World, world::text};

fn ids(list: &Value) -> Vec<String> {
    let jobs = list["data"].as_array().unwrap();
    jobs.iter().map(|job| text(&job["id"])).collect()
}

/// A42: what was given up is found with its reason, and begun again by whoever may, once however often it is asked for.
#[tokio::test]
async fn a_job_that_was_given_up_is_found_and_begun_again() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let job = world.dead_job(&agency.key).await;
    let get = async |path: &str| world.send(Call::get(path).key(&agency.key)).await.json(200);
    assert_eq!(ids(&get("/jobs?status=dead").await), [job.as_str()]);
    let seen = get(&format!("/jobs/{job}")).await;
    assert_eq!(
        (text(&seen["status"]), text(&seen["reason"])),
        ("dead".into(), "nobody there".into())
    );
    assert!(seen["ended_at"].is_string());

    let retry = || {
        Call::post(&format!("/jobs/{job}/retry"))
            .key(&agency.key)
            .header("Idempotency-Key", "again")
    };
    let first = world.send(retry()).await;
    let queued = first.json(200);
    assert_eq!(
        (text(&queued["status"]), &queued["attempts"]),
        ("queued".into(), &0.into())
    );
    assert!(queued["ended_at"].is_null());
    assert_eq!(world.send(retry()).await.bytes, first.bytes);
    assert_eq!(get("/jobs?status=queued").await["data"][0]["id"], queued["id"]);
    assert!(ids(&get("/jobs?status=dead").await).is_empty());
}

#[tokio::test]
async fn jobs_come_in_pages_and_a_tenants_own_only() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    let other = world.agency("southwind").await;
    let mut made = vec![];
    for _ in 0..5 {
        made.push(world.dead_job(&agency.key).await);
        world.clock.advance(chrono::TimeDelta::seconds(1));
        world.dead_job(&other.key).await;
    }
    made.reverse();
    let (mut found, mut path) = (vec![], "/jobs?limit=2".to_owned());
    loop {
        let page = world.send(Call::get(&path).key(&agency.key)).await.json(200);
        found.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/jobs?limit=2&cursor={next}");
        let strangers = world.send(Call::get(&path).key(&other.key)).await;
        strangers.problem(400, "/problems/invalid-cursor");
    }
    assert_eq!(found, made);
    for query in ["status=lost", "limit=0", "no_such=1", "cursor=x"] {
        let refused = world.send(Call::get(&format!("/jobs?{query}")).key(&agency.key)).await;
        assert_eq!(refused.status, 400, "{query}");
    }
}
