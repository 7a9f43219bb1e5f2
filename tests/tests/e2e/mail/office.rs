//! An installation whose mail arrives at a simulated server.

use anyhow::Context;
use grantlink_tests::{conformance::Database, harness::Stage};
use serde_json::Value;
use simulator::mail::{KeptMail, MailServer, MailServerConfig, MailTls};
use tempfile::TempDir;

/// The login that the server wants.
pub(crate) const PASSWORD: &str = "canary-smtp-password";

pub(crate) struct Office {
    pub(crate) stage: Stage,
    pub(crate) inbox: MailServer,
    _folder: TempDir,
}

impl Office {
    /// With TLS and a login.
    pub(crate) async fn open(database: Database) -> anyhow::Result<Self> {
        let inbox = MailServer::start(MailServerConfig {
            tls: MailTls::Implicit,
            login: Some(("connect".to_owned(), PASSWORD.to_owned())),
            ..MailServerConfig::default()
        })
        .await?;
        let folder = tempfile::tempdir()?;
        let (root, password) = (folder.path().join("root.pem"), folder.path().join("password"));
        std::fs::write(&root, inbox.certificate())?;
        std::fs::write(&password, format!("{PASSWORD}\n"))?;
        let settings = format!(
            r#"
[mail]
extra_root = "{root}"
password_file = "{password}"
allow_private_servers = true
stall_seconds = 2
final_seconds = 3
[mail.account]
host = "localhost"
port = {port}
username = "connect"
from = "connect@bright.example"
"#,
            root = root.display(),
            password = password.display(),
            port = inbox.addr().port(),
        );
        let stage = Stage::set_configured(database, &settings).await?;
        Ok(Self {
            stage,
            inbox,
            _folder: folder,
        })
    }

    /// The mails to somebody, once there are so many.
    pub(crate) async fn mails_to(&self, address: &str, count: usize) -> Vec<KeptMail> {
        let theirs = |mail: &&KeptMail| mail.recipients.iter().any(|to| to == address);
        let mails = self
            .inbox
            .wait_until(|mails| mails.iter().filter(theirs).count() >= count)
            .await;
        mails.iter().filter(theirs).cloned().collect()
    }

    /// Waits until a mail of a link was tried in vain.
    pub(crate) async fn until_one_waits(&self) -> anyhow::Result<()> {
        let waits = |job: &Value| {
            let was_tried = job["attempts"].as_u64() >= Some(1) && job["ended_at"].is_null();
            job["kind"] == "mail_link" && was_tried
        };
        let is_there = |jobs: &Value| jobs["data"].as_array().is_some_and(|jobs| jobs.iter().any(waits));
        self.until("/jobs", is_there).await.map(|_| ())
    }

    /// Reads something again and again until it is as it should be: what is awaited happens by itself.
    pub(crate) async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        loop {
            let value = self.stage.agency.read(path).await?;
            if is_so(&value) {
                return Ok(value);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await; // until the next question
        }
    }
}

/// The first address of a link in a mail's plain text.
pub(crate) fn address_in(mail: &KeptMail) -> anyhow::Result<String> {
    let text = mail.text();
    let line = text.lines().map(str::trim).find(|line| line.contains("/c/"));
    Ok(line.with_context(|| format!("no address in: {text}"))?.to_owned())
}
