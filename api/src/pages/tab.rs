//! What a browser's tab shows of an agency that has no logo.

use askama::Template;

use super::BrandCss;

/// Served as `/c/assets/icon`: the monogram on the agency's colour.
#[derive(Debug, Template)]
#[template(path = "pages/tab.svg")]
pub struct TabIcon<'a> {
    /// One or two letters.
    pub monogram: &'a str,
    /// The agency's colours.
    pub colours: BrandCss,
}
