//! The sentences themselves, one per event.

use domain::{
    Timestamp,
    agency::AgencyEvent,
    connect_link::{AttemptFailure, ConnectLinkEvent, LinkTerms, RevokeReason},
    customer::CustomerEvent,
    event::Event,
    grant::GrantEvent,
    host::HostEvent,
    integration::{IntegrationEvent, RequestOutcome, SyncReason, Via},
    personal::{Detail, Personal},
    trail::{CallbackRejection, DeliveryFailure, IntegrationObservation, LetterKind, LinkObservation, Visitor},
};

use super::{
    names::{Names, in_words},
    standing::{answers, lost, not_renewed, purpose},
};

/// What a sentence needs besides its event.
pub(super) struct Scene<'a> {
    /// Who did it, with whom it was done for.
    pub(super) who: &'a str,
    /// What the provider is called, where it is known.
    pub(super) provider: Option<String>,
    pub(super) names: &'a Names,
}

impl Scene<'_> {
    pub(super) fn sentence(&self, event: &Event) -> String {
        match event {
            Event::Agency(event) => self.agency(event),
            Event::ConnectLink(event) => self.link(event),
            Event::Customer(event) => self.customer(event),
            Event::Grant(event) => self.grant(event),
            Event::Host(HostEvent::Claimed { name, .. }) => format!("{} claimed the host {name}", self.who),
            Event::Integration(event) => self.integration(event),
            Event::IntegrationTrail(IntegrationObservation::CredentialRead { purpose }) => {
                format!(
                    "{} read the connection's credentials, for the first time that day, for: {purpose}",
                    self.who
                )
            }
            Event::LinkTrail(observation) => self.observation(observation),
        }
    }

    /// "the Google connection", or "the connection" where nobody knows whose it is.
    fn connection(&self) -> String {
        let provider = self.provider.as_ref();
        provider.map_or_else(
            || "the connection".to_owned(),
            |provider| format!("the {provider} connection"),
        )
    }

    fn provider(&self) -> &str {
        self.provider.as_deref().unwrap_or("the provider")
    }

    fn agency(&self, event: &AgencyEvent) -> String {
        let who = self.who;
        match event {
            AgencyEvent::Created { name } => format!("{who} created the agency {name}"),
            AgencyEvent::BrandingChanged { .. } => format!("{who} changed how the agency's pages look"),
            AgencyEvent::HostAdded { host } => format!("{who} added the host {host}"),
            AgencyEvent::MemberAdded { role, personal, .. } => {
                let name = fact(personal.as_ref(), Detail::Name).unwrap_or("a member");
                format!("{who} added {name} as {}", in_words(*role))
            }
            AgencyEvent::ApiKeyIssued {
                number,
                mode,
                member,
                scopes,
                ..
            } => {
                let scopes: Vec<_> = scopes.iter().map(ToString::to_string).collect();
                let member = self.names.member(*member);
                let may = if scopes.is_empty() {
                    "nothing".to_owned()
                } else {
                    scopes.join(", ")
                };
                format!("{who} made API key {number} of {member} for the {mode} world; it may: {may}")
            }
            AgencyEvent::ApiKeyRevoked { number } => format!("{who} revoked API key {number}"),
            AgencyEvent::MailAccountSet { .. } => format!("{who} gave the agency a mail server of its own"),
            AgencyEvent::MailAccountRemoved {} => format!("{who} removed the agency's own mail server"),
            AgencyEvent::ProviderAppSet {
                provider, client_id, ..
            } => format!(
                "{who} set the agency's own app {client_id} for {}",
                self.names.provider(provider)
            ),
            AgencyEvent::ProviderAppRemoved { provider } => {
                format!(
                    "{who} removed the agency's own app for {}",
                    self.names.provider(provider)
                )
            }
            AgencyEvent::MailHabitsChanged { .. } => format!("{who} changed which mails are sent by themselves"),
            AgencyEvent::MemberErased { .. } => {
                format!("{who} erased a member: name and e-mail address are gone for good")
            }
        }
    }

    fn customer(&self, event: &CustomerEvent) -> String {
        let who = self.who;
        match event {
            CustomerEvent::Created { personal, .. } => match fact(personal.as_ref(), Detail::Name) {
                Some(name) => format!("{who} created the customer {name}"),
                None => format!("{who} created a customer"),
            },
            CustomerEvent::LocationAdded { personal, .. } => match fact(personal.as_ref(), Detail::Name) {
                Some(name) => format!("{who} added the location {name}"),
                None => format!("{who} added a location"),
            },
            CustomerEvent::ContactChanged { .. } => format!("{who} corrected how the customer is called or reached"),
            CustomerEvent::PlanChanged {
                source_allowance: Some(1),
            } => format!("{who} set the plan to 1 connected source"),
            CustomerEvent::PlanChanged {
                source_allowance: Some(number),
            } => {
                format!("{who} set the plan to {number} connected sources")
            }
            CustomerEvent::PlanChanged { source_allowance: None } => {
                format!("{who} set the plan to any number of connected sources")
            }
            CustomerEvent::SourceConnected { .. } => {
                "the connection was counted as a source of the customer's plan".to_owned()
            }
            CustomerEvent::SourceDisconnected { .. } => {
                "the connection is no longer counted as a source of the customer's plan".to_owned()
            }
            CustomerEvent::Erased { .. } => format!("{who} erased the customer: its personal data is gone for good"),
        }
    }

    fn link(&self, event: &ConnectLinkEvent) -> String {
        let (who, provider) = (self.who, self.provider());
        match event {
            ConnectLinkEvent::Issued { terms, personal, .. } => self.issued(terms, personal.as_ref()),
            ConnectLinkEvent::Started { .. } => format!("{who} accepted and went to sign in at {provider}"),
            ConnectLinkEvent::Authorized { .. } => format!("{who} signed in at {provider} and granted access"),
            ConnectLinkEvent::AttemptFailed { reason, .. } => self.failed(*reason),
            ConnectLinkEvent::Completed { .. } => format!("{who} picked a listing; the link is used up"),
            ConnectLinkEvent::Declined {} => format!("{who} declined; the link is over"),
            ConnectLinkEvent::Revoked {
                reason: RevokeReason::Manual,
                ..
            } => format!("{who} revoked the link"),
            ConnectLinkEvent::Revoked {
                reason: RevokeReason::Superseded,
                ..
            } => {
                format!("{who} issued a fresh link, which revoked this one")
            }
            ConnectLinkEvent::Revoked {
                reason: RevokeReason::CustomerErased,
                ..
            } => format!("{who} erased the customer, which revoked the link"),
            ConnectLinkEvent::Revoked {
                reason: RevokeReason::Deleted,
                ..
            } => format!("{who} deleted the connection, which revoked the link"),
            ConnectLinkEvent::Revoked {
                reason: RevokeReason::AlreadyConnected,
                ..
            } => format!("{who} took the link back: the connection works again, and nothing is left to do"),
            ConnectLinkEvent::Expired { expires_at } => format!("the link expired on {}", day_and_time(*expires_at)),
        }
    }

    fn issued(&self, terms: &LinkTerms, personal: Option<&Personal>) -> String {
        let name = fact(personal, Detail::ConnectionName).map_or(String::new(), |name| format!(" “{name}”"));
        let replacing = if terms.replaces_account {
            "; another account may take the old one's place"
        } else {
            ""
        };
        format!(
            "{} issued a connect link{name} for {}, valid until {}{replacing}",
            self.who,
            self.provider(),
            day_and_time(terms.expires_at),
        )
    }

    fn failed(&self, reason: AttemptFailure) -> String {
        let (who, provider) = (self.who, self.provider());
        let what = match reason {
            AttemptFailure::Denied => format!("{who} said no at {provider}"),
            AttemptFailure::MissingScopes => {
                format!("{who} signed in at {provider} but left out a permission that the connection needs")
            }
            AttemptFailure::ProviderRefused => format!("{provider} refused the sign-in"),
            AttemptFailure::ProviderUnavailable => format!("{provider} could not be reached or made no sense"),
            AttemptFailure::OtherAccount => {
                format!("{who} signed in at {provider} with another account than the connected one, which was refused")
            }
            AttemptFailure::AccountSwitched => format!("{who} chose to sign in at {provider} with another account"),
            AttemptFailure::Interrupted => "the server was stopped in the middle of the sign-in".to_owned(),
            AttemptFailure::Abandoned => {
                "the customer left in the middle of it, and did not come back for an hour".to_owned()
            }
        };
        format!("{what}; the link stays usable")
    }

    fn integration(&self, event: &IntegrationEvent) -> String {
        let (who, provider, connection) = (self.who, self.provider(), self.connection());
        match event {
            IntegrationEvent::LinkRequested { superseding: None, .. } => {
                format!("{who} asked for {connection} by link")
            }
            IntegrationEvent::LinkRequested {
                superseding: Some(_), ..
            } => {
                format!("{who} asked for {connection} by a fresh link, in place of the one before")
            }
            IntegrationEvent::LinkClosed { outcome, .. } => closed(*outcome).to_owned(),
            IntegrationEvent::Connected { personal, via, .. } => {
                let (listing, through) = (listing(personal.as_ref()), through(personal.as_ref()));
                format!("{listing} is connected{through}{}", self.directly(*via))
            }
            IntegrationEvent::Reconnected { personal, via, .. } => {
                let (listing, through) = (listing(personal.as_ref()), through(personal.as_ref()));
                let directly = self.directly(*via);
                format!("{listing} is connected{through}{directly}; new credentials took the place of the old ones")
            }
            IntegrationEvent::SyncRequested {
                reason: SyncReason::Connected,
            } => format!("the first synchronisation with {provider} was asked for"),
            IntegrationEvent::SyncRequested {
                reason: SyncReason::Recovered,
            } => format!("a synchronisation with {provider} was asked for, to catch up"),
            IntegrationEvent::CapabilityChanged { capability, state } => {
                format!("{provider} {} {}", answers(*state), purpose(*capability))
            }
            IntegrationEvent::NeedsReconnect { reason } => {
                format!("{connection} needs a new sign-in: {}", lost(*reason))
            }
            IntegrationEvent::Recovered {} => {
                format!("{connection} works again: somebody signed in with the same account elsewhere")
            }
            IntegrationEvent::Disconnected {} => format!("{who} disconnected {connection}"),
            IntegrationEvent::Deleted {} => format!("{who} deleted {connection}"),
        }
    }

    /// What a member did without the customer.
    fn directly(&self, via: Via) -> String {
        match via {
            Via::Link => String::new(),
            Via::Member => format!(", directly by {}", self.who),
        }
    }

    fn grant(&self, event: &GrantEvent) -> String {
        let provider = self.provider();
        match event {
            GrantEvent::Granted { generation, scopes, .. } => {
                let count = scopes.len();
                let permissions = if count == 1 { "permission" } else { "permissions" };
                format!("credentials from {provider} were stored with {count} {permissions} (generation {generation})")
            }
            GrantEvent::RefreshFailed { reason, .. } => {
                format!(
                    "the credentials from {provider} could not be renewed, and it is tried again: {}",
                    not_renewed(*reason)
                )
            }
            GrantEvent::RefreshRecovered { .. } => format!("the credentials from {provider} were renewed again"),
            GrantEvent::Lost { reason, .. } => {
                format!(
                    "the credentials from {provider} are worth nothing any more: {}",
                    lost(*reason)
                )
            }
            GrantEvent::Revoked {} => format!("{provider} took the access back, as it was asked to"),
            GrantEvent::Released { .. } => "the connection left the account that it stood on before".to_owned(),
        }
    }

    fn observation(&self, observation: &LinkObservation) -> String {
        let what = match observation {
            LinkObservation::Opened {
                visitor: Visitor::Person,
            } => "somebody opened the link",
            LinkObservation::Opened {
                visitor: Visitor::LikelyAutomated,
            } => "somebody opened the link (probably a mail scanner)",
            LinkObservation::Revealed {} => return format!("{} looked at the link's address again", self.who),
            LinkObservation::CallbackRejected { reason, .. } => return rejected(*reason),
            LinkObservation::FreshLinkAsked {} => "somebody asked for a new link on the page of this ended one",
            LinkObservation::PlanUsedUp {} => {
                "the customer signed in, but the plan has no room for another connection; the sign-in can go on once it has"
            }
            LinkObservation::MailAsked { links, .. } => return mail_asked(self.who, links.len()),
            LinkObservation::Delivered { letter } => return format!("{} was taken by the mail server", mail(*letter)),
            LinkObservation::DeliveryFailed {
                letter,
                reason,
                code,
                personal,
            } => return undelivered(*letter, *reason, *code, personal.as_ref()),
        };
        what.to_owned()
    }
}

fn mail_asked(who: &str, links: usize) -> String {
    match links {
        0 | 1 => format!("{who} had the link sent by mail"),
        more => format!("{who} had the link sent by mail, {more} links in one"),
    }
}

fn mail(letter: LetterKind) -> &'static str {
    match letter {
        LetterKind::Link => "the mail with the link",
        LetterKind::Reminder => "the mail that reminds of the link",
        LetterKind::Receipt => "the customer's receipt by mail",
        LetterKind::RequesterReceipt => "the requester's receipt by mail",
        LetterKind::Reconnect => "the mail that a new sign-in is needed",
    }
}

fn undelivered(letter: LetterKind, reason: DeliveryFailure, code: Option<u16>, said: Option<&Personal>) -> String {
    let mail = mail(letter);
    let why = match reason {
        DeliveryFailure::NoAddress => "nobody knows the e-mail address".to_owned(),
        DeliveryFailure::NotSetUp => "no mail server is set up".to_owned(),
        DeliveryFailure::Unsendable => "the e-mail address cannot be used".to_owned(),
        DeliveryFailure::GivenUp => "the mail server did not work for too long".to_owned(),
        DeliveryFailure::Refused => {
            let code = code.map_or_else(String::new, |code| format!(" ({code})"));
            let words = fact(said, Detail::MailAnswer).map_or_else(String::new, |words| format!(": “{words}”"));
            format!("the mail server refused it{code}{words}")
        }
    };
    format!("{mail} was not delivered: {why}")
}

fn rejected(reason: CallbackRejection) -> String {
    let answer = "the provider's answer arrived";
    match reason {
        CallbackRejection::OtherBrowser => {
            format!("{answer} in another browser and was refused; the link is untouched")
        }
        CallbackRejection::OtherHost => format!("{answer} at another host and was refused; the link is untouched"),
        CallbackRejection::MixUp => {
            format!("{answer} from a sender that was not asked and was refused; the link is untouched")
        }
        CallbackRejection::TooLate => format!("{answer} too late and was refused; the link is untouched"),
        CallbackRejection::LinkEnded => format!("{answer} after the link had ended and was refused"),
    }
}

fn closed(outcome: RequestOutcome) -> &'static str {
    match outcome {
        RequestOutcome::Completed => "the link did its work: the connection no longer waits for it",
        RequestOutcome::Declined => "the connection no longer waits for the link: it was declined",
        RequestOutcome::Revoked => "the connection no longer waits for the link: it was revoked",
        RequestOutcome::Expired => "the connection no longer waits for the link: it expired",
    }
}

fn listing(personal: Option<&Personal>) -> String {
    match (
        fact(personal, Detail::ListingTitle),
        fact(personal, Detail::ListingAddress),
    ) {
        (Some(title), Some(address)) => format!("“{title}” ({address})"),
        (Some(title), None) => format!("“{title}”"),
        (None, _) => "the picked listing".to_owned(),
    }
}

fn through(personal: Option<&Personal>) -> String {
    let account = fact(personal, Detail::AccountEmail).or_else(|| fact(personal, Detail::AccountName));
    account.map_or(String::new(), |account| format!(" through the account {account}"))
}

fn fact(personal: Option<&Personal>, detail: Detail) -> Option<&str> {
    personal.and_then(|personal| personal.get(detail))
}

fn day_and_time(at: Timestamp) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}
