//! A headless Chromium of a test's own, steered through chromedriver. Both end with the value that stands for them.

use std::{path::Path, process::Stdio};

use anyhow::{Context, bail};
use fantoccini::{Client, ClientBuilder, wd::Capabilities};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    sync::{Mutex, MutexGuard},
};

const DRIVER: &str = "GRANTLINK_TEST_CHROMEDRIVER";
const CHROMIUM: &str = "GRANTLINK_TEST_CHROMIUM";

/// Nothing but loopback can be reached, and nothing is asked for that a page did not ask for.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=en-GB",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
];

/// A browser is several processes with a lot of memory: one at a time, also where tests share a process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A running Chromium with a profile of its own.
pub(super) struct Chromium {
    pub(super) client: Client,
    browser: Option<Pid>,
    driver: Child,
    // Declared last: the profile goes when nobody writes into it any more, and then the next browser may start.
    _profile: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Chromium {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let turn = ONE_AT_A_TIME.lock().await;
        let profile = tempfile::tempdir()?;
        let (mut driver, address) = start_driver().await?;
        match connect(&address, profile.path()).await {
            Ok(client) => Ok(Self {
                browser: process_of(&client),
                client,
                driver,
                _profile: profile,
                _turn: turn,
            }),
            Err(error) => {
                driver.kill().await?;
                Err(error)
            }
        }
    }
}

impl Drop for Chromium {
    /// By process id, and the browser first: it would outlive a driver that is killed. Either may be gone already.
    fn drop(&mut self) {
        if let Some(browser) = self.browser {
            let _ = kill_process(browser, Signal::KILL);
        }
        let _ = self.driver.start_kill();
    }
}

async fn start_driver() -> anyhow::Result<(Child, String)> {
    let program = std::env::var_os(DRIVER).unwrap_or_else(|| "chromedriver".into());
    let mut driver = Command::new(&program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started: run cargo xtask test", program.display()))?;
    let output = driver.stdout.take().context("chromedriver has no output")?;
    let port = announced_port(output).await?;
    Ok((driver, format!("http://127.0.0.1:{port}")))
}

/// The driver takes a free port and names it in its last line: `... started successfully on port 35753.`
async fn announced_port(output: ChildStdout) -> anyhow::Result<u16> {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            // The rest is read away, or the driver would stop at a full pipe.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(port.trim_end_matches('.').parse()?);
        }
    }
    bail!("chromedriver ended without a port")
}

async fn connect(address: &str, profile: &Path) -> anyhow::Result<Client> {
    let flags = FLAGS.map(str::to_owned).into_iter();
    let profile = format!("--user-data-dir={}", profile.display());
    let mut options = json!({ "args": flags.chain([profile]).collect::<Vec<_>>() });
    if let Some(program) = std::env::var_os(CHROMIUM) {
        options["binary"] = json!(program.to_string_lossy());
    }
    let wanted = json!({
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        // Tests say themselves which page they wait for.
        "pageLoadStrategy": "none",
    });
    let capabilities: Capabilities = serde_json::from_value(wanted)?;
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let client = builder.capabilities(capabilities).connect(address).await;
    client.context("chromedriver cannot start Chromium: run cargo xtask test")
}

fn process_of(client: &Client) -> Option<Pid> {
    let process = client.capabilities()?.get("goog:processID").and_then(Value::as_i64)?;
    Pid::from_raw(process.try_into().ok()?)
}
