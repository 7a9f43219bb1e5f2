//! Mails through everything that mail servers and power cuts do.

use std::{collections::BTreeMap, time::Duration};

use grantlink_tests::{conformance::Database, on_both_databases, scale::scaled, torture::figure};
use simulator::mail::{Deed, MailStep, MailTrouble};
use tokio::time::{Instant, sleep_until};

use crate::mail::{
    office::{Office, address_in},
    trouble::{issue, path_of},
};

on_both_databases!(no_mail_is_lost_and_a_second_copy_says_that_it_is_one);

/// In a short run; `cargo xtask torture --scale 17` sends a thousand.
const MAILS: usize = 60;
/// The server is killed after so many.
const BETWEEN_KILLS: usize = 20;

/// How long nobody takes mail at least, in seconds; `cargo xtask torture --outage` sets it.
const OUTAGE: &str = "GRANTLINK_TEST_OUTAGE";

fn outage() -> Duration {
    let seconds = std::env::var(OUTAGE).ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}

/// API-8: every fifth mail is cut after the final dot, the server is killed again and again, and for a third of the mails, and as long
/// as is wanted, nobody takes any. No call of the link API fails.
async fn no_mail_is_lost_and_a_second_copy_says_that_it_is_one(database: Database) -> anyhow::Result<()> {
    let mails = scaled(MAILS);
    let mut office = Office::open(database).await?;
    let mut out_for = Duration::ZERO;
    let cuts = MailTrouble::always(MailStep::FinalDot, Deed::Cut).every(5);
    office.inbox.inject(cuts.clone()).await;
    let (mut issued, mut kills, mut out_since) = (vec![], 0, Instant::now());
    for number in 0..mails {
        if number % BETWEEN_KILLS == BETWEEN_KILLS / 2 {
            office.stage.server.restart().await?;
            kills += 1;
        }
        if number == mails / 3 {
            let outage = MailTrouble::always(MailStep::Greeting, Deed::Cut);
            office.inbox.inject(outage).await;
            out_since = Instant::now();
        }
        if number == mails * 2 / 3 {
            sleep_until(out_since + outage()).await; // so long it lasts
            out_for = out_since.elapsed();
            office.inbox.recover().await;
            office.inbox.inject(cuts.clone()).await;
        }
        issued.push(issue(&office, &address(number)).await?.1);
    }
    office.inbox.recover().await;
    for (number, link) in issued.iter().enumerate() {
        let copies = office.mails_to(&address(number), 1).await;
        assert_eq!(address_in(&copies[0])?, link["url"], "{number}");
        let path = path_of(link);
        office.until(&path, |link| link["delivery"]["state"] == "sent").await?;
    }
    each_has_one_id(&office, mails);
    figure(&format!(
        "{mails} mails, {kills} kills, {} s without a mail server, {} second copies, all of them with the id of the first; no call failed",
        out_for.as_secs(),
        office.inbox.mails().len() - mails
    ))
}

fn address(number: usize) -> String {
    format!("customer-{number}@example.com")
}

fn each_has_one_id(office: &Office, mails: usize) {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for mail in office.inbox.mails() {
        let recipient = mail.recipients[0].clone();
        let first = ids.entry(mail.message_id()).or_insert_with(|| recipient.clone());
        assert_eq!(*first, recipient, "an id is one mail's alone");
    }
    assert_eq!(ids.len(), mails, "copies share their id");
}
