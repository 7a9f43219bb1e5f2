//! Mutants that are made in a story's own database: the code under test stays as it is, what it relies on is broken.

use anyhow::ensure;
use grantlink_tests::conformance::Database;
use sqlx::{Connection, Executor};

const REWRITE: &str = "
    CREATE FUNCTION pg_temp.rewrite(was text, becomes text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        one       record;
        rewritten bigint := 0;
    BEGIN
        FOR one IN
            SELECT pg_get_functiondef(p.oid) AS source FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace AND position(was IN p.prosrc) > 0
        LOOP
            EXECUTE replace(one.source, was, becomes);
            rewritten := rewritten + 1;
        END LOOP;
        RETURN rewritten;
    END
    $$";

/// Replaces a text in every function of the schema that holds it. One that none holds is an error: a mutant that changes
/// nothing proves nothing.
pub(super) async fn rewrite(database: &Database, was: &'static str, becomes: &'static str) -> anyhow::Result<()> {
    let mut connection = database.connection().await?;
    connection.execute(REWRITE).await?;
    let rewritten: i64 = sqlx::query_scalar("SELECT pg_temp.rewrite($1, $2)")
        .bind(was)
        .bind(becomes)
        .fetch_one(&mut connection)
        .await?;
    connection.close().await?;
    ensure!(rewritten > 0, "no function holds {was:?}: the mutant must be made anew");
    Ok(())
}

/// Positions from a sequence, and no lock around them: the order of commits is no longer theirs.
pub(super) async fn number_by_a_sequence(database: &Database) -> anyhow::Result<()> {
    rewrite(database, "pg_advisory_xact_lock(", "pg_advisory_xact_lock_shared(").await?;
    database
        .execute(
            "CREATE SEQUENCE positions;
             CREATE FUNCTION next_position() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 NEW.position := nextval('positions');
                 RETURN NEW;
             END
             $$;
             CREATE TRIGGER a_sequence BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION next_position()",
        )
        .await
}
