//! What kind of visitor opens a link: a person, a machine that looks ahead, or a person inside another app's own browser.

use axum::http::{HeaderMap, Method, header};
use domain::trail::Visitor;

/// Words in the names of mail scanners, chat previewers and tools, in lower case.
const MACHINES: [&str; 27] = [
    "bot",
    "crawl",
    "spider",
    "preview",
    "scan",
    "curl/",
    "wget/",
    "python",
    "java/",
    "go-http",
    "okhttp",
    "axios",
    "headless",
    "facebookexternalhit",
    "whatsapp/",
    "telegram",
    "skypeuri",
    "slack",
    "discord",
    "embed",
    "safelinks",
    "barracuda",
    "mimecast",
    "proofpoint",
    "urldefense",
    "google-read-aloud",
    "bingpreview",
];

/// Marks of browsers that live inside another app, where Google refuses to sign anybody in (`disallowed_useragent`).
const IN_APP: [(&str, &str); 9] = [
    ("Instagram", "Instagram"),
    ("FBAN", "Facebook"),
    ("FBAV", "Facebook"),
    ("LinkedInApp", "LinkedIn"),
    ("Snapchat", "Snapchat"),
    ("musical_ly", "TikTok"),
    ("BytedanceWebview", "TikTok"),
    ("Line/", "LINE"),
    ("MicroMessenger", "WeChat"),
];

/// Who seems to open a link. A guess for the audit trail; nothing is decided on it.
pub(super) fn kind(method: &Method, headers: &HeaderMap) -> Visitor {
    let agent = agent(headers).to_ascii_lowercase();
    let looks_ahead = ["purpose", "sec-purpose", "x-purpose"].iter().any(|name| {
        headers
            .get(*name)
            .is_some_and(|value| value.as_bytes().starts_with(b"pre"))
    });
    let is_machine = method == Method::HEAD
        || agent.is_empty()
        || looks_ahead
        || !headers.contains_key(header::ACCEPT_LANGUAGE)
        || MACHINES.iter().any(|word| agent.contains(word));
    if is_machine {
        Visitor::LikelyAutomated
    } else {
        Visitor::Person
    }
}

/// The app whose own browser this is; an empty name when only that much is known.
pub(super) fn in_app(headers: &HeaderMap) -> Option<&'static str> {
    let agent = agent(headers);
    let named = IN_APP
        .iter()
        .find(|(mark, _)| agent.contains(mark))
        .map(|(_, app)| *app);
    named.or(agent.contains("; wv)").then_some(""))
}

fn agent(headers: &HeaderMap) -> &str {
    headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(agent: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, agent.parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, "en".parse().unwrap());
        headers
    }

    const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

    #[test]
    fn a_phone_is_a_person_and_a_scanner_is_likely_not() {
        assert_eq!(kind(&Method::GET, &headers(PHONE)), Visitor::Person);
        for agent in [
            "",
            "WhatsApp/2.24 A",
            "curl/8.5",
            "Slackbot-LinkExpanding 1.0",
            "facebookexternalhit/1.1",
        ] {
            assert_eq!(kind(&Method::GET, &headers(agent)), Visitor::LikelyAutomated, "{agent}");
        }
        assert_eq!(kind(&Method::HEAD, &headers(PHONE)), Visitor::LikelyAutomated);
    }

    #[test]
    fn browsers_inside_other_apps_are_recognised() {
        assert_eq!(in_app(&headers(&format!("{PHONE} Instagram 300.0"))), Some("Instagram"));
        assert_eq!(
            in_app(&headers(
                "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv) AppleWebKit/537.36"
            )),
            Some("")
        );
        assert_eq!(in_app(&headers(PHONE)), None);
    }
}
