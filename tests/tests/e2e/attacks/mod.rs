//! The other side of the table: providers that keep to no standard, callbacks that were put together from several sign-ins, addresses
//! that would lead away, and secrets where none may be.

mod canaries;
mod forged_lines;
mod independent;
mod mixed_up;
mod moods;
mod redirects;
mod scan;
