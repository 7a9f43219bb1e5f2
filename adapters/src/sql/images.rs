use application::ports::{
    StoreError,
    images::{Image, Images},
};
use async_trait::async_trait;

use super::Pool;

const PUT: &str = "INSERT INTO images (hash, media_type, bytes) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING";
const GET: &str = "SELECT hash, media_type, bytes FROM images WHERE hash = $1";

/// The table of images.
pub(super) struct ImageRows {
    pool: Pool,
}

impl ImageRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl Images for ImageRows {
    async fn put(&self, image: &Image) -> Result<(), StoreError> {
        let values = vec![
            image.hash.as_str().into(),
            image.media_type.as_str().into(),
            image.bytes.as_slice().into(),
        ];
        self.pool.write(PUT, values).await.map(|_| ())
    }

    async fn get(&self, hash: &str) -> Result<Option<Image>, StoreError> {
        let Some(mut row) = self.pool.read_one(GET, vec![hash.into()]).await? else {
            return Ok(None);
        };
        Ok(Some(Image {
            hash: row.text()?,
            media_type: row.text()?,
            bytes: row.bytes()?,
        }))
    }
}
