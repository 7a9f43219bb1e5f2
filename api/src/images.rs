//! Logos that come in from outside.

use std::path::Path;

use anyhow::{Context, ensure};
use application::ports::images::Image;
use sha2::{Digest, Sha256};

const LARGEST: usize = 256 * 1024;

/// Reads a logo from a file. What it is, its first bytes say, not its name.
///
/// # Errors
/// When it cannot be read, is too large, or is none of the known kinds.
pub fn read(file: &Path) -> anyhow::Result<Image> {
    let bytes = std::fs::read(file).with_context(|| format!("the logo {} cannot be read", file.display()))?;
    ensure!(bytes.len() <= LARGEST, "the logo is larger than 256 KiB");
    image(bytes).context("the logo is no PNG, JPEG, WebP or SVG")
}

/// An image of a known kind.
pub fn image(bytes: Vec<u8>) -> Option<Image> {
    let media_type = media_type(&bytes)?.to_owned();
    let hash = Sha256::digest(&bytes)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    Some(Image {
        hash,
        media_type,
        bytes,
    })
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let start = std::str::from_utf8(bytes.get(..bytes.len().min(512))?)
        .unwrap_or_default()
        .trim_start();
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ if start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg")) => {
            Some("image/svg+xml")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_what_its_first_bytes_say() {
        assert_eq!(image(b"\x89PNG\r\n".to_vec()).unwrap().media_type, "image/png");
        assert_eq!(image(b"<svg xmlns='x'/>".to_vec()).unwrap().media_type, "image/svg+xml");
        assert!(image(b"<html><svg></html>".to_vec()).is_none());
        assert!(image(vec![]).is_none());
    }
}
