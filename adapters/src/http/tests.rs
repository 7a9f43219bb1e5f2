//! The outbound client keeps its limits, whatever the other side does.

use reqwest::{Method, Url};

use super::{
    HttpAnswer, HttpClient, HttpConfig, HttpError, client,
    fake::{Fake, Say, raw},
    is_safe_target,
};

fn impatient() -> HttpClient {
    client(&HttpConfig {
        timeout_seconds: 1,
        ..HttpConfig::default()
    })
    .unwrap()
}

async fn get(url: &str) -> Result<HttpAnswer, HttpError> {
    let http = impatient();
    let request = http.request(Method::GET, Url::parse(url).unwrap());
    http.send(request, 1_000).await
}

/// Mutant: without the check in `execute`, the error is that nobody can be reached, after asking the name server.
#[tokio::test]
async fn plain_http_never_leaves_this_machine() {
    for url in [
        "http://provider.example/token",
        "http://203.0.113.7/",
        "http://localhost.example/",
        "ftp://localhost/",
    ] {
        assert_eq!(get(url).await.err(), Some(HttpError::InsecureTarget), "{url}");
    }
}

#[test]
fn https_goes_anywhere_and_http_to_loopback_alone() {
    let safe = |url: &str| is_safe_target(&Url::parse(url).unwrap());
    for url in [
        "https://provider.example/",
        "http://127.0.0.1:8080/",
        "http://127.8.9.1/",
        "http://[::1]:8080/",
        "http://localhost/",
        "http://IDP.localhost:9/",
    ] {
        assert!(safe(url), "{url}");
    }
    for url in [
        "http://provider.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[::ffff:10.0.0.1]/",
        "http://notlocalhost/",
        "http://localhost.example/",
        "file:///etc/passwd",
        "ws://localhost/",
    ] {
        assert!(!safe(url), "{url}");
    }
}

/// The test's machine may resolve these names or not: the client does it by itself.
#[tokio::test]
async fn names_below_localhost_lead_to_this_machine() {
    let fake = Fake::start(|_| Say::Text(200, "home".to_owned())).await;
    let port = fake.base.rsplit(':').next().unwrap();
    let answer = get(&format!("http://some.agency.localhost:{port}/")).await.unwrap();
    assert_eq!(answer.body, b"home");
}

/// Mutant: with the library's own redirect policy, `/elsewhere` is asked.
#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    for status in [301, 302, 303, 307, 308] {
        let fake = Fake::start(move |_| Say::Redirect(status, "/elsewhere".to_owned())).await;
        let answer = get(&fake.base).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
        assert!(fake.heard("/elsewhere").await.is_empty());
    }
}

/// Mutant: without the check in the loop, the second one is read to its end.
#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let large = "x".repeat(1_001);
    let (announced, unannounced) = (large.clone(), large);
    let fake = Fake::start(move |heard| match heard.path.as_str() {
        "/announced" => Say::Text(200, announced.clone()),
        "/unannounced" => Say::Unannounced(unannounced.clone()),
        _ => Say::Text(200, "x".repeat(1_000)),
    })
    .await;
    for path in ["announced", "unannounced"] {
        assert_eq!(
            get(&format!("{}/{path}", fake.base)).await.err(),
            Some(HttpError::TooLarge),
            "{path}"
        );
    }
    assert_eq!(get(&fake.base).await.unwrap().body.len(), 1_000);
}

#[tokio::test]
async fn an_answer_that_never_comes_or_breaks_off_is_an_error_that_names_no_address() {
    let silent = Fake::start(|_| Say::Silence).await;
    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this").await;
    let stalled = raw(b"").await;
    let garbage = raw(b"220 mail.example ESMTP\r\n").await;
    for (base, expected) in [
        (silent.base.as_str(), HttpError::TimedOut),
        (&cut, HttpError::BrokenOff),
        (&stalled, HttpError::BrokenOff),
        (&garbage, HttpError::BrokenOff),
    ] {
        let error = get(&format!("{base}/path?token=secret")).await.err().unwrap();
        assert_eq!(error, expected);
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}

#[tokio::test]
async fn where_nobody_listens_nobody_is_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        get(&format!("http://{address}/")).await.err(),
        Some(HttpError::Unreachable)
    );
}

#[tokio::test]
async fn the_client_introduces_itself_by_the_configured_name() {
    let fake = Fake::start(|_| Say::Text(200, String::new())).await;
    get(&fake.base).await.unwrap();
    assert_eq!(fake.heard("/").await[0].user_agent.as_deref(), Some("connect-service"));
    for unusable in [
        HttpConfig {
            user_agent: "two\nlines".to_owned(),
            ..HttpConfig::default()
        },
        HttpConfig {
            timeout_seconds: 0,
            ..HttpConfig::default()
        },
    ] {
        assert_eq!(client(&unusable).err(), Some(HttpError::Configuration));
    }
}
