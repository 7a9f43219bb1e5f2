//! Connections: the credentials that serve them.

mod serving;

pub use serving::Serving;
