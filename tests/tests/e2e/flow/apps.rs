//! Apps that speak nothing of Google's, connected by configuration alone: with something to pick, and without.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Issue, Issued, Other, Stage, client},
    on_both_databases,
};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::{
    OAuthClient,
    generic::{Quirks, ShownBy, Trouble},
};

use super::CONNECTED;

on_both_databases!(
    a_workspace_of_an_app_is_picked_and_its_health_is_told,
    where_there_is_nothing_to_pick_signing_in_is_enough,
    a_token_that_is_brought_must_be_ours_and_good_for_enough,
    a_refresh_token_that_is_refused_was_not_used,
    what_is_taken_back_while_it_is_brought_is_not_kept,
);

const APP: &str = "crumb";
/// Olive's bakery, as that app calls it.
const WORKSPACE: &str = "20118406530001";
/// Events that say what the app calls Olive.
const NAMES_OLIVE: &str = "SELECT count(*) FROM events WHERE CAST(payload AS text) LIKE '%104512873309418265701%'";

const WORKSPACES: &str = "/api/workspaces";
/// Somebody has the turn at every account, until it is taken from them.
const SOMEBODYS_TURN: &str = "INSERT INTO account_turn (account_key, holder, until) \
                              SELECT DISTINCT account_key, 'somebody', 9000000000000000 FROM vault WHERE account_key IS NOT NULL";

/// An app with no `OpenID` about it.
fn plain() -> Quirks {
    Quirks {
        require_nonce: false,
        id_token: false,
        client_shown_by: ShownBy::Body,
        ..Quirks::strict()
    }
}

async fn link(stage: &Stage) -> anyhow::Result<Issued> {
    let issue = Issue {
        provider: Some(APP),
        ..Issue::default()
    };
    stage.agency.link_with(&stage.agency.bakery().await?, &issue).await
}

async fn health(stage: &Stage, link: &Issued) -> anyhow::Result<Value> {
    Ok(stage.agency.integration_now(link).await?["health"].clone())
}

async fn check(stage: &Stage, link: &Issued) -> anyhow::Result<Value> {
    let path = format!("/integrations/{}/check", link.integration);
    stage.agency.post(&path, &json!({})).await?.ok()
}

/// B1, B6, A2: two pages of workspaces, one picked; whether it works is asked, and that it was taken back is known with the next
/// question, long before the token would have ended.
async fn a_workspace_of_an_app_is_picked_and_its_health_is_told(database: Database) -> anyhow::Result<()> {
    let crumb = Other::start(APP, plain()).await?;
    let stage = Stage::set_with_apps(database, &[(&crumb, &crumb.workspaces())]).await?;
    let link = link(&stage).await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    assert_eq!(picker.listings().len(), 3, "of two pages: {}", picker.body);
    browser.pick(&picker, WORKSPACE).await?.expect(200, CONNECTED)?;
    let connection = stage.agency.integration_now(&link).await?;
    assert_eq!(connection["badge"]["label"], "Via Link");
    assert_eq!(connection["account"]["email"], "olive@example.com");
    until!("it is well", health(&stage, &link).await?["status"] == "ok");
    let told = health(&stage, &link).await?["capabilities"].clone();
    assert_eq!(
        (told.as_array().map(Vec::len), &told[0]["capability"]),
        (Some(1), &json!("access"))
    );

    let denied = Trouble {
        status: Some(403),
        ..Trouble::at("workspace")
    };
    crumb.server.trouble(denied.times(1)).await;
    assert_eq!(check(&stage, &link).await?["answers"][0]["state"], "permission_denied");
    assert_eq!(crumb.server.withdraw("olive").await, 1);
    assert_eq!(check(&stage, &link).await?["not_asked_because"], "needs_reconnect");
    until!(
        "it is known",
        health(&stage, &link).await?["status"] == "needs_reconnect"
    );
    assert_eq!(health(&stage, &link).await?["reason"], "expired_or_revoked");
    Ok(())
}

/// B1, B6: the account itself is connected, and the log does not say what the provider calls it. It asks before a second location
/// takes the same account. A token that nothing renews is lost once the provider refuses it in two places, not in one.
async fn where_there_is_nothing_to_pick_signing_in_is_enough(database: Database) -> anyhow::Result<()> {
    let once = Quirks {
        refresh_token_for_code: false,
        ..plain()
    };
    let crumb = Other::start(APP, once).await?;
    let probe = format!("probe_url = \"{}/api/workspaces/{WORKSPACE}\"", crumb.server.base_url());
    let stage = Stage::set_with_apps(database, &[(&crumb, &probe)]).await?;
    let (first, second) = (link(&stage).await?, link(&stage).await?);
    let connected = Browser::new()?
        .sign_in(&first.url, "olive", Consent::Everything)
        .await?;
    connected.expect(200, CONNECTED)?;
    assert_eq!(stage.agency.integration_now(&first).await?["badge"]["usable"], true);
    until!("it is well", health(&stage, &first).await?["status"] == "ok");
    assert_eq!(stage.database.number(NAMES_OLIVE).await?, 0);

    let asked = Browser::new()?
        .sign_in(&second.url, "olive", Consent::Everything)
        .await?;
    assert_eq!(asked.listings().len(), 1, "the account is in use: {}", asked.body);
    assert_eq!(stage.agency.integration_now(&second).await?["badge"]["usable"], false);

    let refused = Trouble {
        status: Some(401),
        ..Trouble::at("workspace")
    };
    crumb.server.trouble(refused.clone().times(1)).await;
    assert_eq!(check(&stage, &first).await?["answers"][0]["answer"], "token_refused");
    assert_eq!(health(&stage, &first).await?["status"], "ok", "one place may be wrong");
    assert_eq!(crumb.server.withdraw("olive").await, 2);
    assert_eq!(check(&stage, &first).await?["not_asked_because"], "needs_reconnect");
    Ok(())
}

/// B46: the provider is asked what a token is good for and whose it is. One that another app was given would let in whoever stole it
/// there.
///
/// Mutant seen: when nobody asks whose the token is, the thief's is taken.
async fn a_token_that_is_brought_must_be_ours_and_good_for_enough(database: Database) -> anyhow::Result<()> {
    let crumb = Other::start(APP, plain()).await?;
    let stage = Stage::set_with_apps(database, &[(&crumb, "")]).await?;
    let link = link(&stage).await?;
    Browser::new()?
        .sign_in(&link.url, "olive", Consent::Everything)
        .await?
        .expect(200, CONNECTED)?;
    let thief = OAuthClient::new("thief", "secret", ["http://thief.localhost/callback"]);
    crumb.server.register_client(thief).await;
    let ours = crumb.client();
    let cases = [
        ("thief", json!(["crm"]), "/problems/credentials-refused"),
        (ours.as_str(), json!([]), "/problems/credentials-refused"),
        (ours.as_str(), json!(["other"]), "/problems/credentials-refused"),
        (ours.as_str(), json!(["crm"]), "/problems/scopes-unknown"),
        (ours.as_str(), json!(["crm"]), ""),
    ];
    for (client, scopes, problem) in cases {
        let says = problem != "/problems/scopes-unknown";
        crumb.server.change(|quirks| quirks.scope_in_answer = says).await;
        let asked = json!({"persona": "olive", "client_id": client, "scopes": scopes});
        let minted = mint(&crumb, &asked).await?;
        let path = format!("/integrations/{}/credentials", link.integration);
        let body = json!({"access_token": minted["access_token"]});
        let answer = stage.agency.call(Method::PUT, &path, None, Some(&body)).await?;
        if problem.is_empty() {
            assert_eq!(answer.ok()?["scopes"], json!(["crm"]));
        } else {
            assert_eq!(answer.json()?["type"], problem, "{asked}");
        }
    }
    Ok(())
}

/// B46: a provider that changes refresh tokens takes each of them once. One that is refused because its account has no such listing was
/// not used: whoever brought it goes on with it, here with a listing that is there, or where it came from.
///
/// Mutant seen: when the listing is looked for only with the new access token, there is a token request, and this fails.
async fn a_refresh_token_that_is_refused_was_not_used(database: Database) -> anyhow::Result<()> {
    let Brought {
        crumb,
        stage,
        link,
        minted,
    } = with_tokens_to_bring(database).await?;
    let requests = crumb.token_requests();
    let path = format!("/integrations/{}/credentials", link.integration);
    let mut body = json!({
        "access_token": minted["access_token"], "refresh_token": minted["refresh_token"], "listing_id": "nowhere",
    });
    let answer = stage.agency.call(Method::PUT, &path, None, Some(&body)).await?;
    assert_eq!(answer.json()?["type"], "/problems/listing-not-pickable");
    assert_eq!(crumb.token_requests(), requests);
    body["listing_id"] = json!(WORKSPACE);
    stage.agency.call(Method::PUT, &path, None, Some(&body)).await?.ok()?;
    assert_eq!(crumb.token_requests(), requests + 1);
    Ok(())
}

/// B46, OA-12: credentials were tried out, and wait for their turn at the account, because somebody is taking its access back. What they
/// were good for a moment ago says nothing any more: they are tried once more within the turn, and refused.
///
/// Mutant seen: when they are not tried again, they are kept, and this fails.
async fn what_is_taken_back_while_it_is_brought_is_not_kept(database: Database) -> anyhow::Result<()> {
    let Brought {
        crumb,
        stage,
        link,
        minted,
    } = with_tokens_to_bring(database).await?;

    stage.database.execute(SOMEBODYS_TURN).await?;
    let pages = crumb.server.count("GET", WORKSPACES);
    let (agency, path) = (
        stage.agency.clone(),
        format!("/integrations/{}/credentials", link.integration),
    );
    let body = json!({"access_token": minted["access_token"]});
    let brought = tokio::spawn(async move { agency.call(Method::PUT, &path, None, Some(&body)).await });
    crumb.server.wait_for("GET", WORKSPACES, pages + 2).await; // its list has two pages
    crumb.server.withdraw("olive").await;
    stage.database.execute("DELETE FROM account_turn").await?;
    assert_eq!(brought.await??.json()?["type"], "/problems/credentials-refused");
    Ok(())
}

/// A workspace is connected, and there are tokens of the same account from elsewhere.
struct Brought {
    crumb: Other,
    stage: Stage,
    link: Issued,
    minted: Value,
}

async fn with_tokens_to_bring(database: Database) -> anyhow::Result<Brought> {
    let crumb = Other::start(APP, plain()).await?;
    let stage = Stage::set_with_apps(database, &[(&crumb, &crumb.workspaces())]).await?;
    let link = link(&stage).await?;
    let mut browser = Browser::new()?;
    let picker = browser.sign_in(&link.url, "olive", Consent::Everything).await?;
    browser.pick(&picker, WORKSPACE).await?.expect(200, CONNECTED)?;
    let asked = json!({"persona": "olive", "client_id": crumb.client(), "scopes": ["crm"]});
    let minted = mint(&crumb, &asked).await?;
    Ok(Brought {
        crumb,
        stage,
        link,
        minted,
    })
}

/// Tokens as after a sign-in somewhere else.
async fn mint(app: &Other, asked: &Value) -> anyhow::Result<Value> {
    let url = format!("{}/_simulator/tokens", app.server.base_url());
    let answer = client()?.post(url).json(asked).send().await?;
    Ok(answer.error_for_status()?.json().await?)
}
