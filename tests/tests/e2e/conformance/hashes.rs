//! One layout of an event's hash: in Rust, in `PostgreSQL`, and in the vectors that are never edited.

use adapters::sql::event_hash;
use anyhow::Context;
use application::ports::log::EventBody;
use domain::{
    Timestamp,
    ids::{CustomerId, EventId, TenantId},
    log::{Position, Recorded, SealedPersonal},
    personal::Subject,
};
use grantlink_tests::conformance::{Database, Draft, Kind, body, id, run, stream, trail};
use serde::Deserialize;
use uuid::Uuid;

grantlink_tests::on_both_databases!(what_a_store_wrote_has_the_hash_of_its_fields);

const GOLDEN: [&str; 3] = [
    include_str!("../../../golden/log/plain.json"),
    include_str!("../../../golden/log/spaces_order_and_unicode.json"),
    include_str!("../../../golden/log/with_a_personal_part.json"),
];

#[derive(Deserialize)]
struct Vector {
    tenant_id: Uuid,
    event_id: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    sequence: u64,
    event_type: String,
    event_version: String,
    recorded_at: i64,
    payload: String,
    metadata: String,
    personal_hash: Option<String>,
    hash: String,
}

impl Vector {
    fn recorded(self) -> anyhow::Result<(Recorded, String)> {
        let personal = self.personal_hash.map(|hash| unhex(&hash)).transpose()?;
        let personal = personal.map(|hash| SealedPersonal {
            subject: Subject::Customer(CustomerId(id())),
            sealed: b"not hashed".to_vec(),
            hash,
        });
        let event = Recorded {
            position: Position(1),
            event_id: EventId(self.event_id),
            tenant_id: TenantId(self.tenant_id),
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            event_version: self.event_version,
            recorded_at: Timestamp::from_timestamp_micros(self.recorded_at).context("no time")?,
            payload: self.payload,
            metadata: self.metadata,
            personal,
            hash: unhex(&self.hash)?,
        };
        Ok((event, self.hash))
    }
}

fn unhex(text: &str) -> anyhow::Result<[u8; 32]> {
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2).unwrap_or_default(), 16);
    let bytes = (0..64).step_by(2).map(byte).collect::<Result<Vec<_>, _>>()?;
    bytes.try_into().ok().context("not 32 bytes")
}

#[test]
fn the_rust_function_gives_the_golden_hashes() -> anyhow::Result<()> {
    for vector in GOLDEN {
        let (event, hash) = serde_json::from_str::<Vector>(vector)?.recorded()?;
        assert_eq!(event_hash(&event), event.hash, "{hash}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_gives_the_golden_hashes() -> anyhow::Result<()> {
    run(Kind::Postgres, async |database: Database| {
        let mut connection = database.connection().await?;
        for vector in GOLDEN {
            let (event, hash) = serde_json::from_str::<Vector>(vector)?.recorded()?;
            let stored: String = sqlx::query_scalar(
                "SELECT encode(event_hash($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $9, $10, $11), 'hex')",
            )
            .bind(event.tenant_id.to_string())
            .bind(event.event_id.to_string())
            .bind(event.aggregate_type)
            .bind(event.aggregate_id)
            .bind(i64::try_from(event.sequence)?)
            .bind(event.event_type)
            .bind(event.event_version)
            .bind(event.recorded_at.timestamp_micros())
            .bind(event.payload)
            .bind(event.metadata)
            .bind(event.personal.map(|personal| personal.hash.to_vec()))
            .fetch_one(&mut connection)
            .await?;
            assert_eq!(stored, hash);
        }
        Ok(())
    })
    .await
}

/// Each field counts: a change in any of them changes the hash.
async fn what_a_store_wrote_has_the_hash_of_its_fields(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let personal = SealedPersonal {
        subject: Subject::Customer(CustomerId(id())),
        sealed: b"sealed".to_vec(),
        hash: [3; 32],
    };
    let odd = EventBody {
        personal: Some(personal),
        ..body("Created", " {\"ä\":\t1,\"a\":\"日本\"} ")
    };
    let draft = Draft::default().appends_with(&stream(), 0, odd).appends(&stream(), 0);
    stores
        .log
        .commit(draft.observes(&trail(), "Opened", None).commit())
        .await?;
    let written = stores.log.page(Position(0), 10).await?;
    assert_eq!(written.len(), 3);
    for event in &written {
        assert_eq!(event_hash(event), event.hash);
    }
    let changes: [fn(&mut Recorded); 10] = [
        |event| event.tenant_id = TenantId(id()),
        |event| event.event_id = EventId(id()),
        |event| event.aggregate_type.push('x'),
        |event| event.aggregate_id.push('x'),
        |event| event.sequence += 1,
        |event| event.event_type.push('x'),
        |event| event.event_version.push('x'),
        |event| event.recorded_at += std::time::Duration::from_micros(1),
        |event| event.payload.push(' '),
        |event| event.metadata.push(' '),
    ];
    for change in changes {
        let mut altered = written[0].clone();
        change(&mut altered);
        assert_ne!(event_hash(&altered), altered.hash);
    }
    // The proof holds after an erasure: the sealed bytes are not part of it, their hash is.
    let mut erased = written[0].clone();
    if let Some(personal) = &mut erased.personal {
        personal.sealed.clear();
    }
    assert_eq!(event_hash(&erased), erased.hash);
    erased.personal = None;
    assert_ne!(event_hash(&erased), erased.hash);
    Ok(())
}
