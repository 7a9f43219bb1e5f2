//! Which browsers Google refuses: views embedded in other apps, which could read what is typed into them.

/// What the in-app browsers of common apps, and Android's web view, put into their name.
const EMBEDDED: [&str; 9] = [
    "; wv)",
    "FBAN/",
    "FBAV/",
    "FB_IAB/",
    "Instagram ",
    "Line/",
    "LinkedInApp",
    "MicroMessenger/",
    "Snapchat/",
];

pub(crate) fn is_embedded(user_agent: &str) -> bool {
    EMBEDDED.iter().any(|mark| user_agent.contains(mark)) || is_ios_web_view(user_agent)
}

/// On iOS every real browser says Safari somewhere, and a bare web view does not.
fn is_ios_web_view(user_agent: &str) -> bool {
    let ios = ["iPhone", "iPad", "iPod"]
        .iter()
        .any(|device| user_agent.contains(device));
    ios && user_agent.contains("AppleWebKit") && !user_agent.contains("Safari/")
}
