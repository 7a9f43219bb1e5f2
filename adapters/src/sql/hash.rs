//! The hash of an event: one layout, here and in `PostgreSQL`'s `event_hash` (`migrations/postgres/0001_events.sql`).

use domain::log::Recorded;
use sha2::{Digest, Sha256};

/// The layout's version: its first field.
const LAYOUT: u64 = 1;

/// What an event's `hash` must be. docs/log-format.md says the layout in words; changing it makes a new layout version.
pub fn event_hash(event: &Recorded) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let personal_hash = event.personal.as_ref().map(|personal| personal.hash);
    let fields: [&[u8]; 12] = [
        &LAYOUT.to_be_bytes(),
        event.tenant_id.0.as_bytes(),
        event.event_id.0.as_bytes(),
        event.aggregate_type.as_bytes(),
        event.aggregate_id.as_bytes(),
        &event.sequence.to_be_bytes(),
        event.event_type.as_bytes(),
        event.event_version.as_bytes(),
        &event.recorded_at.timestamp_micros().to_be_bytes(),
        event.payload.as_bytes(),
        event.metadata.as_bytes(),
        personal_hash.as_ref().map_or(&[], <[u8; 32]>::as_slice),
    ];
    for field in fields {
        // No field of a stored event comes near 4 GiB.
        hasher.update(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        hasher.update(field);
    }
    hasher.finalize().into()
}
