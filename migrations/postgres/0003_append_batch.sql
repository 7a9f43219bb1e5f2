-- Appends a batch of commits ("members", numbered from 1) in one call, one transaction and one flush.
--
-- Arrays that begin with the same letter run in parallel and are grouped by member in order: e events and observations,
-- x expected versions, s vault rows, r receipts. The members are independent: none reads or writes a stream, receipt or place
-- that another one writes (the caller sees to that), so each can be judged against the log as it was before the batch.
--
-- The answer's verdict, per member: NULL it was written; 'known' it had been written before; 'answered' its receipt's key was
-- used by another call; 'conflict' a stream moved on (detail: which x); 'occupied' a vault row stands there (detail: which s).
--
-- Running it twice with the same arguments does the same as once: whoever lost the answer asks again.
CREATE FUNCTION append_batch(
    members integer,
    e_member integer[], e_id uuid[], e_tenant uuid[], e_stream_type text[], e_stream text[],
    e_sequence bigint[], -- NULL: an observation, whose sequence exists only under the lock
    e_at_most integer[], -- for observations: how many of its type the trail may hold
    e_type text[], e_version text[], e_payload text[], e_metadata text[],
    e_subject text[], e_personal bytea[], e_personal_hash bytea[],
    x_member integer[], x_stream_type text[], x_stream text[], x_version bigint[],
    s_member integer[], s_tenant text[], s_kind text[], s_owner text[],
    s_sealed bytea[], -- NULL: the row is deleted
    s_account_key bytea[], s_created_at bigint[],
    r_member integer[], r_tenant text[], r_route text[], r_key text[], r_body_hash bytea[], r_answer bytea[],
    r_created_at bigint[]
) RETURNS TABLE (verdict text, detail integer, last_position bigint, log_time bigint)
LANGUAGE plpgsql AS $$
DECLARE
    head      bigint;
    now_us    bigint;
    verdicts  text[]    := array_fill(NULL::text, ARRAY[members]);
    details   integer[] := array_fill(NULL::integer, ARRAY[members]);
    positions bigint[]  := array_fill(NULL::bigint, ARRAY[members]);
    times     bigint[]  := array_fill(NULL::bigint, ARRAY[members]);
    found_one record;
BEGIN
    -- The one lock of the log ('grantlnk' as a number): held until the commit, so that positions are the order of commits.
    -- Every statement below has a snapshot that was taken under it.
    PERFORM pg_advisory_xact_lock(7454127460279152235);

    SELECT e.position, e.recorded_at INTO head, now_us FROM events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    now_us := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce(now_us, 0));

    -- 1. Written before: all of its events are known.
    FOR found_one IN
        SELECT n.member FROM unnest(e_member, e_id, e_sequence) AS n (member, id, sequence)
        WHERE n.sequence IS NOT NULL
        GROUP BY n.member HAVING bool_and(EXISTS (SELECT FROM events e WHERE e.event_id = n.id))
    LOOP
        verdicts[found_one.member] := 'known';
    END LOOP;

    -- 2. Its receipt's key was used: by itself, or by the winner of a race.
    IF cardinality(r_member) > 0 THEN
        FOR found_one IN
            SELECT n.member, r.body_hash = n.body_hash AND r.answer = n.answer AND r.created_at = n.created_at AS same
            FROM unnest(r_member, r_tenant, r_route, r_key, r_body_hash, r_answer, r_created_at)
                AS n (member, tenant, route, key, body_hash, answer, created_at)
            JOIN receipts r ON r.tenant_id = n.tenant AND r.route = n.route AND r.key = n.key
        LOOP
            IF verdicts[found_one.member] IS NULL THEN
                verdicts[found_one.member] := CASE WHEN found_one.same THEN 'known' ELSE 'answered' END;
            END IF;
        END LOOP;
    END IF;

    -- 3. A stream that it was decided on has moved on.
    FOR found_one IN
        SELECT DISTINCT ON (n.member) n.member, n.number
        FROM unnest(x_member, x_stream_type, x_stream, x_version)
            WITH ORDINALITY AS n (member, stream_type, stream, version, number)
        WHERE n.version <> coalesce((
            SELECT e.sequence FROM events e
            WHERE e.aggregate_type = n.stream_type AND e.aggregate_id = n.stream
            ORDER BY e.sequence DESC LIMIT 1), 0)
        ORDER BY n.member, n.number
    LOOP
        IF verdicts[found_one.member] IS NULL THEN
            verdicts[found_one.member] := 'conflict';
            details[found_one.member] := found_one.number;
        END IF;
    END LOOP;

    -- 4. A vault row stands where it wants to put another one.
    IF cardinality(s_member) > 0 THEN
        FOR found_one IN
            SELECT DISTINCT ON (n.member) n.member, n.number
            FROM unnest(s_member, s_tenant, s_kind, s_owner, s_sealed)
                WITH ORDINALITY AS n (member, tenant, kind, owner, sealed, number)
            JOIN vault v ON v.tenant_id = n.tenant AND v.kind = n.kind AND v.owner = n.owner
            WHERE n.sealed IS NOT NULL AND v.sealed <> n.sealed
            ORDER BY n.member, n.number
        LOOP
            IF verdicts[found_one.member] IS NULL THEN
                verdicts[found_one.member] := 'occupied';
                details[found_one.member] := found_one.number;
            END IF;
        END LOOP;
    END IF;

    -- 5. Observations that are new and below their cap get their sequences; the others are left without one.
    FOR found_one IN
        SELECT o.number, o.last + row_number() OVER (PARTITION BY o.stream_type, o.stream ORDER BY o.number) AS sequence
        FROM (
            SELECT n.*,
                coalesce((
                    SELECT e.sequence FROM events e
                    WHERE e.aggregate_type = n.stream_type AND e.aggregate_id = n.stream
                    ORDER BY e.sequence DESC LIMIT 1), 0) AS last,
                CASE WHEN n.at_most IS NOT NULL THEN (
                    SELECT count(*) FROM events e
                    WHERE e.aggregate_type = n.stream_type AND e.aggregate_id = n.stream AND e.event_type = n.type)
                END AS held,
                row_number() OVER (PARTITION BY n.stream_type, n.stream, n.type ORDER BY n.number) AS nth
            FROM unnest(e_member, e_id, e_stream_type, e_stream, e_sequence, e_at_most, e_type)
                WITH ORDINALITY AS n (member, id, stream_type, stream, sequence, at_most, type, number)
            WHERE n.sequence IS NULL AND verdicts[n.member] IS NULL
                AND NOT EXISTS (SELECT FROM events e WHERE e.event_id = n.id)
        ) AS o
        WHERE o.at_most IS NULL OR o.held + o.nth <= o.at_most
    LOOP
        e_sequence[found_one.number] := found_one.sequence;
    END LOOP;

    -- 6. What stands is written.
    INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
        payload, metadata, recorded_at, personal_subject, personal, personal_hash, hash)
    SELECT head + row_number() OVER (ORDER BY n.number), n.id, n.tenant, n.stream_type, n.stream, n.sequence, n.type,
        n.version, n.payload::json, n.metadata::json, now_us, n.subject, n.personal, n.personal_hash,
        event_hash(n.tenant, n.id, n.stream_type, n.stream, n.sequence, n.type, n.version, now_us, n.payload, n.metadata,
            n.personal_hash)
    FROM unnest(e_member, e_id, e_tenant, e_stream_type, e_stream, e_sequence, e_type, e_version, e_payload, e_metadata,
            e_subject, e_personal, e_personal_hash)
        WITH ORDINALITY AS n (member, id, tenant, stream_type, stream, sequence, type, version, payload, metadata,
            subject, personal, personal_hash, number)
    WHERE n.sequence IS NOT NULL AND verdicts[n.member] IS NULL
    ORDER BY n.number;

    IF cardinality(s_member) > 0 THEN
        DELETE FROM vault v
        USING unnest(s_member, s_tenant, s_kind, s_owner, s_sealed) AS n (member, tenant, kind, owner, sealed)
        WHERE n.sealed IS NULL AND verdicts[n.member] IS NULL
            AND v.tenant_id = n.tenant AND v.kind = n.kind AND v.owner = n.owner;

        INSERT INTO vault (tenant_id, kind, owner, sealed, account_key, created_at)
        SELECT n.tenant, n.kind, n.owner, n.sealed, n.account_key, n.created_at
        FROM unnest(s_member, s_tenant, s_kind, s_owner, s_sealed, s_account_key, s_created_at)
            AS n (member, tenant, kind, owner, sealed, account_key, created_at)
        WHERE n.sealed IS NOT NULL AND verdicts[n.member] IS NULL
            AND NOT EXISTS ( -- only the very same row can stand there: this commit's answer was lost
                SELECT FROM vault v WHERE v.tenant_id = n.tenant AND v.kind = n.kind AND v.owner = n.owner);
    END IF;

    IF cardinality(r_member) > 0 THEN
        INSERT INTO receipts (tenant_id, route, key, body_hash, answer, created_at)
        SELECT n.tenant, n.route, n.key, n.body_hash, n.answer, n.created_at
        FROM unnest(r_member, r_tenant, r_route, r_key, r_body_hash, r_answer, r_created_at)
            AS n (member, tenant, route, key, body_hash, answer, created_at)
        WHERE verdicts[n.member] IS NULL;
    END IF;

    -- 7. Where each member's last event stands, also of those that were written before.
    FOR found_one IN
        SELECT n.member, max(e.position) AS position, max(e.recorded_at) AS recorded_at
        FROM unnest(e_member, e_id) AS n (member, id) JOIN events e ON e.event_id = n.id
        GROUP BY n.member
    LOOP
        positions[found_one.member] := found_one.position;
        times[found_one.member] := found_one.recorded_at;
    END LOOP;
    head := coalesce((SELECT e.position FROM events e ORDER BY e.position DESC LIMIT 1), 0);

    RETURN QUERY
    SELECT verdicts[m], details[m], coalesce(positions[m], head), coalesce(times[m], now_us)
    FROM generate_series(1, members) AS m ORDER BY m;
END
$$;
