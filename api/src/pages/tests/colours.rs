//! Whatever colours an agency chose, its customers can read the page.

use super::super::{
    BrandCss, Colour, InvalidColour, PAGE_CSS,
    colours::{DARK_GROUND, LIGHT_GROUND},
};

const ANY: [&str; 12] = [
    "#000", "#fff", "#777777", "#808080", "#ffff00", "#00ff00", "#0000ff", "#ff0000", "#1a73e8", "#ff6f61", "#2f4b6e",
    "#e0a458",
];

fn property(css: &str, name: &str) -> Colour {
    let value = css
        .split_once(&format!("--{name}: "))
        .unwrap()
        .1
        .split_once(';')
        .unwrap()
        .0;
    Colour::parse(value).unwrap()
}

#[test]
fn text_on_any_brand_colour_meets_level_aa() {
    for text in ANY {
        let css = BrandCss::parse(text, text).unwrap().css();
        for (ground, ink) in [("primary", "on-primary"), ("accent", "on-accent")] {
            assert!(property(&css, ground).contrast(property(&css, ink)) >= 4.5, "{text}");
        }
    }
}

#[test]
fn any_brand_colour_as_text_meets_level_aa_by_day_and_by_night() {
    for text in ANY {
        let css = BrandCss::parse(text, text).unwrap().css();
        for (ground, theme) in [(LIGHT_GROUND, "light"), (DARK_GROUND, "dark")] {
            assert!(
                property(&css, &format!("ink-{theme}")).contrast(ground) >= 4.5,
                "{text} {theme}"
            );
            assert!(
                property(&css, &format!("edge-{theme}")).contrast(ground) >= 3.0,
                "{text} {theme}"
            );
        }
    }
}

/// A colour that is dark enough already stays what the agency chose.
#[test]
fn a_readable_brand_colour_is_left_alone() {
    let css = BrandCss::parse("#1f5fbf", "#e0a458").unwrap().css();
    assert_eq!(property(&css, "ink-light"), Colour::parse("#1f5fbf").unwrap());
}

#[test]
fn contrast_is_the_one_that_everybody_computes() {
    let contrast = |a, b| Colour::parse(a).unwrap().contrast(Colour::parse(b).unwrap());
    assert!((contrast("#000", "#fff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}

/// A colour stands in a stylesheet, so nothing but a colour may.
#[test]
fn only_hex_colours_are_taken() {
    assert_eq!(Colour::parse(" #AbC "), Colour::parse("#aabbcc"));
    for text in [
        "", "#", "red", "123456", "#12345", "#1234567", "#ggg", "#fff;}", "url(x)", "#é00000",
    ] {
        assert_eq!(Colour::parse(text), Err(InvalidColour), "{text}");
    }
}

#[test]
fn the_shared_sheet_agrees_with_what_the_colours_were_computed_for() {
    assert!(
        PAGE_CSS.contains(&format!("--page: {LIGHT_GROUND};"))
            && PAGE_CSS.contains(&format!("--raised: {DARK_GROUND};"))
    );
    let css = BrandCss::default().css();
    for name in [
        "primary",
        "on-primary",
        "accent",
        "on-accent",
        "ink-light",
        "ink-dark",
        "edge-light",
        "edge-dark",
    ] {
        assert_eq!(property(PAGE_CSS, name), property(&css, name), "{name}");
    }
}
