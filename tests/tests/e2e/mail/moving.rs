//! An installation moves while mails are on their way: what was sent is not sent again, and what was not is.

use anyhow::ensure;
use application::{Actor, mail::SendLink};
use chrono::TimeDelta;
use domain::ids::{AgencyId, Mode, TenantId};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::{Issued, Stage, Then, now},
};
use reqwest::Method;
use serde_json::json;
use simulator::mail::{Deed, MailStep, MailTrouble};

use super::{
    office::{Office, address_in},
    reminding::mailed,
    trouble::issue,
};

const OLIVE: &str = "olive@example.com";

/// A52, A61, API-8: two links were mailed and brought to mind once; one is taken back. One mail waits for a mail server that is away, and
/// one was asked for in the server's last moment, before any policy saw it. Then everything moves to another database.
///
/// Mutants seen: when the archive leaves the jobs out, nobody is reminded again and the waiting mail is lost; when it leaves the policies
/// out, the mail of the last moment is.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_move_exactly_the_right_mails_are_sent() -> anyhow::Result<()> {
    let there = |from| async move { run(Kind::Postgres, |to| moved(from, to)).await };
    run(Kind::Sqlite, there).await
}

async fn moved(from: Database, to: Database) -> anyhow::Result<()> {
    let mut office = Office::open(from).await?;
    let habits = json!({"reminders": {"after_days": 2, "at_most": 2}, "receipt": true, "requester_receipt": true});
    let habits = office
        .stage
        .agency
        .call(Method::PUT, "/mail/habits", None, Some(&habits));
    habits.await?.ok()?;
    let (living, ended) = (mailed(&office).await?, mailed(&office).await?);
    let quiet = office.stage.agency.fresh_link().await?;
    work_off(&office.stage, 3).await?;
    assert_eq!(office.mails_to(OLIVE, 4).await.len(), 4, "both, and a reminder of each");
    office.stage.agency.revoke(&ended).await?;
    let away = MailTrouble::always(MailStep::Sender, Deed::Cut); // also on the connections that are open
    office.inbox.inject(away).await;
    let (_, waiting) = issue(&office, "bea@example.com").await?;
    office.until_one_waits().await?;

    office.stage.server.kill()?;
    send(&office.stage, &quiet).await?;
    let file = office.stage.files.folder().join("move").display().to_string();
    command(&office.stage, &["export", "--with-vault", &file]).await?;
    office.stage.files.move_to(&to)?;
    command(&office.stage, &["import", &file]).await?;
    office.inbox.recover().await;
    office.stage.server.spawn_again()?;
    office.stage.server.wait_until_it_answers().await?;

    let late = office.mails_to("bea@example.com", 1).await;
    assert_eq!(address_in(&late[0])?, waiting["url"]);
    let mails = office.mails_to(OLIVE, 5).await;
    assert_eq!(address_in(&mails[4])?, quiet.url, "the mail that nobody had seen yet");
    for (days, reminders) in [(3, 0), (5, 1), (6, 1)] {
        work_off(&office.stage, days).await?;
        let mails = office.mails_to(OLIVE, 5 + 2 * reminders).await;
        let about = |link: &Issued| {
            mails[5..]
                .iter()
                .filter(|mail| mail.text().contains(link.token()))
                .count()
        };
        let counted = (about(&living), about(&quiet), about(&ended), mails.len() - 5);
        assert_eq!(counted, (reminders, reminders, 0, 2 * reminders), "after {days} days");
    }
    Ok(())
}

/// What is due after so many days is done.
async fn work_off(stage: &Stage, days: i64) -> anyhow::Result<()> {
    let then = Then::at(stage, now() + TimeDelta::days(days)).await?;
    then.work_off().await?;
    then.close().await;
    Ok(())
}

/// A mail is asked for while nothing runs that could make a job of it.
async fn send(stage: &Stage, link: &Issued) -> anyhow::Result<()> {
    let then = Then::at(stage, now()).await?;
    let app = &then.installation().app;
    let agency: AgencyId = stage.agency.id.parse()?;
    let context = app.context_of(TenantId::of(agency, Mode::Live), agency, Actor::System);
    let link = link.id.parse()?;
    app.run(&context, SendLink { link }).await?;
    then.close().await;
    Ok(())
}

async fn command(stage: &Stage, arguments: &[&str]) -> anyhow::Result<()> {
    let output = stage.run(arguments).await?;
    ensure!(output.status.success(), "{arguments:?}: {output:?}");
    Ok(())
}
