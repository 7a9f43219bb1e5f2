//! What goes wrong with mail: refusals at any step, silence, cut connections, an outage.

use std::time::Duration;

use tokio::sync::Mutex;

/// Where in the dialogue something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStep {
    /// Before the greeting.
    Greeting,
    /// At the login.
    Login,
    /// At the sender.
    Sender,
    /// At a recipient.
    Recipient,
    /// Before the mail itself.
    Data,
    /// After the final dot: the mail is whole.
    FinalDot,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Answer with this code and these words, and take nothing.
    Answer(u16, String),
    /// Never answer.
    Stall,
    /// Answer properly, but only after this.
    Wait(Duration),
    /// Hang up. After the final dot the mail was taken all the same, which only this server knows.
    Cut,
}

/// Trouble for coming mails.
#[derive(Clone, Debug)]
pub struct MailTrouble {
    /// Where.
    pub step: MailStep,
    /// What.
    pub deed: Deed,
    /// Only for recipients that hold this text; everybody when not given.
    pub recipient: Option<String>,
    /// How often it strikes.
    pub times: u32,
    /// It strikes every so-manieth time that it could; 1 is every time.
    pub every: u32,
}

impl MailTrouble {
    /// The next time.
    pub fn once(step: MailStep, deed: Deed) -> Self {
        Self {
            step,
            deed,
            recipient: None,
            times: 1,
            every: 1,
        }
    }

    /// Every time, until it is taken back.
    pub fn always(step: MailStep, deed: Deed) -> Self {
        Self {
            times: u32::MAX,
            ..Self::once(step, deed)
        }
    }

    /// The same, for one recipient alone.
    #[must_use]
    pub fn for_recipient(self, recipient: impl Into<String>) -> Self {
        Self {
            recipient: Some(recipient.into()),
            ..self
        }
    }

    /// The same, but only every so-manieth time.
    #[must_use]
    pub fn every(self, every: u32) -> Self {
        Self {
            every: every.max(1),
            ..self
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<Vec<(MailTrouble, u32)>>);

impl Troubles {
    pub(super) async fn add(&self, trouble: MailTrouble) {
        self.0.lock().await.push((trouble, 0));
    }

    pub(super) async fn clear(&self) {
        self.0.lock().await.clear();
    }

    /// What happens at this step, which may concern these recipients.
    pub(super) async fn strike(&self, step: MailStep, recipients: &[String]) -> Option<Deed> {
        let mut troubles = self.0.lock().await;
        for (trouble, met) in troubles
            .iter_mut()
            .filter(|(trouble, _)| trouble.times > 0 && trouble.step == step)
        {
            let concerned = |text: &String| recipients.iter().any(|recipient| recipient.contains(text));
            if !trouble.recipient.as_ref().is_none_or(concerned) {
                continue;
            }
            *met += 1;
            if met.is_multiple_of(trouble.every) {
                trouble.times -= 1;
                return Some(trouble.deed.clone());
            }
        }
        None
    }
}
