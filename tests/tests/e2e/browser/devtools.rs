//! What `WebDriver` has no words for: the `DevTools` protocol and Chromium's logs, through chromedriver's own endpoints.

use fantoccini::{Client, wd::WebDriverCompatibleCommand};
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver beside the standard.
#[derive(Debug)]
struct Beside {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Beside {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// Runs one command of the `DevTools` protocol on the page that is open.
pub(super) async fn command(client: &Client, name: &str, parameters: Value) -> anyhow::Result<Value> {
    let path = "goog/cdp/execute";
    let body = json!({ "cmd": name, "params": parameters });
    Ok(client.issue_cmd(Beside { path, body }).await?)
}

/// What came into a log since it was last asked for.
pub(super) async fn log(client: &Client, kind: &str) -> anyhow::Result<Vec<Value>> {
    let path = "se/log";
    let body = json!({ "type": kind });
    match client.issue_cmd(Beside { path, body }).await? {
        Value::Array(entries) => Ok(entries),
        other => anyhow::bail!("the log {kind} is no list: {other}"),
    }
}
