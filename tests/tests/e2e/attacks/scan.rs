//! OA-2: no answer of the API can be forwarded to somebody who would then sign in at the provider in another's name.

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Answer, Browser, CALLBACK_HOST, Consent, Issued, Place, Stage, client, now},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    by_itself::LONGEST,
    flow::{BAKERY, CONNECTED},
    mail::office::Office,
};

on_both_databases!(
    no_answer_of_the_api_holds_an_address_at_the_provider,
    nothing_that_is_told_or_sent_holds_an_address_at_the_provider,
);

/// How a provider's addresses begin: the simulated one's, and the real ones'.
const PROVIDERS: [&str; 5] = [
    "idp.localhost",
    "/o/oauth2/",
    "accounts.google.com",
    "facebook.com",
    "/authorize",
];
/// What never ends is read by the other story.
const STREAMS: [&str; 1] = ["/api/agency/v1/events"];

/// OA-2: every operation of the API's own description, with ids that are there, ids that are nobody's and bodies of every kind, while
/// sign-ins are under way and after one was finished.
///
/// Mutant: with such an address in the entries of a timeline, this fails.
async fn no_answer_of_the_api_holds_an_address_at_the_provider(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let place = stage.agency.bakery().await?;
    let (pending, done) = (stage.agency.link(&place).await?, stage.agency.fresh_link().await?);
    Browser::new()?.complete(&done.url, "olive", BAKERY).await?;
    let mut browser = Browser::new()?;
    browser.sign_in(&pending.url, "olive", Consent::Everything).await?;
    stage.agency.integration_now(&done).await?; // the views show it

    let description = browser.get(&stage.url(CALLBACK_HOST, "/openapi.json")?).await?;
    let description: Value = serde_json::from_str(&description.body)?;
    let paths = description["paths"].as_object().context("no paths")?;
    let elsewhere = stage.agency.another_location(&place, "Peckham").await?;
    let (mut answers, mut successes) = (0, 0);
    for (path, operations) in paths.iter().filter(|(path, _)| !STREAMS.contains(&path.as_str())) {
        for method in operations.as_object().context("no operations")?.keys() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else {
                continue;
            };
            for id in ids(path, &place, [&pending, &done]) {
                let path = path.trim_start_matches("/api/agency/v1").replace("{id}", &id);
                for answer in all_answers(&stage.agency, &method, &path, &elsewhere).await? {
                    holds_none(&format!("{method} {path}"), &whole(&answer))?;
                    answers += 1;
                    successes += usize::from(answer.status.is_success());
                }
            }
        }
    }
    assert!(
        answers >= 60 && successes >= 20,
        "{answers} answers, of them {successes} successes"
    );
    Ok(())
}

/// OA-2: the feed of events, as pages and as a stream, timelines and reports as files, mails, and the pages of the way itself, of which
/// one alone leads to the provider, and says so in its body.
///
/// Mutants: with such an address in an event of the feed, in an entry of a timeline or in a mail, this fails.
async fn nothing_that_is_told_or_sent_holds_an_address_at_the_provider(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let place = agency.bakery().await?;
    let body =
        json!({"customer_id": place.customer, "location_id": place.location, "provider": "google", "email": true});
    let issued = agency.post("/links", &body).await?.ok()?;
    goes_all_the_way(issued["url"].as_str().context("no address")?).await?;
    let under_way = agency.fresh_link().await?;
    Browser::new()?
        .sign_in(&under_way.url, "bea", Consent::Everything)
        .await?;
    for (to, count) in [("olive@example.com", 2), ("anna@bright.example", 1)] {
        for mail in office.mails_to(to, count).await {
            holds_none("a mail", &format!("{}\n{}\n{}", mail.raw, mail.text(), mail.html()))?;
        }
    }
    agency.read("/events?limit=1").await?; // what happened is in all views
    let pages = feed(agency).await?;
    holds_none("the feed", &pages.join("\n"))?;
    holds_none("the stream", &streamed(&office.stage, pages.len()).await?)?;
    let (customer, location, today) = (&place.customer, &place.location, day());
    for path in [
        format!("/customers/{customer}/audit?limit=200"),
        format!("/locations/{location}/audit?limit=200"),
        format!("/integrations/{}/audit?limit=200", under_way.integration),
        format!("/links/{}/audit?limit=200", under_way.id),
        format!("/reports/days?from={today}&to={today}&group_by=provider"),
        format!("/reports/access?date={today}"),
    ] {
        for format in ["json", "ndjson", "csv"] {
            let asked = format!("{path}&format={format}");
            let answer = agency.call(Method::GET, &asked, None, None).await?;
            ensure!(answer.status.is_success(), "{asked}: {}", answer.text);
            holds_none(&asked, &whole(&answer))?;
        }
    }
    Ok(())
}

/// From the mail to the success page.
async fn goes_all_the_way(link: &str) -> anyhow::Result<()> {
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(link).await?;
    let started = browser.submit(&invitation, "/start", &[]).await?;
    let go = browser.follow(&started).await?;
    ensure!(PROVIDERS.iter().any(|address| go.body.contains(address)), "{}", go.body);
    holds_none("the headers of the page that leads on", &format!("{:?}", go.headers))?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let handed_over = browser.follow(&decided).await?;
    let returned = browser.follow(&handed_over).await?;
    let picker = browser.follow(&returned).await?;
    let done = browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?;
    for page in [invitation, started, handed_over, returned, picker, done] {
        holds_none(page.url.path(), &format!("{:?} {}", page.headers, page.body))?;
    }
    Ok(())
}

fn holds_none(what: &str, text: &str) -> anyhow::Result<()> {
    let found = PROVIDERS.iter().find(|address| text.contains(*address));
    ensure!(found.is_none(), "{what} holds {found:?}: {text}");
    Ok(())
}

fn whole(answer: &Answer) -> String {
    format!("{:?} {}", answer.headers, answer.text)
}

/// Today, as a report wants it.
fn day() -> String {
    now().format("%Y-%m-%d").to_string()
}

/// Every event of the feed.
async fn feed(agency: &Agency) -> anyhow::Result<Vec<String>> {
    let (mut events, mut after) = (vec![], String::new());
    loop {
        let path = format!("/events?limit=200{after}");
        let page = agency.call(Method::GET, &path, None, None).await?.ok()?;
        let data = page["data"].as_array().context("no events")?;
        events.extend(data.iter().map(ToString::to_string));
        if page["has_more"] != true {
            return Ok(events);
        }
        after = format!("&after={}", page["next_cursor"].as_str().context("no cursor")?);
    }
}

/// So many events of the feed as a stream.
async fn streamed(stage: &Stage, events: usize) -> anyhow::Result<String> {
    let url = stage.url(CALLBACK_HOST, "/api/agency/v1/events")?;
    let asked = client()?.get(url).bearer_auth(&stage.agency.key);
    let mut stream = asked.header("accept", "text/event-stream").send().await?;
    let mut text = format!("{:?}", stream.headers());
    let reading = async {
        while text.matches("\ndata: ").count() < events {
            let part = stream.chunk().await?.context("the stream ended")?;
            text.push_str(&String::from_utf8_lossy(&part));
        }
        anyhow::Ok(())
    };
    timeout(LONGEST, reading).await.context("the stream holds less")??;
    Ok(text)
}

/// What may stand in a path: what is there, and what is not.
fn ids(path: &str, place: &Place, links: [&Issued; 2]) -> Vec<String> {
    if !path.contains("{id}") {
        return vec![String::new()];
    }
    let kind = path.trim_start_matches("/api/agency/v1/").split('/').next();
    let there = match kind {
        Some("customers") => vec![place.customer.clone()],
        Some("locations") => vec![place.location.clone()],
        Some("integrations") => links.map(|link| link.integration.clone()).to_vec(),
        Some("links") => links.map(|link| link.id.clone()).to_vec(),
        _ => vec![],
    };
    let nobodys = "01900000-0000-7000-8000-000000000001".to_owned();
    there.into_iter().chain([nobodys, "%".to_owned()]).collect()
}

async fn all_answers(agency: &Agency, method: &Method, path: &str, place: &Place) -> anyhow::Result<Vec<Answer>> {
    if *method == Method::GET {
        return Ok(vec![agency.call(Method::GET, path, None, None).await?]);
    }
    if path.ends_with("/erase") {
        return Ok(vec![]); // nobody would be left to ask about
    }
    let bodies = [
        json!({}),
        json!({"customer_id": place.customer, "location_id": place.location, "provider": "google"}),
        json!({"provider": "https://idp.elsewhere.example"}),
        json!([]),
    ];
    let mut answers = vec![];
    for body in bodies {
        answers.push(agency.call(method.clone(), path, None, Some(&body)).await?);
    }
    Ok(answers)
}
