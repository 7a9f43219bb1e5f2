//! The installation's mail server: whether it is there, proves who it is, and knows our login. No mail is sent.

use std::time::Duration;

use adapters::mail::SmtpMailer;
use application::ports::mail::{AccountOwner, Mailer, NotSent};
use domain::{Timestamp, ids::AgencyId};
use tokio::time::timeout;

use super::Finding;
use crate::config::Config;

const ABOUT: &str = "mail server";
const LONGEST: Duration = Duration::from_secs(10);

pub(super) async fn examine(config: &Config) -> Finding {
    let set_up = || anyhow::Ok((config.mail.account()?, SmtpMailer::new(&config.mail)?));
    let (account, mailer) = match set_up() {
        Ok(set_up) => set_up,
        Err(error) => return Finding::wrong(ABOUT, error.to_string(), "Correct it; `serve` will not start."),
    };
    let Some(account) = account else {
        let advice = "Set mail.account for links by mail. Agencies with a server of their own need none.";
        return Finding::hint(ABOUT, "the installation has none", advice);
    };
    let greeted = timeout(LONGEST, mailer.greet(&account, AccountOwner::Installation)).await;
    match greeted.unwrap_or(Err(NotSent::TimedOut)) {
        Ok(()) => {
            let login = if account.username.is_some() {
                ", and takes our login"
            } else {
                ""
            };
            Finding::well(ABOUT, format!("{}:{} is there{login}", account.host, account.port))
        }
        Err(error) => Finding::wrong(
            ABOUT,
            format!("{}:{}: {error}", account.host, account.port),
            advice(&error),
        ),
    }
}

fn advice(error: &NotSent) -> &'static str {
    match error {
        NotSent::AccountRefused(_) => "Correct mail.account.username and its password; the server's words say more.",
        NotSent::Untrusted => {
            "Set mail.account.security as the server wants it (tls or starttls), and mail.extra_root where its certificate \
             is from an authority of your own."
        }
        NotSent::NameUnknown | NotSent::Unreachable | NotSent::TimedOut | NotSent::BrokenOff => {
            "See that mail.account.host and .port are right, that the server runs, and that no firewall is in between."
        }
        NotSent::Refused(_) | NotSent::Unsendable | NotSent::TryLater(_) | NotSent::Forbidden => {
            "Ask whoever runs the mail server."
        }
    }
}

/// An agency's own server is the agency's to mend; the API tells it why.
pub(super) fn failing(agency: AgencyId, at: Timestamp) -> Finding {
    let at = at.format("%Y-%m-%d %H:%M UTC");
    let advice =
        "The agency reads why with GET /mail. Its links are issued all the same, and the mails are tried again.";
    Finding::warning(ABOUT, format!("that of agency {agency} did not work at {at}"), advice)
}
