//! Connections: the credentials that serve them, and how they end.

mod connectors;
mod end;
mod place;
mod release;
mod serving;
mod take_back;
mod turns;

pub use end::{EndIntegration, Ending};
pub use serving::Serving;
pub use take_back::{TakeBack, TakeBackWhenReleased};
pub(crate) use turns::TO_KEEP;
