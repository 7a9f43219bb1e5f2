//! Every mail, looked at as its recipient sees it: on phones, a tablet and a laptop, light and dark.

use grantlink_tests::{
    conformance::{Kind, run},
    harness::{Agency, Browser, Stage},
};
use serde_json::{Value, json};
use simulator::mail::{MailServer, MailServerConfig};

use super::{person::Person, screen::Screen, theatre::dressed_up};
use crate::{
    flow::{CAKES, CONNECTED},
    mail::reconnecting::{fresh_address, lose},
};

/// A10: the agency's colours and name, and nothing else.
#[tokio::test]
async fn the_mails_look_right_everywhere() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database| {
        let inbox = MailServer::start(MailServerConfig {
            mailbox: Some("127.0.0.1:0".parse()?),
            ..MailServerConfig::default()
        })
        .await?;
        let settings = format!(
            "\n[mail]\nallow_private_servers = true\n[mail.account]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"connect@bright.example\"\n",
            inbox.addr().port()
        );
        let stage = Stage::set_configured(database, &settings).await?;
        let (agency, reader) = (dressed_up(&stage).await?, Person::with(Screen::Phone).await?);

        let (customer, first) = invited(&agency, "en", &["google"]).await?;
        look(&reader, &inbox, 1, "Please connect", "mail-invitation").await?;
        invited(&agency, "de", &["google", "facebook"]).await?;
        look(&reader, &inbox, 2, "Bitte Ihre Konten verbinden", "mail-invitation-of-two-german").await?;

        reader.opens(first["url"].as_str().unwrap_or_default()).await?;
        reader.sees(super::words::INVITATION).await?;
        reader.presses("Accept & Connect").await?;
        reader.signs_in_as("olive").await?;
        reader.sees(super::words::PICKER).await?;
        reader.presses(super::words::CONNECT).await?;
        reader.sees(super::words::SUCCESS).await?;
        let mails = inbox.wait_for(4).await;
        let to_customer = mails.iter().position(|mail| mail.subject().starts_with("Your ")).unwrap_or_default();
        look(&reader, &inbox, to_customer + 1, "It worked", "mail-receipt").await?;
        let to_member = mails.iter().position(|mail| mail.recipients[0].starts_with("anna@")).unwrap_or_default();
        look(&reader, &inbox, to_member + 1, "Olive Hartley is connected", "mail-receipt-of-the-requester").await?;

        let again = json!({
            "customer_id": customer["id"], "location_id": customer["locations"][0]["id"], "provider": "google",
            "email": true, "name": "Reviews and photos of the bakery in Lamb Lane",
        });
        let again = agency.post("/links", &again).await?.ok()?;
        look(&reader, &inbox, 5, "Please reconnect", "mail-reconnect").await?;
        // Else the next mail would have this link, which a member asked for: it stays however the connection was mended.
        let revoke = format!("/links/{}/revoke", again["id"].as_str().unwrap_or_default());
        agency.post(&revoke, &json!({})).await?.ok()?;
        agency.post("/mail/test", &json!({})).await?.ok()?;
        look(&reader, &inbox, 6, "Mail works", "mail-test").await?;
        let integration = first["integration_id"].as_str().unwrap_or_default();
        lose(&stage, &agency, integration).await?.close().await;
        look(&reader, &inbox, 7, "needs a new sign-in", "mail-needs-reconnect").await?;

        let needless = fresh_address(&agency, integration).await?;
        let elsewhere = agency.fresh_link().await?;
        Browser::new()?.complete(&elsewhere.url, "olive", CAKES).await?.expect(200, CONNECTED)?;
        let mended = format!("/integrations/{integration}");
        until!("the link is needless", agency.read(&mended).await?["pending_link"].is_null());
        reader.opens(&needless).await?;
        reader.sees("Already connected").await?;
        reader.looks_around("already-connected").await
    })
    .await
}

async fn invited(agency: &Agency, language: &str, providers: &[&str]) -> anyhow::Result<(Value, Value)> {
    let customer = json!({
        "name": "Olive Hartley", "email": "olive@example.com", "language": language,
        "locations": [{"name": "Olive & Thyme Bakery", "address": "48 Lamb Lane, London"}],
    });
    let customer = agency.post("/customers", &customer).await?.ok()?;
    let location = &customer["locations"][0]["id"];
    let link = |provider: &&str| json!({"location_id": location, "provider": provider});
    let links: Vec<Value> = providers.iter().map(link).collect();
    let body = json!({"customer_id": customer["id"], "links": links, "email": true});
    let mut issued = agency.post("/links/batch", &body).await?.ok()?;
    let first = issued["links"][0].take();
    Ok((customer, first))
}

async fn look(reader: &Person, inbox: &MailServer, number: usize, heading: &str, name: &str) -> anyhow::Result<()> {
    inbox.wait_for(number).await;
    let mailbox = inbox.mailbox().map_or_else(String::new, |at| at.to_string());
    reader.opens(&format!("http://{mailbox}/mails/{}", number - 1)).await?;
    reader.reads(heading).await?;
    reader.looks_at_it_on(&Screen::OF_MAILS, name).await
}
