//! Somebody at a browser: opens, reads, presses, ticks, types. Every step waits until the page is there, never for a time.

use std::{fmt::Write, future::Future, time::Duration};

use anyhow::{Context, bail};
use fantoccini::{Client, Locator, elements::Element};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    chromium::Chromium,
    devtools,
    screen::{Scheme, Screen},
};

/// A page that takes longer than this is not coming.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// Whether the page and its pictures have come or failed.
const LOADED: &str =
    "return document.readyState === 'complete' && [...document.images].every(image => image.complete);";
/// Which page this is, for what is said when another was awaited.
const WHERE: &str = "const h1 = document.querySelector('h1');
return [document.readyState, h1 ? h1.innerText : '', location.href];";

/// A person with a browser of their own.
pub(super) struct Person {
    pub(super) chromium: Chromium,
}

impl Person {
    /// Somebody who holds such a device.
    pub(super) async fn with(screen: Screen) -> anyhow::Result<Self> {
        let person = Self {
            chromium: Chromium::start().await?,
        };
        person.calls_itself(screen.user_agent()).await?;
        person.holds(screen).await?;
        Ok(person)
    }

    pub(super) fn client(&self) -> &Client {
        &self.chromium.client
    }

    /// Changes the screen under the page that is open.
    pub(super) async fn holds(&self, screen: Screen) -> anyhow::Result<()> {
        self.holds_one_as_tall_as(screen, screen.size().1).await?;
        let touch = json!({ "enabled": screen.is_phone() });
        self.devtools("Emulation.setTouchEmulationEnabled", touch).await
    }

    /// A screen that shows more of the page than it should.
    pub(super) async fn holds_one_as_tall_as(&self, screen: Screen, height: u32) -> anyhow::Result<()> {
        let scale = if screen.is_phone() { 2 } else { 1 };
        let metrics = json!({
            "width": screen.size().0, "height": height, "deviceScaleFactor": scale, "mobile": screen.is_phone(),
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await
    }

    pub(super) async fn prefers(&self, scheme: Scheme) -> anyhow::Result<()> {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme.name() });
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] }))
            .await
    }

    pub(super) async fn calls_itself(&self, user_agent: &str) -> anyhow::Result<()> {
        let name = json!({ "userAgent": user_agent, "acceptLanguage": "en-GB,en" });
        self.devtools("Emulation.setUserAgentOverride", name).await
    }

    /// From the next page on, no page's script runs; what the tests ask of a page still does.
    pub(super) async fn switches_scripts_off(&self) -> anyhow::Result<()> {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true }))
            .await
    }

    pub(super) async fn devtools(&self, name: &str, parameters: Value) -> anyhow::Result<()> {
        devtools::command(self.client(), name, parameters)
            .await
            .with_context(|| name.to_owned())?;
        Ok(())
    }

    pub(super) async fn opens(&self, address: &str) -> anyhow::Result<()> {
        Ok(self.client().goto(address).await?)
    }

    /// Waits for the page with this heading, all of it.
    pub(super) async fn sees(&self, heading: &str) -> anyhow::Result<()> {
        let shown = async || {
            let place = self.client().execute(WHERE, vec![]).await.ok()?;
            (place[0] == "complete" && place[1] == heading).then_some(())
        };
        self.until(&format!("the page “{heading}”"), shown).await
    }

    /// Waits for an element.
    pub(super) async fn finds(&self, css: &str) -> anyhow::Result<Element> {
        let found = async || self.client().find(Locator::Css(css)).await.ok();
        self.until(&format!("an element {css}"), found).await
    }

    /// Waits for a text anywhere on the page.
    pub(super) async fn reads(&self, text: &str) -> anyhow::Result<()> {
        let shown = async || self.text().await.ok().filter(|page| page.contains(text)).map(drop);
        self.until(&format!("the text “{text}”"), shown).await
    }

    /// What the page says, as far as it is to be seen.
    pub(super) async fn text(&self) -> anyhow::Result<String> {
        let text = self.client().execute("return document.body.innerText;", vec![]).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Clicks on an element, as with a finger or a mouse.
    pub(super) async fn clicks(&self, css: &str) -> anyhow::Result<()> {
        let element = self.finds(css).await?;
        self.hits(&element)
            .await
            .with_context(|| format!("{css} cannot be clicked"))
    }

    /// Brings an element to the middle of the screen, clear of what sticks to its edges, and clicks on it.
    async fn hits(&self, element: &Element) -> anyhow::Result<()> {
        let middle = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' });";
        self.client()
            .execute(middle, vec![serde_json::to_value(element)?])
            .await?;
        Ok(element.click().await?)
    }

    /// Presses the button, or follows the link, that says this.
    pub(super) async fn presses(&self, words: &str) -> anyhow::Result<()> {
        let path = format!("//*[(self::button or self::a or self::summary) and normalize-space()='{words}']");
        let found = async || self.client().find(Locator::XPath(&path)).await.ok();
        let button = self.until(&format!("a button “{words}”"), found).await?;
        self.hits(&button)
            .await
            .with_context(|| format!("“{words}” cannot be pressed"))
    }

    /// Chooses a listing by its name.
    pub(super) async fn picks(&self, title: &str) -> anyhow::Result<()> {
        let path = format!("//label[b='{title}']");
        let found = async || self.client().find(Locator::XPath(&path)).await.ok();
        let label = self.until(&format!("the listing “{title}”"), found).await?;
        self.hits(&label)
            .await
            .with_context(|| format!("“{title}” cannot be picked"))
    }

    /// Types into a field in place of what it holds, and sends it with the enter key.
    pub(super) async fn enters(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let field = self.finds(css).await?;
        field.clear().await?;
        Ok(field.send_keys(&format!("{text}\u{e007}")).await?)
    }

    /// Looks into the only frame of the page.
    pub(super) async fn enters_the_frame(&self) -> anyhow::Result<()> {
        let entered = async || self.client().enter_frame(0).await.ok();
        self.until("a frame", entered).await
    }

    /// Waits until the browser complains about something.
    pub(super) async fn hears_a_complaint_about(&self, what: &str) -> anyhow::Result<()> {
        let heard = async || {
            let record = self.record().await.ok()?;
            record
                .complaints
                .iter()
                .any(|complaint| complaint.contains(what))
                .then_some(())
        };
        self.until(&format!("a complaint about {what}"), heard).await
    }

    /// Opens a tab beside the others; it is a device of its own for what was set up with `DevTools`.
    pub(super) async fn turns_to_a_new_tab(&self) -> anyhow::Result<()> {
        let tab = self.client().new_window(true).await?;
        Ok(self.client().switch_to_window(tab.handle).await?)
    }

    pub(super) async fn goes_back(&self) -> anyhow::Result<()> {
        Ok(self.client().back().await?)
    }

    /// What a script of ours finds on the page.
    pub(super) async fn asks(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client().execute(script, vec![]).await?)
    }

    /// Waits until everything that the page names has come, or has failed to.
    pub(super) async fn has_everything(&self) -> anyhow::Result<()> {
        let loaded = || async {
            let loaded = self.client().execute(LOADED, vec![]).await.ok()?;
            (loaded == Value::Bool(true)).then_some(())
        };
        self.until("the rest of the page", loaded).await
    }

    /// Waits for a condition. While pages change, an element that was just found may be gone: that is no failure yet.
    async fn until<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> anyhow::Result<T> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(found) = look().await {
                return Ok(found);
            }
            sleep(LOOK_AGAIN).await;
        }
        bail!("{what} did not come; {}", self.what_is_there().await)
    }

    async fn what_is_there(&self) -> String {
        let mut story = String::new();
        if let Ok(place) = self.client().execute(WHERE, vec![]).await {
            let _ = write!(story, "there is {place}");
        }
        if let Ok(text) = self.text().await {
            let _ = write!(story, "\n{text}");
        }
        story
    }
}
