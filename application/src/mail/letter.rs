//! What a mail says, before it is words. How it looks is not decided here.

use domain::{
    Timestamp,
    agency::Colour,
    grant::LossReason,
    ids::{IntegrationId, LinkId},
    trail::DeliveryFailure,
};

use crate::agencies::Person;

/// A letter of an agency.
pub struct Letter {
    /// Whose name and colours it carries.
    pub brand: LetterBrand,
    /// The language that it is written in, as a BCP 47 tag, where the recipient has one.
    pub language: Option<String>,
    /// Whom it greets.
    pub recipient: Person,
    /// The member behind it.
    pub requester: Person,
    /// What it is about.
    pub content: Content,
}

/// The agency as its mails show it.
pub struct LetterBrand {
    /// The company's name.
    pub company: String,
    /// The colour of the bar and the button.
    pub primary: Option<Colour>,
    /// The name that the picture inside the mail has, where there is one.
    pub logo: Option<String>,
    /// Where a customer gets help.
    pub support_contact: Option<String>,
}

/// What a letter is about.
pub enum Content {
    /// Links to connect with: at least one.
    Invitation {
        /// The links.
        links: Vec<Invited>,
        /// Whether the customer got them before.
        reminder: bool,
    },
    /// A connection was made.
    Receipt {
        /// The connection.
        connected: Connected,
        /// Whether it goes to the member who asked, and not to the customer; then the customer's name.
        customer: Option<String>,
        /// Whether it goes to the member who asked.
        to_requester: bool,
    },
    /// Connections need a new sign-in, which the member who asked for them can have asked for: at least one.
    Reconnect {
        /// What broke.
        broken: Vec<Broken>,
    },
    /// Mail works.
    Test,
}

/// A connection that needs a new sign-in, in a letter.
pub struct Broken {
    /// The link that asks for it: for the customer, not for whoever reads this.
    pub link: Invited,
    /// The link's id.
    pub id: LinkId,
    /// The connection.
    pub integration: IntegrationId,
    /// Whether the customer was written to.
    pub asked: Asked,
    /// Whose it is.
    pub customer: Option<String>,
    /// Why.
    pub reason: LossReason,
}

/// What became of the mail to a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody wanted one.
    Never,
    /// No mail server has taken it yet.
    OnItsWay,
    /// A mail server took it.
    Sent(Timestamp),
    /// It will not be delivered.
    Failed(DeliveryFailure),
}

/// A link in a letter. It holds the token.
pub struct Invited {
    /// The address that the button leads to.
    pub address: String,
    /// What is connected: "Google Business Profile".
    pub product: String,
    /// The place of business.
    pub location: Option<String>,
    /// What the agency calls the connection.
    pub name: Option<String>,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// Whether there was a connection before, which is to be renewed.
    pub is_renewal: bool,
}

/// A connection in a letter.
pub struct Connected {
    /// What is connected: "Google Business Profile".
    pub product: String,
    /// What was picked.
    pub listing: Option<String>,
    /// The place of business.
    pub location: Option<String>,
    /// What the agency calls the connection.
    pub name: Option<String>,
    /// Where the account's owner can take the access back.
    pub withdraw_at: Option<String>,
}

/// A letter as words.
pub struct Written {
    /// What it is about.
    pub subject: String,
    /// As a page.
    pub html: String,
    /// As plain text.
    pub text: String,
}

/// Writes letters.
pub trait Stationery: Send + Sync {
    /// The words of a letter.
    ///
    /// # Errors
    /// When a template is broken; says which.
    fn write(&self, letter: &Letter) -> Result<Written, String>;
}
