//! Credentials are kept alive, and given to whoever may have them.
//!
//! One renewal of a credential goes on at a time, on whichever node: a lease on its row, with a fence. Whoever has it looks at the
//! credential again first, for somebody may have renewed it meanwhile; then asks the provider, with no transaction open; and stores
//! the answer only if nobody took the lease over. A lease outlives the longest wait for the provider.

mod due;
mod fresh;
mod holder;
mod pace;
mod reading;
mod renew;
mod replace;
mod rests;
mod schedule;
mod standing;
mod trial;

pub use due::RenewDue;
pub use fresh::Fresh;
pub use pace::{RefreshCounts, RefreshPace, Refreshing};
pub use reading::{Purpose, ReadCredential};
pub use renew::{Need, Renewal};
pub use replace::{NewCredential, Replaced};
