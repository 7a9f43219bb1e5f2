//! Looking at a page on every screen, light and dark, without loading it again.

use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{
    devtools,
    person::Person,
    screen::{Scheme, Screen},
};

/// Names a directory that is filled with a picture of every page, for people to look at.
const SCREENSHOTS: &str = "GRANTLINK_TEST_SCREENSHOTS";
const EYE: &str = include_str!("look.js");

impl Person {
    /// Looks at the page that is open: on no screen and in no scheme may there be anything to complain about.
    pub(super) async fn looks_around(&self, page: &str) -> anyhow::Result<()> {
        self.looks_at_it_on(&Screen::ALL, page).await
    }

    /// The same on other devices.
    pub(super) async fn looks_at_it_on(&self, screens: &[Screen], page: &str) -> anyhow::Result<()> {
        let album = std::env::var_os(SCREENSHOTS).map(PathBuf::from);
        let mut complaints = Vec::new();
        self.has_everything().await?;
        for screen in screens.iter().copied() {
            for scheme in Scheme::ALL {
                self.holds(screen).await?;
                self.prefers(scheme).await?;
                let view = format!("{page}-{}-{}", screen.name(), scheme.name());
                let found: Vec<String> = serde_json::from_value(self.asks(EYE).await?)?;
                complaints.extend(found.iter().map(|complaint| format!("{view}: {complaint}")));
                if let Some(album) = &album {
                    self.takes_a_picture(screen, &album.join(format!("{view}.png"))).await?;
                }
            }
        }
        self.holds(Screen::Phone).await?;
        self.prefers(Scheme::Light).await?;
        anyhow::ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
        Ok(())
    }

    /// The whole page, on a screen that is as tall: what sticks to the edge of a screen would cover a part of it.
    async fn takes_a_picture(&self, screen: Screen, file: &Path) -> anyhow::Result<()> {
        let height = self.asks("return document.documentElement.scrollHeight;").await?;
        let height = height.as_u64().context("a page without a height")?;
        self.holds_one_as_tall_as(screen, height.try_into()?).await?;
        let answer = devtools::command(self.client(), "Page.captureScreenshot", json!({ "format": "png" })).await?;
        let picture = STANDARD.decode(answer["data"].as_str().context("no picture")?)?;
        tokio::fs::write(file, picture)
            .await
            .with_context(|| format!("{} cannot be written", file.display()))
    }
}
