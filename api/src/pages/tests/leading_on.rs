//! The page that leads to the provider, and the picture that leads to the link: nobody can make them lead elsewhere.

use super::{
    super::{Go, ProviderUrl, Template, UnsafeUrl, qr},
    samples::{LINK, SIGN_IN, friendly, google},
};

/// B22, pain 26: no script, no pop-up, no form; a refresh and a link.
#[test]
fn the_page_leads_on_by_a_refresh_and_a_link() {
    let words = friendly();
    let html = Go {
        brand: &words.brand,
        provider: google(),
        url: ProviderUrl::parse(SIGN_IN).unwrap(),
    }
    .render()
    .unwrap();
    let escaped = SIGN_IN.replace('&', "&#38;");
    assert!(html.contains(&format!(r#"<meta http-equiv="refresh" content="0; url={escaped}">"#)));
    assert!(html.contains(&format!(
        r#"<a class="button" href="{escaped}" rel="noreferrer">Sign in with Google</a>"#
    )));
    assert!(html.contains("accounts.google.com</b>"));
    assert!(!html.contains("<form") && !html.contains("<script"));
}

/// Mutant: without the check of the characters in `ProviderUrl::parse` the quotes get through; without the one of the scheme, `javascript:` does.
#[test]
fn a_hostile_provider_address_leads_nowhere() {
    for text in [
        "https://p.example/'; url=https://evil.example",
        "https://p.example/\"><script>alert(1)</script>",
        "https://p.example/'x'",
        "https://p.example/?a=\"x\"",
        "https://p.example/?a={x}",
        "https://p.example/ü",
        "https://p.example/a b",
        "https://p.example/\nSet-Cookie:x",
        "'https://evil.example/'",
        "https://accounts.google.com@evil.example/",
        "https:///path",
        "https://p.example\\@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://p.example/",
        "http://localhost.evil.example/",
        "//evil.example/",
        "/c/abc",
        "",
    ] {
        assert_eq!(ProviderUrl::parse(text), Err(UnsafeUrl), "{text}");
    }
}

#[test]
fn a_provider_on_this_machine_may_be_reached_without_tls() {
    for text in [
        "http://127.0.0.1:9000/authorize?a=1",
        "http://localhost:9000/",
        "http://google.localhost:9000/",
    ] {
        assert!(ProviderUrl::parse(text).is_ok(), "{text}");
    }
}

/// Pain 25. The picture is markup of our own: the address is in it only as black squares.
#[test]
fn a_qr_code_is_one_path_on_white_without_the_address_as_text() {
    let svg = qr::svg(LINK).unwrap().to_string();
    assert!(svg.starts_with("<svg ") && svg.matches("<path").count() == 1 && svg.contains(r##"fill="#ffffff""##));
    assert!(!svg.contains("http") && !svg.contains("style"));
    assert_eq!(qr::svg("<script>").unwrap().to_string().matches('<').count(), 4);
    assert_eq!(qr::svg(&"x".repeat(5000)), Err(qr::TooLong));
}
