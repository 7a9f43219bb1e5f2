//! The promises that hold on every page.

use super::{
    super::{BrandCss, CONTENT_SECURITY_POLICY, PAGE_CSS, PAGE_JS, UNCLAIMED_HOST},
    samples::{LINK, SIGN_IN, every_page, friendly, hostile},
};

/// A10. The assets and the bare 404 count too, since anybody can look at them.
#[test]
fn the_products_own_name_appears_nowhere() {
    let fixed = [PAGE_CSS, PAGE_JS, UNCLAIMED_HOST, CONTENT_SECURITY_POLICY]
        .map(str::to_owned)
        .map(|text| ("asset".to_owned(), text));
    let css = ("brand.css".to_owned(), BrandCss::default().css());
    for (name, text) in every_page(&friendly()).into_iter().chain(fixed).chain([css]) {
        assert!(!text.to_lowercase().contains("grantlink"), "{name} names the product");
    }
}

/// A10: the agency's name is the first thing on the page, and in its title.
#[test]
fn the_agency_leads_on_every_page() {
    for (name, html) in every_page(&friendly()) {
        assert!(
            html.contains("· Bright Side Marketing</title>"),
            "{name} has no title of the agency"
        );
        let header = html.split_once("<header").unwrap().1.split_once("</header>").unwrap().0;
        assert!(
            header.contains("Bright Side Marketing") && header.contains("BS</text>"),
            "{name} does not lead with the agency"
        );
        assert!(
            html.contains(r#"href="mailto:help@bright.example""#),
            "{name} offers no contact"
        );
    }
}

/// What the policy would silently drop must not be there in the first place.
#[test]
fn nothing_on_a_page_needs_more_than_its_policy_allows() {
    for (name, html) in every_page(&friendly()) {
        let lower = html.to_lowercase();
        for banned in [
            "style=",
            "<style",
            " onclick",
            " onload",
            " onerror",
            " onsubmit",
            "javascript:",
            "data:",
            "<iframe",
            "<object",
            "<base",
            "xmlns",
        ] {
            assert!(!lower.contains(banned), "{name} contains {banned}");
        }
        let scripts = lower.matches("<script").count();
        assert_eq!(
            scripts,
            lower
                .matches(r#"<script src="/c/assets/page.js" defer></script>"#)
                .count(),
            "{name} has a script of its own"
        );
        for (address, _) in html.match_indices("src=\"").chain(html.match_indices("action=\"")) {
            let value = html[address..].split('"').nth(1).unwrap();
            assert!(value.starts_with("/c/"), "{name} leads to {value}");
        }
    }
}

#[test]
fn no_page_refers_to_another_site_unless_it_was_given_one() {
    for (name, html) in every_page(&friendly()) {
        let given = html.replace(LINK, "").replace(&SIGN_IN.replace('&', "&#38;"), "");
        assert!(
            !given.contains("http://") && !given.contains("https://") && !given.contains("\"//"),
            "{name} refers elsewhere"
        );
    }
    assert!(!PAGE_CSS.contains("url(") && !PAGE_CSS.contains("@import") && !PAGE_JS.contains("//http"));
}

/// Mutant: with `|safe` behind the company in layout.html or the listing's title in listings.html this fails.
#[test]
fn no_text_from_outside_becomes_markup() {
    let breakouts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' autofocus onfocus='alert(1)",
        "</title><meta http-equiv=refresh>",
    ];
    let shape = |html: &str| (html.matches('<').count(), html.matches('"').count());
    let calm: Vec<_> = every_page(&hostile("x")).iter().map(|(_, html)| shape(html)).collect();
    for text in breakouts {
        for ((name, html), calm) in every_page(&hostile(text)).iter().zip(&calm) {
            assert!(!html.contains(text), "{name} shows {text} as markup");
            assert_eq!(shape(html), *calm, "{name} grew a tag or an attribute from {text}");
        }
    }
}

/// Every form that changes something carries the browser's own token, and nothing but a form changes anything.
#[test]
fn every_posting_form_carries_its_csrf_token() {
    for (name, html) in every_page(&friendly()) {
        for form in html
            .split("<form ")
            .skip(1)
            .map(|rest| rest.split_once("</form>").unwrap().0)
            .filter(|form| form.starts_with("method=\"post\""))
        {
            assert!(
                form.contains(r#"<input type="hidden" name="csrf" value="5f1c">"#),
                "{name} posts without a token"
            );
        }
    }
}

/// Labels and descriptions point at something, and no two things share an id.
#[test]
fn every_reference_inside_a_page_has_its_target() {
    for (name, html) in every_page(&friendly()) {
        let ids: Vec<&str> = values(&html, " id=\"");
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name} uses an id twice");
        for attribute in [" for=\"", "aria-labelledby=\"", "aria-describedby=\""] {
            for target in values(&html, attribute) {
                assert!(ids.contains(&target), "{name}: {attribute}{target}");
            }
        }
        assert_eq!(html.matches("<h1").count(), 1, "{name} needs one heading");
        assert_eq!(html.matches("<main").count(), 1, "{name} needs one main part");
    }
}

fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(attribute)
        .skip(1)
        .map(|rest| rest.split_once('"').unwrap().0)
        .collect()
}
