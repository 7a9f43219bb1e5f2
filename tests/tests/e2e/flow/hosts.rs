//! One server, many hosts: what each of them shows, and what none of them says.

use grantlink_tests::{
    conformance::Database,
    harness::{AGENCY_HOST, Browser, CALLBACK_HOST, Consent, Page, Stage},
    on_both_databases,
};
use reqwest::{Method, header::HeaderMap};
use serde_json::json;

use super::{BAKERY, CONNECTED, ENDED};

on_both_databases!(
    a_token_on_another_agencys_host_is_as_unknown_as_one_that_never_was,
    every_public_answer_carries_the_strict_headers,
    no_page_names_the_software_and_no_api_answer_names_the_provider,
);

/// A10, B55, OA-7: byte for byte the same page, and the same headers.
///
/// Mutant: without the host in the lookup of a token, agency B serves A's invitation, and this fails.
async fn a_token_on_another_agencys_host_is_as_unknown_as_one_that_never_was(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    stage.another_agency("North Media", "north.localhost", &[]).await?;
    let link = stage.agency.fresh_link().await?;
    let (used, mut browser) = (stage.agency.fresh_link().await?, Browser::new()?);
    browser.complete(&used.url, "olive", BAKERY).await?;
    let mut unknown = link.token().to_owned();
    unknown.replace_range(20..21, if &unknown[20..21] == "A" { "B" } else { "A" });

    let expected = open(&stage, "north.localhost", &unknown).await?.expect(404, ENDED)?;
    for token in [link.token(), used.token(), "short", "%00", &"A".repeat(300)] {
        let page = open(&stage, "north.localhost", token).await?;
        assert_eq!((page.status, &page.body), (expected.status, &expected.body), "{token}");
        assert_eq!(comparable(&page.headers), comparable(&expected.headers), "{token}");
    }
    open(&stage, AGENCY_HOST, link.token())
        .await?
        .expect(200, "Accept & Connect")?;

    let nobody = open(&stage, "nobody.localhost", link.token()).await?;
    assert_eq!(nobody.status, 404);
    assert!(
        !nobody.body.contains('<') && !nobody.says("Bright Side"),
        "{}",
        nobody.body
    );
    for path in ["/api/agency/v1/links", "/openapi.json"] {
        let api = browser.get(&stage.url(AGENCY_HOST, path)?).await?;
        assert!(
            api.status == 404 && api.says("Bright Side Marketing"),
            "{path}: {}",
            api.body
        );
    }
    let callback = browser
        .get(&stage.url(AGENCY_HOST, "/oauth/callback/google?state=x&code=y")?)
        .await?;
    assert_eq!(callback.status, 404);
    Ok(())
}

async fn open(stage: &Stage, host: &str, token: &str) -> anyhow::Result<Page> {
    Browser::new()?.get(&stage.url(host, &format!("/c/{token}"))?).await
}

/// All but the browser's own id and the time.
fn comparable(headers: &HeaderMap) -> Vec<(String, String)> {
    let of_this_visit = ["set-cookie", "date"];
    headers
        .iter()
        .filter(|(name, _)| !of_this_visit.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

const STRICT: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
         base-uri 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-robots-tag", "noindex, nofollow"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// OA-8: with the statuses that they are known for, errors of every kind among them.
///
/// Mutant: without the strict headers on any one of these answers, this fails.
async fn every_public_answer_carries_the_strict_headers(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let mut seen = everything(&stage).await?;
    seen.sort_by_key(|(name, _)| *name);
    for (name, page) in &seen {
        for (header, value) in STRICT {
            let values: Vec<_> = page.headers.get_all(header).iter().collect();
            assert_eq!(values, [value], "{header} of {name} ({})", page.status);
        }
    }
    let statuses: Vec<_> = seen.iter().map(|(name, page)| (*name, page.status.as_u16())).collect();
    assert_eq!(
        statuses,
        [
            ("a body too large", 413),
            ("a callback", 303),
            ("a callback nobody waits for", 403),
            ("a form of nowhere", 400),
            ("a method nobody takes", 405),
            ("a return", 303),
            ("a return of nowhere", 403),
            ("a start", 303),
            ("a start too many", 429),
            ("a used link", 410),
            ("an attempt of nobody", 403),
            ("an invitation", 200),
            ("an unclaimed host", 404),
            ("an unknown link", 404),
            ("an unknown page", 404),
            ("nothing picked", 422),
            ("reopen", 403),
            ("success", 200),
            ("the picker", 200),
            ("the way to the provider", 200),
        ]
    );
    for asset in ["page.css", "page.js", "brand.css"] {
        let asset = Browser::new()?
            .get(&stage.url(AGENCY_HOST, &format!("/c/assets/{asset}"))?)
            .await?;
        assert_eq!(asset.status, 200);
        assert_eq!(
            asset
                .headers
                .get("x-content-type-options")
                .map(reqwest::header::HeaderValue::as_bytes),
            Some(&b"nosniff"[..])
        );
        assert!(asset.headers.get("set-cookie").is_none());
    }
    Ok(())
}

/// An answer of every kind that a stranger can get.
async fn everything(stage: &Stage) -> anyhow::Result<Vec<(&'static str, Page)>> {
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let mut seen = vec![];
    let invitation = browser.open_link(&link.url).await?;
    let start = browser.submit(&invitation, "/start", &[]).await?;
    let go = browser.follow(&start).await?;
    let decided = browser.sign_in_at_provider(&go, "olive", Consent::Everything).await?;
    let callback = browser.follow(&decided).await?;
    let returned = browser.follow(&callback).await?;
    let picker = browser.follow(&returned).await?;
    seen.push(("nothing picked", browser.submit(&picker, "/c/pick", &[]).await?));
    seen.push(("success", browser.pick(&picker, BAKERY).await?.expect(200, CONNECTED)?));
    seen.extend([
        ("an invitation", invitation),
        ("a start", start),
        ("the way to the provider", go),
        ("a callback", callback),
        ("a return", returned),
        ("the picker", picker),
    ]);
    let no_attempt = "/c/go?attempt=01900000-0000-7000-8000-000000000001";
    for (name, host, path) in [
        ("an unknown link", AGENCY_HOST, "/c/unknown"),
        ("an unknown page", AGENCY_HOST, "/dashboard"),
        ("an attempt of nobody", AGENCY_HOST, no_attempt),
        ("a return of nowhere", AGENCY_HOST, "/c/return?h=made-up"),
        ("reopen", AGENCY_HOST, "/c/reopen"),
        (
            "a callback nobody waits for",
            CALLBACK_HOST,
            "/oauth/callback/google?state=x&code=y",
        ),
        ("an unclaimed host", "nobody.localhost", "/c/x"),
    ] {
        seen.push((name, browser.get(&stage.url(host, path)?).await?));
    }
    seen.push(("a used link", Browser::new()?.open_link(&link.url).await?));
    let start = |path: &str| stage.url(AGENCY_HOST, path);
    let form = [("csrf".to_owned(), "forged".to_owned())];
    let forged = start(&format!("/c/{}/start", link.token()))?;
    seen.push((
        "a form of nowhere",
        browser.send(Method::POST, &forged, Some(&form)).await?,
    ));
    let large = [("csrf".to_owned(), "x".repeat(300_000))];
    seen.push((
        "a body too large",
        browser.send(Method::POST, &forged, Some(&large)).await?,
    ));
    seen.push((
        "a method nobody takes",
        browser.send(Method::DELETE, &start("/c/pick")?, None).await?,
    ));
    seen.push(("a start too many", too_many(stage).await?));
    Ok(seen)
}

async fn too_many(stage: &Stage) -> anyhow::Result<Page> {
    let link = stage.agency.fresh_link().await?;
    let mut browser = Browser::new()?;
    let invitation = browser.open_link(&link.url).await?;
    for _ in 0..20 {
        browser.submit(&invitation, "/start", &[]).await?;
    }
    browser.submit(&invitation, "/start", &[]).await
}

/// A10, OA-2: the provider's address stands on the page that leads there, for the browser that asked, and nowhere else.
async fn no_page_names_the_software_and_no_api_answer_names_the_provider(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    for (name, page) in everything(&stage).await? {
        let headers = format!("{:?}", page.headers).to_lowercase();
        let body = page.body.to_lowercase();
        assert!(
            !headers.contains("grantlink") && !body.contains("grantlink"),
            "{name}: {headers} {body}"
        );
        let leads_there = body.contains("idp.localhost") || headers.contains("idp.localhost");
        assert_eq!(
            leads_there,
            name == "the way to the provider",
            "{name}: {headers} {body}"
        );
    }
    for asset in ["page.css", "page.js", "brand.css"] {
        let asset = Browser::new()?
            .get(&stage.url(AGENCY_HOST, &format!("/c/assets/{asset}"))?)
            .await?;
        assert!(!asset.body.to_lowercase().contains("grantlink"));
    }
    let place = stage.agency.bakery().await?;
    let link = stage.agency.link(&place).await?;
    let reveal = format!("/links/{}/reveal", link.id);
    let mut answers = vec![stage.agency.post(&reveal, &json!({})).await?];
    for path in [
        "/links",
        "/integrations",
        "/providers",
        &format!("/links/{}", link.id),
        &format!("/links/{}/audit", link.id),
        &format!("/integrations/{}", link.integration),
        &format!("/customers/{}", place.customer),
        "/nowhere",
    ] {
        answers.push(stage.agency.call(Method::GET, path, None, None).await?);
    }
    for answer in answers {
        let all = format!("{:?} {}", answer.headers, answer.text);
        assert!(!all.contains("idp.localhost") && !all.contains("/o/oauth2/"), "{all}");
    }
    Ok(())
}
