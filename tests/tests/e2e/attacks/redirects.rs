//! OA-6: no address leads away. The requests are written by hand, for no client would send them.

use anyhow::Context;
use futures_util::future::try_join_all;
use grantlink_tests::{
    conformance::Database,
    harness::{AGENCY_HOST, Browser, CALLBACK_HOST, Issued, Stage},
    on_both_databases,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

on_both_databases!(no_address_anywhere_leads_away);

/// So many try at once.
const WORKERS: usize = 6;
/// A link that is started more often makes one wait.
const STARTS_OF_A_LINK: usize = 15;

/// Whoever would like to be led to.
const EVIL: [&str; 10] = [
    "evil.example",
    "agency.localhost.evil.example",
    "evil.example%2F@agency.localhost",
    "agency.localhost@evil.example",
    "evil.example:443",
    "evil.example.",
    "еvil.example",
    "xn--vil-dla.example",
    "[::ffff:203.0.113.9]",
    "3405803785",
];

/// How one tries to get there; `{}` is who.
const WAYS: [&str; 34] = [
    "https://{}",
    "http://{}/c/return?h=x",
    "//{}",
    "///{}",
    "////{}/%2e%2e",
    "/\\{}",
    "\\\\{}",
    "\\/{}",
    "/%5c{}",
    "%2f%2f{}",
    "/%2f{}",
    "/%09/{}",
    "/%0d/{}",
    "/c/..//{}",
    "/c/%2e%2e//{}",
    "/.{}",
    "/;@{}",
    "https:{}",
    "https:/{}",
    "https:\\\\{}",
    "hTTps://{}",
    "javascript:alert(1)//{}",
    "JaVaScRiPt:alert(1)//{}",
    "data:text/html,{}",
    "x%0d%0aLocation:%20https://{}",
    "x%0aLocation:https://{}",
    "x%E5%98%8A%E5%98%8DLocation:https://{}",
    "{}",
    "@{}",
    "https://connect.localhost@{}",
    "https://connect.localhost.{}",
    "https://{}#connect.localhost",
    "https://{}?agency.localhost",
    "%00https://{}",
];

/// Names under which others take a target.
const NAMES: [&str; 12] = [
    "next",
    "return_to",
    "return",
    "redirect",
    "redirect_uri",
    "redirect_url",
    "url",
    "continue",
    "host",
    "h",
    "attempt",
    "state",
];

/// Headers that some servers believe.
const HEADERS: [&str; 8] = [
    "x-forwarded-host",
    "x-forwarded-server",
    "x-host",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
    "origin",
    "referer",
];

/// OA-6: 340 targets, each in every parameter, form field and header that might be taken for one, as a host and as a path, at each step of
/// a sign-in.
///
/// Mutant: when the hand-off is sent to the host that `X-Forwarded-Host` names, this fails.
async fn no_address_anywhere_leads_away(database: Database) -> anyhow::Result<()> {
    let stage = Stage::set(database).await?;
    let targets: Vec<String> = WAYS
        .iter()
        .flat_map(|way| EVIL.map(|evil| way.replace("{}", evil)))
        .collect();
    assert!(targets.len() >= 300, "{}", targets.len());
    let shares = targets.chunks(targets.len().div_ceil(WORKERS)).enumerate();
    let probes = shares.map(|(number, share)| Probe::tries(&stage, number, share));
    let probes = try_join_all(probes).await?;
    let led_on: usize = probes.iter().map(|probe| probe.redirections).sum();
    assert!(led_on >= targets.len() / 2 * 3, "a step did not lead on");
    let requests: usize = probes.iter().map(|probe| probe.requests).sum();
    println!("{requests} requests, {led_on} of them led on");
    Ok(())
}

struct Probe {
    port: u16,
    worker: usize,
    redirections: usize,
    requests: usize,
}

impl Probe {
    async fn tries(stage: &Stage, worker: usize, targets: &[String]) -> anyhow::Result<Self> {
        let mut probe = Self {
            port: stage.server.port(),
            worker,
            redirections: 0,
            requests: 0,
        };
        let mut link = stage.agency.fresh_link().await?;
        for (number, pair) in targets.chunks(2).enumerate() {
            if number % STARTS_OF_A_LINK == STARTS_OF_A_LINK - 1 {
                link = stage.agency.fresh_link().await?;
            }
            probe.walks(&link, pair).await.with_context(|| pair.join(" "))?;
            for target in pair {
                probe.asks_anywhere(target).await.with_context(|| target.clone())?;
            }
        }
        Ok(probe)
    }

    /// A whole sign-in, with two targets wherever they fit, one as the first value and one as the last: start, callback, return. Each of
    /// them leads on.
    async fn walks(&mut self, link: &Issued, targets: &[String]) -> anyhow::Result<()> {
        let mut browser = Browser::new()?;
        let invitation = browser.open_link(&link.url).await?;
        let form = format!("csrf={}&{}", invitation.form_token()?, pairs(targets, &[]));
        let cookies = cookies(&browser);
        let query = pairs(targets, &["attempt", "h", "state"]);
        let start = format!("/c/{}/start?{query}", link.token());
        let post = Request {
            method: "POST",
            host: AGENCY_HOST,
            path: &start,
            cookies: &cookies,
            body: &form,
        };
        let go = self.leads_on(&post, targets).await?;
        let go = browser
            .get(&format!("http://{AGENCY_HOST}:{}{go}", self.port).parse()?)
            .await?;
        let state = form_urlencoded(&go.sent_with()?);
        let callback = format!("/oauth/callback/google?state={state}&error=access_denied&{query}");
        let handed_over = self.leads_on(&get(CALLBACK_HOST, &callback, ""), targets).await?;
        let back = handed_over.split_once("/c/").context("no path of ours")?.1;
        let back = format!("/c/{back}&{query}");
        self.leads_on(&get(AGENCY_HOST, &back, &cookies), targets).await?;
        Ok(())
    }

    /// Where nothing is to be had: as a path, as a host, as a token, as a hand-off.
    async fn asks_anywhere(&mut self, target: &str) -> anyhow::Result<()> {
        let as_path = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("/{target}")
        };
        let as_query = form_urlencoded(target);
        let token = format!("/c/{target}");
        let hand_off = format!("/c/return?h={as_query}");
        let done = format!("/c/done?attempt={as_query}&next={as_query}");
        let callback = format!("/oauth/callback/google?state={as_query}&code={as_query}&iss={as_query}");
        for (host, path) in [
            (AGENCY_HOST, as_path.as_str()),
            (AGENCY_HOST, &token),
            (AGENCY_HOST, &hand_off),
            (AGENCY_HOST, &done),
            (CALLBACK_HOST, &callback),
            (CALLBACK_HOST, &as_path),
            (target, "/c/reopen"),
            (target, "/oauth/callback/google?state=x&code=y"),
        ] {
            if path.bytes().any(|byte| byte == b' ') || !host.is_ascii() {
                continue; // that is no request
            }
            let answer = self.send(&get(host, path, ""), &[target.to_owned()]).await?;
            self.stays(&answer)?;
        }
        Ok(())
    }

    async fn leads_on(&mut self, request: &Request<'_>, targets: &[String]) -> anyhow::Result<String> {
        let answer = self.send(request, targets).await?;
        self.redirections += 1;
        self.stays(&answer)?.with_context(|| format!("leads nowhere: {answer}"))
    }

    /// Where an answer leads, which must be here.
    fn stays(&self, answer: &str) -> anyhow::Result<Option<String>> {
        let head = answer.split("\r\n\r\n").next().unwrap_or_default();
        let values = |name: &'static str| {
            head.lines()
                .filter_map(move |line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
                .map(|(_, value)| value.trim())
        };
        anyhow::ensure!(values("refresh").next().is_none(), "{head}");
        anyhow::ensure!(!head.to_lowercase().contains("evil.example"), "{head}");
        let mut locations = values("location");
        let location = locations.next().map(str::to_owned);
        anyhow::ensure!(locations.next().is_none(), "two of them: {head}");
        let ours = [AGENCY_HOST, CALLBACK_HOST].map(|host| format!("http://{host}:{}/c/", self.port));
        let is_ours =
            |location: &String| location.starts_with("/c/") || ours.iter().any(|our| location.starts_with(our));
        anyhow::ensure!(location.iter().all(is_ours), "{location:?}");
        Ok(location)
    }

    async fn send(&mut self, request: &Request<'_>, targets: &[String]) -> anyhow::Result<String> {
        self.requests += 1;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut lines = vec![format!("{} {} HTTP/1.1", request.method, request.path)];
        let port = if targets.iter().any(|target| request.host == target) {
            String::new()
        } else {
            format!(":{}", self.port)
        };
        lines.push(format!("host: {}{port}\r\nconnection: close", request.host));
        if !request.cookies.is_empty() {
            lines.push(format!("cookie: {}", request.cookies));
        }
        // Each from a network of its own: one that asks for so many pages would be told to wait.
        let (third, fourth) = (self.requests / 200 % 250, self.requests % 200);
        let third = self.worker * 40 + third;
        lines.push(format!("x-forwarded-for: 198.18.{third}.{}", fourth + 1));
        for name in HEADERS {
            lines.extend(targets.iter().map(|target| format!("{name}: {target}")));
        }
        if request.method == "POST" {
            let length = request.body.len();
            lines.push(format!(
                "content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}"
            ));
        }
        let text = format!("{}\r\n\r\n{}", lines.join("\r\n"), request.body);
        stream.write_all(text.as_bytes()).await?;
        let mut answer = vec![];
        // A server may close on what is no request; what came before counts.
        let _ = stream.read_to_end(&mut answer).await;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

struct Request<'a> {
    method: &'static str,
    host: &'a str,
    path: &'a str,
    cookies: &'a str,
    body: &'a str,
}

fn get<'a>(host: &'a str, path: &'a str, cookies: &'a str) -> Request<'a> {
    Request {
        method: "GET",
        host,
        path,
        cookies,
        body: "",
    }
}

/// The targets under every name but some.
fn pairs(targets: &[String], except: &[&str]) -> String {
    let names = NAMES.iter().filter(|name| !except.contains(name));
    let pairs = names.flat_map(|name| {
        targets
            .iter()
            .map(move |target| format!("{name}={}", form_urlencoded(target)))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn form_urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn cookies(browser: &Browser) -> String {
    let pairs = browser.cookies_of(AGENCY_HOST).into_iter();
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}
