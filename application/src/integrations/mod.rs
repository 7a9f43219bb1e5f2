//! Connections: the credentials that serve them, and how they end.

mod connectors;
mod end;
mod listings;
mod names;
mod place;
mod release;
mod serving;
mod take_back;
mod turns;

pub use end::{EndIntegration, Ending};
pub(crate) use names::names_of;
pub use serving::Serving;
pub use take_back::{TakeBack, TakeBackWhenReleased};
pub(crate) use turns::{PATIENCE, TO_ASK, TO_KEEP};
