//! OA-2: no answer of the API can be forwarded to somebody who would then sign in at the provider in another's name.

use anyhow::Context;
use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Answer, Browser, CALLBACK_HOST, Consent, Issued, Place, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::flow::BAKERY;

on_both_databases!(no_answer_of_the_api_holds_an_address_at_the_provider);

/// How a provider's addresses begin: the simulated one's, and the real ones'.
const PROVIDERS: [&str; 5] = [
    "idp.localhost",
    "/o/oauth2/",
    "accounts.google.com",
    "facebook.com",
    "/authorize",
];
/// What never ends is not read here.
const STREAMS: [&str; 1] = ["/api/agency/v1/events"];

/// OA-2: every operation of the API's own description, with ids that are there, ids that are nobody's and bodies of every kind, while
/// sign-ins are under way and after one was finished.
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
                    let all = format!("{:?} {}", answer.headers, answer.text);
                    let found = PROVIDERS.iter().find(|address| all.contains(*address));
                    assert_eq!(found, None, "{method} {path}: {all}");
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
