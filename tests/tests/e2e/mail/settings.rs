//! An agency's own mail server: set, tested, watched, removed; and never one next door.

use grantlink_tests::{
    conformance::Database,
    harness::{Agency, Needle, Stage},
    on_both_databases,
};
use reqwest::Method;
use serde_json::json;

use super::office::{Office, PASSWORD};

on_both_databases!(
    an_agency_sends_over_its_own_server_and_can_test_it,
    mail_that_cannot_be_sent_is_said_and_the_link_is_there,
    a_logo_that_mails_cannot_show_is_named_and_can_be_exchanged,
);

/// Whatever else it shows, its first bytes are a PNG's.
const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// A61.
async fn an_agency_sends_over_its_own_server_and_can_test_it(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let before = agency.read("/mail").await?;
    assert_eq!(
        (&before["server"], &before["account"]),
        (&json!("installation"), &json!(null))
    );
    assert_eq!(before["health"]["working"], json!(null));

    let own = json!({
        "host": "127.0.0.1", "port": office.inbox.addr().port(), "security": "tls",
        "username": "connect", "password": PASSWORD, "from": "hello@agency.example",
    });
    let set = agency.call(Method::PUT, "/mail", None, Some(&own)).await?;
    assert!(!set.text.contains(PASSWORD), "{}", set.text);
    let set = set.ok()?;
    assert_eq!(
        (&set["server"], &set["from"]),
        (&json!("agency"), &json!("hello@agency.example"))
    );
    assert_eq!(set["account"]["has_password"], true);
    let tested = agency.post("/mail/test", &json!({})).await?.ok()?;
    assert_eq!(
        (&tested["sent"], &tested["code"], &tested["said"]),
        (&json!(true), &json!(250), &json!("2.0.0 taken"))
    );
    let mail = office.mails_to("anna@bright.example", 1).await.remove(0);
    assert_eq!(mail.sender, "hello@agency.example");
    assert!(mail.message_id().ends_with("@agency.example"));
    assert_eq!(agency.read("/mail").await?["health"]["working"], true);

    let wrong = json!({
        "host": "127.0.0.1", "port": office.inbox.addr().port(), "username": "connect", "password": "another",
        "from": "hello@agency.example",
    });
    agency.call(Method::PUT, "/mail", None, Some(&wrong)).await?.ok()?;
    assert_eq!(
        agency.read("/mail").await?["health"]["working"],
        json!(null),
        "another account begins anew"
    );
    let tested = agency.post("/mail/test", &json!({})).await?.ok()?;
    assert_eq!((&tested["sent"], &tested["code"]), (&json!(false), &json!(535)));
    let after = agency.read("/mail").await?;
    assert_eq!(after["health"]["working"], false);
    assert!(
        after["health"]["problem"]
            .as_str()
            .is_some_and(|problem| problem.contains("535")),
        "{after}"
    );

    let removed = agency.call(Method::DELETE, "/mail", None, None).await?.ok()?;
    assert_eq!(removed["server"], "installation");
    let stored = "SELECT count(*) FROM vault WHERE kind = 'mail_account'";
    assert_eq!(office.stage.database.number(stored).await?, 0);
    let (kept, said) = (office.stage.database.everything().await?, office.stage.server.said()?);
    let needle = Needle::new("the password", PASSWORD);
    assert!(!needle.is_in(&kept) && !needle.is_in(said.as_bytes()));
    Ok(())
}

/// A62, API-7: no server, no address, a server next door.
async fn mail_that_cannot_be_sent_is_said_and_the_link_is_there(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let agency = &stage.agency;
    let place = agency.bakery().await?;
    let body = json!({
        "customer_id": place.customer, "location_id": place.location, "provider": "google", "email": true,
    });
    let issued = agency.post("/links", &body).await?.ok()?;
    assert_eq!(
        (&issued["email"], &issued["email_notice"]),
        (&json!("not_sent"), &json!("no mail server is set up"))
    );
    assert!(issued["url"].is_string());
    let link = agency
        .read(&format!("/links/{}", issued["id"].as_str().unwrap_or_default()))
        .await?;
    assert_eq!(
        (&link["delivery"]["state"], &link["delivery"]["reason"]),
        (&json!("failed"), &json!("not_set_up"))
    );
    let nobody = agency.post("/mail/test", &json!({})).await?;
    assert_eq!(
        (nobody.status.as_u16(), &nobody.json()?["type"]),
        (409, &json!("/problems/mail-not-set-up"))
    );

    never_next_door(agency).await?;
    let nameless = agency
        .post(
            "/customers",
            &json!({"name": "No Mail", "locations": [{"name": "Shop"}]}),
        )
        .await?
        .ok()?;
    let body = json!({
        "customer_id": nameless["id"], "location_id": nameless["locations"][0]["id"], "provider": "google", "email": true,
    });
    let issued = agency.post("/links", &body).await?.ok()?;
    assert_eq!(issued["email_notice"], "nobody knows the customer's e-mail address");
    Ok(())
}

async fn never_next_door(agency: &Agency) -> anyhow::Result<()> {
    for host in ["localhost", "127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]"] {
        let own = json!({"host": host, "port": 465, "from": "hello@agency.example"});
        let refused = agency.call(Method::PUT, "/mail", None, Some(&own)).await?;
        assert_eq!(refused.json()?["detail"], "host must be out in the world", "{host}");
    }
    let own = json!({"host": "mail.agency.example", "port": 465, "from": "hello@agency.example"});
    agency.call(Method::PUT, "/mail", None, Some(&own)).await?.ok()?;
    let bodies = [
        json!({"host": "a b", "port": 465, "from": "hello@agency.example"}),
        json!({"host": "mail.agency.example", "port": 0, "from": "hello@agency.example"}),
        json!({"host": "mail.agency.example", "port": 22, "from": "hello@agency.example"}),
        json!({"host": "mail.agency.example", "port": 465, "from": "nobody"}),
        json!({"host": "mail.agency.example", "port": 465, "username": "x", "from": "hello@agency.example"}),
        json!({"host": "mail.agency.example", "port": 25, "security": "none", "from": "hello@agency.example"}),
    ];
    for body in bodies {
        let refused = agency.call(Method::PUT, "/mail", None, Some(&body)).await?;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()?["type"]),
            (422, &json!("/problems/invalid-body")),
            "{body}"
        );
    }
    Ok(())
}

/// A10: mail programs show no SVG, so the initials stand in its place, and agency and operator are told why.
///
/// Mutant seen: when the notice goes by whether there is a logo at all, an agency without one is told of a wrong one, and this fails.
async fn a_logo_that_mails_cannot_show_is_named_and_can_be_exchanged(database: Database) -> anyhow::Result<()> {
    let office = Office::open(database).await?;
    let agency = &office.stage.agency;
    let without = agency.read("/mail").await?;
    assert_eq!(
        (&without["head"], &without["head_notice"]),
        (&json!("initials"), &json!(null))
    );
    let folder = office.stage.files.folder();
    let (drawn, painted) = (folder.join("logo.svg"), folder.join("logo.png"));
    std::fs::write(&drawn, "<svg xmlns='http://www.w3.org/2000/svg'/>")?;
    std::fs::write(&painted, PNG)?;

    for (number, (logo, head)) in [(drawn, "initials"), (painted, "logo")].into_iter().enumerate() {
        let logo = logo.display().to_string();
        let set = ["agency", "set-logo", "--agency", &agency.id, "--logo", &logo];
        let said = office.stage.run(&set).await?;
        anyhow::ensure!(said.status.success(), "{said:?}");
        let is_shown = head == "logo";
        let warning = String::from_utf8(said.stderr)?;
        assert_eq!(!is_shown, warning.contains("Mails will show the initials"), "{warning}");
        let mail = agency.read("/mail").await?;
        assert_eq!(
            (&mail["head"], mail["head_notice"].is_null()),
            (&json!(head), is_shown),
            "{mail}"
        );
        agency.post("/mail/test", &json!({})).await?.ok()?;
        let sent = office.mails_to("anna@bright.example", number + 1).await.remove(number);
        assert_eq!(sent.html().contains("cid:logo"), is_shown, "{}", sent.html());
    }
    Ok(())
}
