//! What a seal is bound to, as bytes that two different places can never share.

use super::Named;
use domain::{
    ids::{EventId, TenantId},
    personal::Subject,
};

/// The parts one after the other, each behind its length (eight bytes, big-endian), so that they cannot run into each other.
pub(super) fn canonical(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A record: its form, its kind, whose it is and to what it belongs.
pub(super) fn of_record(format: [u8; 2], named: &Named) -> Vec<u8> {
    canonical(&[
        &format,
        named.kind.as_bytes(),
        named.tenant.0.as_bytes(),
        named.owner.as_bytes(),
    ])
}

/// A record's wrapped data key: the record's place, and the key that it is wrapped under.
pub(super) fn of_wrap(format: [u8; 2], named: &Named, key_id: &str) -> Vec<u8> {
    let mut bytes = of_record(format, named);
    bytes.extend(canonical(&[key_id.as_bytes()]));
    bytes
}

/// An event's personal part: its form, the event that carries it and whom it is about.
pub(super) fn of_personal(version: u8, event: EventId, subject: Subject) -> Vec<u8> {
    canonical(&[&[version], event.0.as_bytes(), subject.to_string().as_bytes()])
}

/// A number token: its form and the tenant that it was made for.
pub(super) fn of_number(version: u8, tenant: TenantId) -> Vec<u8> {
    canonical(&[&[version], tenant.0.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::canonical;

    /// Mutant: without the lengths both are `abc`.
    #[test]
    fn parts_that_read_alike_when_joined_stay_apart() {
        assert_ne!(canonical(&[b"ab", b"c"]), canonical(&[b"a", b"bc"]));
        assert_ne!(canonical(&[b"abc"]), canonical(&[b"abc", b""]));
    }
}
