//! Stylesheets, the script and the logo of an agency's pages.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::guest::Asked;
use crate::{
    pages::{Brand, BrandCss, PAGE_CSS, PAGE_JS, TabIcon, Template},
    state::Server,
};

/// Images carry this: an SVG that is opened by itself must not run or load anything.
const IMAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The sheet that all pages share.
pub(super) async fn page_css(headers: HeaderMap) -> Response {
    asset(&headers, "text/css; charset=utf-8", PAGE_CSS.as_bytes().to_vec())
}

/// The script that pages do without.
pub(super) async fn page_js(headers: HeaderMap) -> Response {
    asset(&headers, "text/javascript; charset=utf-8", PAGE_JS.as_bytes().to_vec())
}

/// The agency's colours.
pub(super) async fn brand_css(Extension(asked): Extension<Asked>, headers: HeaderMap) -> Response {
    asset(
        &headers,
        "text/css; charset=utf-8",
        colours_of(&asked).css().into_bytes(),
    )
}

fn colours_of(asked: &Asked) -> BrandCss {
    let primary = asked.agency.branding.primary.as_ref();
    primary
        .and_then(|colour| BrandCss::parse(colour.as_str(), colour.as_str()).ok())
        .unwrap_or_default()
}

/// What the browser's tab shows: the logo, or the monogram. Without one, browsers ask the host for a `/favicon.ico`.
pub(super) async fn icon(server: State<Server>, Extension(asked): Extension<Asked>, headers: HeaderMap) -> Response {
    if asked.agency.branding.logo.is_some() {
        return logo(server, Extension(asked), headers).await;
    }
    let monogram = Brand::monogram_of(&asked.agency.name);
    let icon = TabIcon {
        monogram: &monogram,
        colours: colours_of(&asked),
    };
    match icon.render() {
        Ok(svg) => image(&headers, "image/svg+xml", svg.into_bytes()),
        Err(error) => {
            tracing::error!(%error, "an icon could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The agency's logo.
pub(super) async fn logo(
    State(server): State<Server>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
) -> Response {
    let Some(hash) = asked.agency.branding.logo else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match server.app.images.get(&hash).await {
        Ok(Some(found)) => image(&headers, &found.media_type, found.bytes),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a logo could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn image(headers: &HeaderMap, media_type: &str, bytes: Vec<u8>) -> Response {
    let mut response = asset(headers, media_type, bytes);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(IMAGE_POLICY));
    response
}

/// May be kept, but must be asked for again: a changed brand shows with the next page.
fn asset(headers: &HeaderMap, media_type: &str, body: Vec<u8>) -> Response {
    let tag = format!("\"{:x}\"", u64::from_be_bytes(first_eight(&Sha256::digest(&body))));
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|sent| sent.as_bytes() == tag.as_bytes());
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, media_type.to_owned())], body).into_response()
}

fn first_eight(digest: &[u8]) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest[..8]);
    bytes
}
