//! A link as a picture that another phone can read.

use std::fmt::{self, Write};

use qrcode::{Color, QrCode};

/// The light border that readers need around the code, in modules.
const QUIET: usize = 4;

/// Markup of a QR code that came from [`svg`] and so may stand in a page as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrSvg(String);

impl fmt::Display for QrSvg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address is too long for a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address is too long for a QR code")]
pub struct TooLong;

/// Draws `url` as one path in an inline SVG, without styles or a namespace address. The text itself never reaches the markup.
///
/// # Errors
/// When no QR code is large enough for the address.
pub fn svg(url: &str) -> Result<QrSvg, TooLong> {
    let code = QrCode::new(url).map_err(|_| TooLong)?;
    let width = code.width();
    let size = width + 2 * QUIET;
    let mut path = String::new();
    for (index, _) in code
        .to_colors()
        .iter()
        .enumerate()
        .filter(|(_, colour)| **colour == Color::Dark)
    {
        // A String takes everything that is written to it.
        let _ = write!(path, "M{} {}h1v1h-1z", index % width + QUIET, index / width + QUIET);
    }
    Ok(QrSvg(format!(
        r##"<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="QR code of your link" shape-rendering="crispEdges"><rect width="{size}" height="{size}" fill="#ffffff"/><path d="{path}" fill="#000000"/></svg>"##
    )))
}
