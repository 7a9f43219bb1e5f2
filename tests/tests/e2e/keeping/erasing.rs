//! An erased person is looked for in every byte.

use grantlink_tests::{
    conformance::{Database, Kind},
    harness::{Browser, Consent, Issue, Stage},
    on_both_databases,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{BAKERY, CAKES, connect, olive, readable};

on_both_databases!(
    an_erased_customer_is_nowhere_to_be_found_and_everything_else_goes_on,
    a_customer_who_is_signing_in_is_erased_all_the_same,
    no_link_slips_in_behind_an_erasure,
    what_another_customer_stands_on_stays,
    a_member_is_erased_and_its_keys_die,
);

/// VA-5: names, addresses and the key itself, as bytes in every file and every table, while the server runs.
///
/// Mutants: without `secure_delete` the key is found in the log's file; without the write-ahead log's end the names are found
/// in it; when the views do not fold the erasure and are not emptied, they are found in the views.
async fn an_erased_customer_is_nowhere_to_be_found_and_everything_else_goes_on(
    database: Database,
) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (place, links) = olives_story(&stage).await?;
    let others: Vec<_> = (0..30)
        .map(|number| json!({"name": format!("Neighbour {number}")}))
        .collect();
    for other in &others {
        stage.agency.post("/customers", other).await?.ok()?;
    }
    let key = the_key_of(&stage, &place.customer).await?;
    let before = stage.database.everything().await?;
    assert!(
        olive().iter().any(|needle| needle.is_in(&before)),
        "nothing could be found"
    );
    let readable_before = readable(&stage).await?;

    let erased = erase(&stage, &place.customer).await?;
    assert_eq!(erased["id"], json!(place.customer));
    until!("nothing is left of it", ledger(&stage)?.contains("\"done\"")); // views that are slow are waited for afterwards
    absent(&stage, key.as_deref()).await?;
    assert_eq!(readable(&stage).await?, readable_before - 1);
    assert_eq!(stage.credentials().await?, 0);
    assert_eq!(stage.google.count("POST", "/revoke"), 1, "taken back at the provider");
    until!("the log says so", stage.database.number(TAKEN_BACK).await? == 1);
    let noted = ledger(&stage)?;
    assert_eq!(noted.lines().count(), 2, "{noted}");
    assert!(olive().iter().all(|needle| !needle.is_in(noted.as_bytes())));

    // What happened stays, as ids and steps.
    let told = stage.agency.audit(&links[0]).await?.join("\n");
    assert!(
        told.contains("issued a connect link") && !told.contains("Olive"),
        "{told}"
    );
    let integration = stage.agency.integration_now(&links[0]).await?;
    assert_eq!(
        (&integration["badge"]["usable"], &integration["listing"]["title"]),
        (&json!(false), &json!(null))
    );
    let mut browser = Browser::new()?;
    let page = browser.open_link(&links[1].url).await?;
    assert_eq!((page.status, page.says("Olive")), (StatusCode::GONE, false));

    // Replay and rebuild tell and fold the same, and bring nothing back.
    let replayed = stage.run(&["replay", &links[0].id]).await?;
    assert!(replayed.status.success());
    let rebuilt = stage.run(&["rebuild"]).await?;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    absent(&stage, key.as_deref()).await
}

/// A connection that works, a link that was declined, one that is live, and an answer that was kept: all about Olive.
async fn olives_story(
    stage: &Stage,
) -> anyhow::Result<(grantlink_tests::harness::Place, Vec<grantlink_tests::harness::Issued>)> {
    let place = stage.agency.bakery().await?;
    let issue = Issue {
        name: Some("Reviews of the bakery"),
        ..Issue::default()
    };
    let connected = stage.agency.link_with(&place, &issue).await?;
    connect(&connected, BAKERY).await?;
    let cakes = stage
        .agency
        .another_location(&place, "Olive & Thyme Bakery, cakes")
        .await?;
    for number in 0..8 {
        // Rows that grew, and so left their old selves behind in the views' pages.
        let stall = stage
            .agency
            .another_location(&place, &format!("Stall {number}"))
            .await?;
        let revoked = stage.agency.link_with(&stall, &issue).await?;
        stage.agency.link_now(&revoked).await?;
        stage.agency.revoke(&revoked).await?;
        stage.agency.link_now(&revoked).await?;
    }
    let live = stage.agency.link_with(&cakes, &issue).await?;
    let body = json!({"name": "Olive & Thyme Bakery, market stall", "address": "48 Lamb Lane"});
    let path = format!("/customers/{}/locations", place.customer);
    stage.agency.post_once(&path, "stall", &body).await?.ok()?;
    Ok((place, vec![connected, live]))
}

const TAKEN_BACK: &str = "SELECT count(*) FROM events WHERE aggregate_type = 'grant' AND event_type = 'Revoked'";

async fn erase(stage: &Stage, customer: &str) -> anyhow::Result<serde_json::Value> {
    let path = format!("/customers/{customer}/erase");
    stage.agency.post(&path, &json!({"confirm": customer})).await?.ok()
}

/// What the ledger holds, apart from the database.
fn ledger(stage: &Stage) -> anyhow::Result<String> {
    Ok(std::fs::read_to_string(stage.files.folder().join("erasures.ndjson"))?)
}

/// The bytes of a customer's sealed key, where the files can be searched for them.
async fn the_key_of(stage: &Stage, customer: &str) -> anyhow::Result<Option<Vec<u8>>> {
    if stage.database.kind() == Kind::Postgres {
        return Ok(None);
    }
    let stores = stage.database.open().await?;
    let agency = domain::ids::AgencyId(stage.agency.id.parse()?);
    let place = application::ports::vault::Place {
        tenant: domain::ids::TenantId::of(agency, domain::ids::Mode::Live),
        record: application::ports::vault::Record::SubjectKey(domain::personal::Subject::Customer(customer.parse()?)),
    };
    let row = stores.vault.get(&place).await?;
    stores.close().await;
    Ok(Some(row.ok_or_else(|| anyhow::anyhow!("no key"))?.sealed))
}

async fn absent(stage: &Stage, key: Option<&[u8]>) -> anyhow::Result<()> {
    let (kept, said) = (stage.database.everything().await?, stage.server.said()?);
    assert!(kept.len() > 10_000, "nothing was looked through");
    for needle in olive() {
        assert!(!needle.is_in(&kept), "{} is in the database", needle.name);
        assert!(!needle.is_in(said.as_bytes()), "{} is in the log", needle.name);
    }
    if let Some(key) = key {
        // The last bytes: sealed key and tag. Any part of it would do harm to nobody but this promise.
        let secret = &key[key.len() - 60..];
        let is_there = kept.windows(16).any(|window| window == &secret[..16]);
        assert!(!is_there, "the key is in the database");
    }
    Ok(())
}

/// What the provider gives to a browser that is under way is dropped with the rest, and the browser is sent back kindly.
async fn a_customer_who_is_signing_in_is_erased_all_the_same(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let link = stage.agency.link(&place).await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    let go = browser.accept(&invitation).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let picker = browser.come_back(&decided).await?;
    assert_eq!(stage.pending_credentials().await?, 1);

    erase(&stage, &place.customer).await?;
    assert_eq!(stage.pending_credentials().await?, 0);
    assert_eq!(stage.database.number("SELECT count(*) FROM attempts").await?, 0);
    assert_eq!(stage.google.count("POST", "/revoke"), 1);
    let picked = browser.pick(&picker, BAKERY).await?;
    assert!(picked.status.is_client_error(), "{}", picked.status);
    Ok(())
}

/// Links are issued while the customer is erased: each came first and is revoked, or came second and is refused.
///
/// Mutant: when the erasure does not expect the connections that it found empty, a link stays live, and this fails.
async fn no_link_slips_in_behind_an_erasure(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for _ in 0..5 {
        let mut places = vec![stage.agency.bakery().await?];
        for number in 0..6 {
            let place = stage
                .agency
                .another_location(&places[0], &format!("Stall {number}"))
                .await?;
            places.push(place);
        }
        let customer = places[0].customer.clone();
        let issuing = places.into_iter().map(|place| {
            let agency = stage.agency.clone();
            async move { agency.link(&place).await }
        });
        let (issued, erased) = tokio::join!(futures_util::future::join_all(issuing), erase(&stage, &customer));
        erased?;
        for link in issued.into_iter().flatten() {
            assert_eq!(stage.agency.link_now(&link).await?["status"], "revoked");
        }
    }
    let tokens = stage
        .database
        .number("SELECT count(*) FROM vault WHERE kind = 'link_token'")
        .await?;
    assert_eq!(tokens, 0);
    let ours = "SELECT count(*) FROM vault WHERE kind = 'subject_key' AND owner LIKE 'customer:%'";
    let witnesses = "SELECT count(*) FROM events WHERE aggregate_type = 'customer' AND event_type = 'Created'";
    let left = stage.database.number(witnesses).await? - 5;
    assert_eq!(stage.database.number(ours).await?, left, "no key came back");
    Ok(())
}

/// Google takes back everything that an account granted. Another customer stands on the same account, so only our copy goes.
async fn what_another_customer_stands_on_stays(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let (first, second) = (stage.agency.bakery().await?, stage.agency.bakery().await?);
    let (of_first, of_second) = (stage.agency.link(&first).await?, stage.agency.link(&second).await?);
    connect(&of_first, BAKERY).await?;
    connect(&of_second, CAKES).await?;
    assert_eq!(stage.credentials().await?, 1, "both stand on the newest sign-in");
    erase(&stage, &first.customer).await?;
    assert_eq!(
        (stage.credentials().await?, stage.google.count("POST", "/revoke")),
        (1, 0)
    );
    let kept = stage.agency.integration_now(&of_second).await?;
    assert_eq!(kept["badge"]["usable"], json!(true));
    Ok(())
}

/// Members have keys of their own. The last owner stays.
async fn a_member_is_erased_and_its_keys_die(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let link = stage.agency.fresh_link().await?;
    let agency = stage.agency.id.clone();
    let anna = stage.agency.link_now(&link).await?["requested_by"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let erase = ["erase", "member", &anna, "--agency", &agency, "--yes"];
    let refused = stage.run(&erase).await?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("last owner"), "{said}");

    let bela = [
        "--name",
        "Bela Owner",
        "--email",
        "bela@bright.example",
        "--role",
        "owner",
    ];
    let added = stage
        .run(&[["agency", "add-member", "--agency", &agency].as_slice(), &bela].concat())
        .await?;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let erased = stage.run(&erase).await?;
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let dead = stage.agency.call(Method::GET, "/links", None, None).await?;
    assert_eq!(dead.status, StatusCode::UNAUTHORIZED);
    let kept = stage.database.everything().await?;
    let anna_is = ["Anna Berg", "anna@bright.example"];
    for text in anna_is {
        assert!(
            !kept.windows(text.len()).any(|window| window == text.as_bytes()),
            "{text}"
        );
    }
    // The customer's page still opens, and names nobody.
    let page = Browser::new()?.open_link(&link.url).await?;
    assert_eq!((page.status, page.says("Anna")), (StatusCode::OK, false));
    let owner = (
        "subject_key",
        "SELECT count(*) FROM vault WHERE kind = 'subject_key' AND owner LIKE 'member:%'",
    );
    assert_eq!(stage.database.number(owner.1).await?, 1, "{}: Bela's alone", owner.0);
    Ok(())
}
