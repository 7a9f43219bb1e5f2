//! Logos: small images, named by their SHA-256.

use async_trait::async_trait;

use super::StoreError;

/// A stored image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// SHA-256 of the bytes, in hex.
    pub hash: String,
    /// `image/png`, `image/jpeg`, `image/webp` or `image/svg+xml`.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Pictures that mail programs show. They do not show SVG.
const SHOWN_IN_MAILS: [&str; 2] = ["image/png", "image/jpeg"];

impl Image {
    /// Whether mail programs show it.
    pub fn is_for_mails(&self) -> bool {
        SHOWN_IN_MAILS.contains(&self.media_type.as_str())
    }
}

/// The stored images. One that is there never changes.
#[async_trait]
pub trait Images: Send + Sync {
    /// Keeps an image; one that is there stays.
    async fn put(&self, image: &Image) -> Result<(), StoreError>;

    /// The image of that hash.
    async fn get(&self, hash: &str) -> Result<Option<Image>, StoreError>;
}
