//! What becomes of mails. No label names an agency, a server or a person.

use application::ports::mail::{AccountOwner, NotSent};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Over {
    server: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    server: &'static str,
    reason: &'static str,
}

/// Counts mails. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct MailFigures {
    sent: Family<Over, Counter>,
    not_sent: Family<Why, Counter>,
}

impl MailFigures {
    /// Names the figures for whoever collects them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("mails_sent", "Mails that a mail server took", self.sent.clone());
        registry.register(
            "mails_not_sent",
            "Times that a mail was not taken, most of which are tried again",
            self.not_sent.clone(),
        );
    }

    pub(super) fn count(&self, owner: AccountOwner, sent: Result<(), &NotSent>) {
        let server = owner.into();
        match sent {
            Ok(()) => self.sent.get_or_create(&Over { server }).inc(),
            Err(error) => self
                .not_sent
                .get_or_create(&Why {
                    server,
                    reason: error.into(),
                })
                .inc(),
        };
    }
}
