//! A mail in words, whatever its language: what the templates fill in.

use application::mail::{Broken, Connected, Content, Invited, Letter};

/// A mail in words.
pub(super) struct Sheet {
    /// The language, as a BCP 47 tag.
    pub(super) lang: &'static str,
    /// What the inbox shows.
    pub(super) subject: String,
    /// What the inbox shows behind the subject.
    pub(super) preview: String,
    /// The first line.
    pub(super) heading: String,
    /// How the recipient is greeted.
    pub(super) greeting: String,
    /// What comes before the cards.
    pub(super) paragraphs: Vec<String>,
    /// What can be pressed, or what was connected.
    pub(super) cards: Vec<Card>,
    /// What comes after them.
    pub(super) afterwards: Vec<String>,
    /// Who signs.
    pub(super) signature: Vec<String>,
    /// The small print.
    pub(super) footer: String,
}

/// One thing that a mail is about.
pub(super) struct Card {
    /// What it is.
    pub(super) title: String,
    /// What else there is to say.
    pub(super) lines: Vec<String>,
    /// What to press.
    pub(super) button: Option<Button>,
    /// What to send on to somebody else.
    pub(super) to_send_on: Option<ToSendOn>,
}

impl Card {
    /// What was connected, with the language's word for a location.
    pub(super) fn of(connected: &Connected, location: &str) -> Self {
        let Connected { listing, product, .. } = connected;
        Self {
            title: listing.clone().unwrap_or_else(|| product.clone()),
            lines: known([
                listing.as_ref().map(|_| product.clone()),
                connected.location.as_ref().map(|name| format!("{location}: {name}")),
                connected.name.clone(),
            ]),
            button: None,
            to_send_on: None,
        }
    }

    /// What broke, with the link that the member is to send on.
    pub(super) fn of_broken(broken: &Broken, words: BrokenWords) -> Self {
        let link = &broken.link;
        let facts = [broken.customer.clone(), link.location.clone(), link.name.clone()];
        Self {
            title: link.product.clone(),
            lines: facts.into_iter().flatten().chain([words.why, words.asked]).collect(),
            button: None,
            to_send_on: Some(ToSendOn {
                label: words.label,
                address: link.address.clone(),
                note: words.until,
                reference: words.reference,
            }),
        }
    }
}

/// What a language says about a connection that needs a new sign-in.
pub(super) struct BrokenWords {
    /// Why.
    pub(super) why: String,
    /// Whether the customer was written to.
    pub(super) asked: String,
    /// Whom the link is for.
    pub(super) label: String,
    /// Until when it works.
    pub(super) until: String,
    /// Under which ids programs find both.
    pub(super) reference: String,
}

/// What to press.
pub(super) struct Button {
    /// What it says.
    pub(super) label: String,
    /// Where it leads.
    pub(super) address: String,
    /// What stands before the address where it is written out.
    pub(super) or_copy: &'static str,
    /// Until when it works.
    pub(super) note: String,
}

/// An address that is for somebody else: to be copied, not to be pressed.
pub(super) struct ToSendOn {
    /// Whom it is for.
    pub(super) label: String,
    /// Where it leads.
    pub(super) address: String,
    /// Until when it works.
    pub(super) note: String,
    /// Under which ids programs find it.
    pub(super) reference: String,
}

/// Texts that are there, in their order.
pub(super) fn known<const N: usize>(texts: [Option<String>; N]) -> Vec<String> {
    texts.into_iter().flatten().collect()
}

/// Who signs: whoever asked for the connection, for the agency. A mail to that very person is the agency's alone.
pub(super) fn signed(letter: &Letter) -> Vec<String> {
    let to_requester = match letter.content {
        Content::Invitation { .. } => false,
        Content::Receipt { to_requester, .. } => to_requester,
        Content::Reconnect { .. } | Content::Test => true,
    };
    let person = letter.requester.name.clone().filter(|_| !to_requester);
    known([person, Some(letter.brand.company.clone())])
}

/// The one product that all links are for; none for several.
pub(super) fn common_product(links: &[Invited]) -> Option<&str> {
    let first = links.first()?.product.as_str();
    links.iter().all(|link| link.product == first).then_some(first)
}
