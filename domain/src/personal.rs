//! Personal data in events: one optional field, about one subject, sealed under that subject's key outside the payload.
//!
//! Destroying the key erases the person; everything else in the log keeps its order, its hashes and its meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CustomerId, MemberId};

/// Whom personal data is about; each has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// An agency's client.
    Customer(CustomerId),
    /// A person who works for an agency.
    Member(MemberId),
}

/// Why a text names no subject.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subject is written customer:<uuid> or member:<uuid>")]
pub struct InvalidSubject;

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::Member(id) => write!(f, "member:{id}"),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = InvalidSubject;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once(':').ok_or(InvalidSubject)?;
        match kind {
            "customer" => id.parse().map(Self::Customer).map_err(|_| InvalidSubject),
            "member" => id.parse().map(Self::Member).map_err(|_| InvalidSubject),
            _ => Err(InvalidSubject),
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidSubject;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// What a fact about a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// What the person or business is called.
    Name,
    /// Where mail reaches them.
    Email,
    /// Where a place of business is.
    Address,
    /// The name that the agency gave to a connection.
    ConnectionName,
    /// The e-mail address of the account at the provider.
    AccountEmail,
    /// The name of the account at the provider.
    AccountName,
    /// What the picked listing is called.
    ListingTitle,
    /// Where the picked listing is.
    ListingAddress,
    /// The language that mails are written in, as a BCP 47 tag.
    Language,
    /// What a mail server said about the recipient.
    MailAnswer,
}

/// The personal part of one event: facts about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal {
    /// Whom the facts are about, and so whose key seals them.
    pub subject: Subject,
    /// The facts.
    pub facts: BTreeMap<Detail, String>,
}

impl Personal {
    /// Facts about a subject; empty and missing ones are left out. Control characters, which providers may send and no database
    /// or terminal should get, become spaces.
    pub fn about<'a>(subject: Subject, facts: impl IntoIterator<Item = (Detail, Option<&'a str>)>) -> Option<Self> {
        let facts: BTreeMap<_, _> = facts
            .into_iter()
            .filter_map(|(detail, text)| Some((detail, text?.replace(char::is_control, " ").trim().to_owned())))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        (!facts.is_empty()).then_some(Self { subject, facts })
    }

    /// One fact, where it is known.
    pub fn get(&self, detail: Detail) -> Option<&str> {
        self.facts.get(&detail).map(String::as_str)
    }
}
