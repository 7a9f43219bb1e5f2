//! What stands in the log stays as it is (B55).

use application::ports::log::EventBody;
use domain::{
    ids::CustomerId,
    log::{Position, SealedPersonal},
    personal::Subject,
};
use grantlink_tests::conformance::{Database, Draft, Kind, body, id, stream};

grantlink_tests::on_both_databases!(
    an_event_is_never_changed_or_deleted,
    a_payload_comes_back_to_the_byte,
    a_personal_part_comes_back_as_it_was_sealed,
);

const ATTEMPTS: [&str; 4] = [
    "UPDATE events SET payload = '{}'",
    "UPDATE events SET position = position + 1000",
    "DELETE FROM events",
    "DELETE FROM events WHERE position = 1",
];
const ON_POSTGRES: [&str; 4] = [
    "TRUNCATE events",
    "SET session_replication_role = replica; DELETE FROM events",
    "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET payload = '{}'",
    "WITH gone AS (DELETE FROM events RETURNING *) SELECT count(*) FROM gone",
];
const ON_SQLITE: [&str; 3] = [
    "REPLACE INTO events SELECT * FROM events",
    "INSERT OR REPLACE INTO events SELECT position + 1000, event_id, tenant_id, aggregate_type, aggregate_id, sequence,
        event_type, event_version, '{}', metadata, recorded_at, personal_subject, personal, personal_hash, hash FROM events",
    "INSERT INTO events SELECT * FROM events WHERE true ON CONFLICT (position) DO UPDATE SET payload = '{}'",
];

/// Mutants: without the triggers all of it goes through; without `recursive_triggers` REPLACE does (`SQLite`); without ENABLE ALWAYS
/// a session that plays a replica does (`PostgreSQL`).
async fn an_event_is_never_changed_or_deleted(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    stores
        .log
        .commit(Draft::default().appends(&stream(), 0).appends(&stream(), 0).commit())
        .await?;
    let before = stores.log.page(Position(0), 10).await?;
    let own: &[&'static str] = match database.kind() {
        Kind::Sqlite => &ON_SQLITE,
        Kind::Postgres => &ON_POSTGRES,
    };
    for statement in ATTEMPTS.iter().chain(own) {
        let refused = database.execute(statement).await;
        let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(message.contains("events are immutable"), "{statement}: {message}");
        assert_eq!(stores.log.page(Position(0), 10).await?, before, "{statement}");
    }
    Ok(())
}

async fn a_payload_comes_back_to_the_byte(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let payloads = [
        r#"{"b":1,"a":2,"b":3}"#,
        " {\t\"Connected\" :\n {} } ",
        r#"{"n":1.0,"e":1e2,"big":123456789012345678901234567890.10}"#,
        r#"{"text":"Bäckerei \u00e9 日本 🥐 \" \\ \/ \u0000 '"}"#,
        "\"a text\"",
    ];
    for payload in payloads {
        let link = stream();
        let metadata = r#"{ "z":"1",  "actor":"Ä" }"#.to_owned();
        let body = EventBody {
            metadata,
            ..body("Connected", payload)
        };
        stores
            .log
            .commit(Draft::default().appends_with(&link, 0, body).commit())
            .await?;
        let found = stores.log.load(&link, 0).await?;
        assert_eq!(found[0].payload, payload);
        assert_eq!(found[0].metadata, r#"{ "z":"1",  "actor":"Ä" }"#);
    }
    Ok(())
}

async fn a_personal_part_comes_back_as_it_was_sealed(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let personal = SealedPersonal {
        subject: Subject::Customer(CustomerId(id())),
        sealed: (0..=255).collect(),
        hash: [9; 32],
    };
    let customer = stream();
    let with = EventBody {
        personal: Some(personal.clone()),
        ..body("Created", "{}")
    };
    let draft = Draft::default().appends_with(&customer, 0, with).appends(&stream(), 0);
    stores.log.commit(draft.commit()).await?;
    let found = stores.log.page(Position(0), 10).await?;
    assert_eq!(found[0].personal.as_ref(), Some(&personal));
    assert_eq!(found[1].personal, None);
    Ok(())
}
