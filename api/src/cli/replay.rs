//! `grantlink replay`: the story of a link, from the log itself.

use anyhow::Context;
use clap::Args;
use domain::{connect_link::LinkToken, ids::LinkId};

use crate::{config::Config, installation::Installation, story};

/// Tells the story of a link.
#[derive(Args)]
pub(super) struct Replay {
    /// The link's id, or its address.
    link: String,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let link = link_of(&self.link)?;
        let installation = Installation::open(config).await?;
        let told = story::of_link(&installation.app, link).await;
        installation.close().await;
        let told = told?;
        anyhow::ensure!(!told.is_empty(), "there is no such link");
        for entry in told {
            if self.json {
                println!("{}", serde_json::to_string(&entry)?);
            } else {
                println!("{entry}");
            }
        }
        Ok(())
    }
}

/// An id, or the id of the token at the end of an address.
fn link_of(text: &str) -> anyhow::Result<LinkId> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let token = text.rsplit('/').next().unwrap_or_default();
    let token = LinkToken::parse(token).context("this is neither a link's id nor its address")?;
    Ok(token.link_id())
}
