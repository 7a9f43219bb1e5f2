//! Mail: what is sent, over whose account, and what became of it.
//!
//! Nobody sends mail while a caller waits: `ask_for_mail` notes on a link's trail that one is wanted, the policy makes a job of
//! that, and the handler writes the mail when it sends it, from what is true then.

mod account;
mod asking;
mod broken;
mod duties;
mod letter;
mod sending;
mod settings;
mod test_mail;

pub use account::{AccountInUse, MailOffice};
pub(crate) use asking::ask_for_mail;
pub use asking::{MailAnswer, SendLink};
pub(crate) use duties::about_reconnects;
pub use duties::{KINDS, MADE_BEFORE, duties};
pub use letter::{Asked, Broken, Connected, Content, Invited, Letter, LetterBrand, Stationery, Written};
pub use settings::{ChangeMailHabits, MailSettings, RemoveMailAccount, SetMailAccount};
