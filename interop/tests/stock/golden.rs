//! One stream of each kind that holds every event which that kind ever had, from the files that may never change.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context;

/// An event as its file tells it.
pub(crate) struct Golden {
    pub(crate) aggregate_type: String,
    pub(crate) sequence: i64,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
}

pub(crate) const INTO_POSTGRES: &str = "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, \
    sequence, event_type, event_version, payload, metadata, recorded_at, hash) \
    SELECT max(position) + 1, gen_random_uuid(), gen_random_uuid(), $1, 'golden', $2, $3, $4, $5::json, '{}', \
    max(recorded_at), sha256('') FROM events";

pub(crate) const INTO_SQLITE: &str = "INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, \
    sequence, event_type, event_version, payload, metadata, recorded_at, hash) \
    SELECT max(position) + 1, randomblob(16), randomblob(16), ?, 'golden', ?, ?, ?, ?, '{}', \
    max(recorded_at), randomblob(32) FROM events";

/// All of them, each file's name being `kind.Event.v1.json`.
pub(crate) fn events() -> anyhow::Result<Vec<Golden>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/events");
    let mut files: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut last = BTreeMap::<String, i64>::new();
    let mut events = Vec::new();
    for file in files {
        let name = file.file_name();
        let name = name.to_str().context("a golden file's name")?;
        let parts: Vec<_> = name.split('.').collect();
        let [aggregate_type, event_type, version, "json"] = parts[..] else {
            anyhow::bail!("{name} is no golden event");
        };
        let sequence = last.entry(aggregate_type.to_owned()).or_default();
        *sequence += 1;
        events.push(Golden {
            aggregate_type: aggregate_type.to_owned(),
            sequence: *sequence,
            event_type: event_type.to_owned(),
            event_version: version.trim_start_matches('v').to_owned(),
            payload: fs::read_to_string(file.path())?,
        });
    }
    Ok(events)
}
