//! Whatever else can go wrong, with what to do about it.

use askama::Template;

use super::Brand;

/// A page for an answer that has no page of its own.
#[derive(Debug, Template)]
#[template(path = "pages/problem.html")]
pub struct Problem<'a> {
    /// Whose page it is.
    pub brand: &'a Brand,
    /// What went wrong.
    pub trouble: Trouble,
}

/// What went wrong, as far as it helps the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 429.
    TooManyTries {
        /// After how many seconds it works again.
        retry_after: u64,
    },
    /// 503, and 500.
    TryAgain,
    /// 400: a form that was left open too long, or that lost its cookie.
    BadForm,
    /// 404 of an address that is no link at all.
    NotFound,
}

impl Trouble {
    fn title(self) -> &'static str {
        match self {
            Self::TooManyTries { .. } => "Too many tries",
            Self::TryAgain => "Something is not working right now",
            Self::BadForm => "This page was open too long",
            Self::NotFound => "This page does not exist",
        }
    }

    fn what_happened(self) -> &'static str {
        match self {
            Self::TooManyTries { .. } => {
                "This link was tried many times in a short while, so we are pausing it to keep it safe. Nothing is lost: your link still works."
            }
            Self::TryAgain => "This is not your fault, and nothing was connected or changed. Your link still works.",
            Self::BadForm => {
                "Your browser no longer remembers this page, so we could not accept the button you pressed. Nothing was connected or changed."
            }
            Self::NotFound => "The address may have been cut off when it was copied. Nothing was connected or changed.",
        }
    }

    fn what_to_do(self) -> String {
        match self {
            Self::TooManyTries { retry_after } => format!(
                "Please wait {}, then open the link from your message again.",
                wait_in_words(retry_after)
            ),
            Self::TryAgain => "Please wait a minute, then open the link from your message again.".to_owned(),
            Self::BadForm => {
                "Please open the link from your message again. If that does not help, allow cookies for this page."
                    .to_owned()
            }
            Self::NotFound => "Please tap the link in your message, or copy all of it.".to_owned(),
        }
    }
}

/// Rounded up: a wait that is too short is a second refusal.
fn wait_in_words(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "a minute".to_owned(),
        minutes @ 2..60 => format!("{minutes} minutes"),
        60 => "an hour".to_owned(),
        minutes => format!("{} hours", minutes.div_ceil(60)),
    }
}
