//! Logos.

use application::ports::images::Image;
use grantlink_tests::conformance::Database;

grantlink_tests::on_both_databases!(an_image_is_kept_as_it_was_first_put);

async fn an_image_is_kept_as_it_was_first_put(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let image = Image {
        hash: "ab".repeat(32),
        media_type: "image/png".to_owned(),
        bytes: (0..=255).collect(),
    };
    assert_eq!(stores.images.get(&image.hash).await?, None);
    stores.images.put(&image).await?;
    let other = Image {
        media_type: "image/svg+xml".to_owned(),
        bytes: vec![],
        ..image.clone()
    };
    stores.images.put(&other).await?;
    assert_eq!(stores.images.get(&image.hash).await?, Some(image));
    Ok(())
}
