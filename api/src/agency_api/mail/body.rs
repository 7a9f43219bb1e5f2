//! Mail settings as JSON.

use adapters::mail::check_account;
use application::{
    mail::{MailAnswer, MailSettings},
    ports::mail::{AccountOwner, Barred, MailAccount, Mailer, NotSent, Security, ServerWords},
};
use chrono::{DateTime, Utc};
use domain::{Timestamp, agency::MailHabits, trail::Reminders};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{agency_api::input::Check, problem::Problem};

/// The longest password of a login.
const LONGEST_PASSWORD: usize = 1024;

/// What becomes of a mail that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Emailed {
    /// `queued`, or `not_sent`.
    #[schema(example = "queued")]
    email: &'static str,
    /// Why it is not sent, or why it may take longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_notice: Option<String>,
}

/// What becomes of a mail, where one was asked for.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(in crate::agency_api) struct IfEmailed {
    /// `queued`, or `not_sent`; missing where no mail was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "queued")]
    email: Option<&'static str>,
    /// Why it is not sent, or why it may take longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_notice: Option<String>,
}

impl From<Option<&MailAnswer>> for IfEmailed {
    fn from(answer: Option<&MailAnswer>) -> Self {
        answer.map(Emailed::from).map_or_else(Self::default, |emailed| Self {
            email: Some(emailed.email),
            email_notice: emailed.email_notice,
        })
    }
}

impl From<&MailAnswer> for Emailed {
    fn from(answer: &MailAnswer) -> Self {
        let (email, notice) = match answer {
            MailAnswer::Queued => ("queued", None),
            MailAnswer::Delayed { since } => {
                let since = since.format("%-d %B %Y, %H:%M UTC");
                let notice = format!("the mail server has not worked since {since}; the mail is tried again and again");
                ("queued", Some(notice))
            }
            MailAnswer::NoAddress => (
                "not_sent",
                Some("nobody knows the customer's e-mail address".to_owned()),
            ),
            MailAnswer::NotSetUp => ("not_sent", Some("no mail server is set up".to_owned())),
        };
        Self {
            email,
            email_notice: notice,
        }
    }
}

/// A mail server of the agency's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct AccountToSet {
    /// The server's name.
    #[schema(max_length = 253, example = "smtp.agency.example")]
    host: String,
    /// Its port: 465 or 587 as a rule.
    #[schema(example = 465)]
    port: u16,
    /// `tls` (from the first byte) or `starttls`.
    #[serde(default)]
    #[schema(value_type = String, required = false, example = "tls")]
    security: Security,
    /// Who logs in.
    #[schema(min_length = 1, max_length = 320, example = "connect@agency.example")]
    username: Option<String>,
    /// The password of that login. It is sealed, and no answer shows it.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    password: Option<SecretString>,
    /// The address that mail comes from.
    #[schema(format = Email, max_length = 254, example = "connect@agency.example")]
    from: String,
}

impl AccountToSet {
    /// The account, once everything is found to be in order.
    pub(super) fn checked(self, mailer: &dyn Mailer) -> Result<MailAccount, Problem> {
        let mut check = Check::default();
        let from = check.optional_email("from", Some(&self.from)).unwrap_or_default();
        let account = MailAccount {
            host: self.host,
            port: self.port,
            security: self.security,
            username: self.username,
            password: self.password,
            from,
        };
        let printable = |text: &str| (1..=320).contains(&text.len()) && !text.chars().any(char::is_control);
        if !account.username.as_deref().is_none_or(printable) {
            check.wrong("username", "must have 1 to 320 characters that can be printed");
        }
        let usable = |secret: &SecretString| (1..=LONGEST_PASSWORD).contains(&secret.expose_secret().chars().count());
        if !account.password.as_ref().is_none_or(usable) {
            check.wrong("password", &format!("must have 1 to {LONGEST_PASSWORD} characters"));
        }
        check.done()?;
        let mut check = Check::default();
        if let Err(wrong) = check_account(&account) {
            check.wrong(field_of(wrong), &wrong);
        } else if let Err(barred) = mailer.may_be_asked(&account, AccountOwner::Agency) {
            check.wrong(place_of(barred), &barred);
        }
        check.done()?;
        Ok(account)
    }
}

fn place_of(barred: Barred) -> &'static str {
    match barred {
        Barred::Port => "port",
        Barred::Private => "host",
    }
}

fn field_of(wrong: adapters::mail::InvalidAccount) -> &'static str {
    use adapters::mail::InvalidAccount::{From, Host, Login, Plain, Port};
    match wrong {
        Host => "host",
        Port => "port",
        From => "from",
        Login => "password",
        Plain => "security",
    }
}

/// Which mails are sent by themselves.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct Habits {
    /// When customers are reminded of links that they do not use; `null` for never.
    reminders: Option<Reminding>,
    /// Whether a customer gets a receipt when a connection was made.
    receipt: bool,
    /// Whether the member who asked gets one.
    requester_receipt: bool,
    /// Whether a customer is asked by mail when a connection needs a new sign-in. The member who asked for it always is.
    #[serde(default)]
    reconnect_customer: bool,
}

/// When customers are reminded.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct Reminding {
    /// Every so many days.
    #[schema(minimum = 1, maximum = 30, example = 3)]
    after_days: u8,
    /// So often at most.
    #[schema(minimum = 1, maximum = 5, example = 2)]
    at_most: u8,
}

impl From<&Habits> for MailHabits {
    fn from(habits: &Habits) -> Self {
        Self {
            reminders: habits.reminders.as_ref().map(|reminding| Reminders {
                after_days: reminding.after_days,
                at_most: reminding.at_most,
            }),
            receipt: habits.receipt,
            requester_receipt: habits.requester_receipt,
            reconnect_customer: habits.reconnect_customer,
        }
    }
}

impl From<MailHabits> for Habits {
    fn from(habits: MailHabits) -> Self {
        Self {
            reminders: habits.reminders.map(|reminders| Reminding {
                after_days: reminders.after_days,
                at_most: reminders.at_most,
            }),
            receipt: habits.receipt,
            requester_receipt: habits.requester_receipt,
            reconnect_customer: habits.reconnect_customer,
        }
    }
}

/// Said wherever a logo is set or asked about that mails cannot show.
const NOT_SHOWN: &str = "mail programs show no SVG and no WebP: give the operator a PNG or JPEG of the logo";

/// The agency's mail.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Mail {
    /// Whose mail server is used: `agency`, `installation`, or `null` where there is none.
    #[schema(example = "agency")]
    server: Option<&'static str>,
    /// The address that mail comes from.
    from: Option<String>,
    /// The agency's own server.
    account: Option<OwnAccount>,
    /// How the server last fared.
    health: MailHealth,
    /// Which mails are sent by themselves.
    habits: Habits,
    /// What stands at the head of every mail: `logo`, or `initials` where there is no logo, or none that mail programs show.
    #[schema(example = "logo")]
    head: &'static str,
    /// Why mails show the initials although there is a logo.
    head_notice: Option<&'static str>,
}

/// The agency's own mail server, without its password.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct OwnAccount {
    /// The server's name.
    host: String,
    /// Its port.
    port: u16,
    /// How the way there is protected.
    #[schema(value_type = String)]
    security: Security,
    /// Who logs in.
    username: Option<String>,
    /// Whether a password is known.
    has_password: bool,
}

/// How a mail server fares.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct MailHealth {
    /// Whether the latest try worked; `null` when none was made.
    working: Option<bool>,
    /// When it last took a mail.
    last_success_at: Option<DateTime<Utc>>,
    /// When it last did not work.
    last_failure_at: Option<DateTime<Utc>>,
    /// How many seconds ago the latest of the two was.
    age_seconds: Option<i64>,
    /// Why it does not work: of the agency's own server only.
    problem: Option<String>,
}

impl Mail {
    /// The settings as they may be shown.
    pub(super) fn of(settings: MailSettings, now: Timestamp) -> Self {
        let owner = settings.account.as_ref().map(|account| account.owner);
        let own = settings
            .account
            .as_ref()
            .filter(|_| owner == Some(AccountOwner::Agency));
        let health = settings.health;
        let latest = health.ok_at.max(health.failed_at);
        Self {
            server: owner.map(|owner| match owner {
                AccountOwner::Agency => "agency",
                AccountOwner::Installation => "installation",
            }),
            account: own.map(|own| OwnAccount {
                host: own.account.host.clone(),
                port: own.account.port,
                security: own.account.security,
                username: own.account.username.clone(),
                has_password: own.account.password.is_some(),
            }),
            health: MailHealth {
                working: latest.map(|_| !health.is_down()),
                last_success_at: health.ok_at,
                last_failure_at: health.failed_at,
                age_seconds: latest.map(|latest| (now - latest).num_seconds()),
                problem: health.problem.filter(|_| own.is_some()),
            },
            from: settings.account.map(|account| account.account.from),
            habits: settings.habits.into(),
            head: if settings.shows_logo == Some(true) {
                "logo"
            } else {
                "initials"
            },
            head_notice: (settings.shows_logo == Some(false)).then_some(NOT_SHOWN),
        }
    }
}

/// What came of a test mail.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Tested {
    /// Whether the mail server took it.
    sent: bool,
    /// The three digits of its answer.
    #[schema(example = 250)]
    code: Option<u16>,
    /// What it said, or why it said nothing.
    #[schema(example = "2.0.0 Ok: queued")]
    said: String,
}

impl From<Result<ServerWords, NotSent>> for Tested {
    fn from(sent: Result<ServerWords, NotSent>) -> Self {
        match sent {
            Ok(words) => Self {
                sent: true,
                code: Some(words.code),
                said: words.words,
            },
            Err(error) => Self {
                sent: false,
                code: error.words().map(|words| words.code),
                said: error.to_string(),
            },
        }
    }
}
