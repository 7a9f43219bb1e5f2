-- The function of 0003 once more: now a commit can say which vault row it was decided on, so that what was renewed meanwhile is not
-- deleted unread.
--
-- Appends a batch of commits ("members", numbered from 1) in one call, one transaction and one flush.
--
-- Arrays that begin with the same letter run in parallel and are grouped by member in order: e events and observations,
-- x expected versions, s vault rows, r receipts. Each member is judged against the log as it was before the batch. One that reads
-- or writes a stream, receipt or place which an earlier one writes is named in `late`: it can be refused, for a stream that has
-- moved on never moves back, but not written. A member that appends to a stream expects a version of it.
--
-- The verdict of a member: NULL it was written; 'known' it had been written before; 'answered' its receipt's key was used by
-- another call; 'late' it has to wait for the next batch; 'conflict' a stream moved on (detail: which x); 'occupied' another vault row stands there than the
-- member knows of (detail: which s). What is written stands behind `head` in the order of the arrays, so the caller counts the positions.
--
-- Running it twice with the same arguments does the same as once: whoever lost the answer asks again.
--
-- It is the log's hot path. Each statement in it costs more than most of the rows that it touches, and each array that it is
-- given is unpacked, so what a plain append has no need for is left out: an array without a value is NULL, going in and coming
-- out.
CREATE OR REPLACE FUNCTION append_batch(
    members integer,
    e_member integer[], e_id uuid[], e_tenant uuid[], e_stream_type text[], e_stream text[],
    e_sequence bigint[], -- NULL: an observation, whose sequence exists only under the lock
    e_at_most integer[], -- for observations: how many of its type the trail may hold
    e_type text[], e_version text[], e_payload text[], e_metadata text[],
    e_subject text[], e_personal bytea[], e_personal_hash bytea[],
    x_member integer[], x_stream_type text[], x_stream text[], x_version bigint[],
    s_member integer[], s_tenant text[], s_kind text[], s_owner text[],
    s_sealed bytea[], -- NULL: the row is deleted
    s_account_key bytea[],
    s_created_at bigint[], -- NULL, with a sealed record: the row has to stand there as that, or to be gone
    r_member integer[], r_tenant text[], r_route text[], r_key text[], r_body_hash bytea[], r_answer bytea[],
    r_created_at bigint[],
    late integer[], -- members
    OUT head bigint,         -- the position before the first event that was written
    OUT log_time bigint,     -- of what was written
    OUT verdicts text[],     -- by member; NULL where all of them were written
    OUT details integer[],   -- by member
    OUT sequences bigint[],  -- by event, where there are observations; NULL: that one was left out
    OUT positions bigint[],  -- by member, where something had been written before: its last position,
    OUT times bigint[]       -- and its time
) LANGUAGE plpgsql AS $$
DECLARE
    has_observations boolean := array_position(e_sequence, NULL) IS NOT NULL;
    moved_on  integer[];
    number    integer;
    found_one record;
BEGIN
    -- The one lock of the log ('grantlnk' as a number): held until the commit, so that positions are the order of commits.
    -- Every statement below has a snapshot that was taken under it. An expression, because that needs no executor: a fifth off a
    -- call with one event.
    IF pg_advisory_xact_lock(7454127460279152235) IS NULL THEN
        RAISE EXCEPTION 'the lock of the log was not given';
    END IF;

    SELECT e.position, e.recorded_at INTO head, log_time FROM events e ORDER BY e.position DESC LIMIT 1;
    head := coalesce(head, 0);
    log_time := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, coalesce(log_time, 0));
    sequences := e_sequence;

    -- A stream that it was decided on has moved on: by others, or by this very member when its answer was lost.
    SELECT array_agg(n.number ORDER BY n.number) INTO moved_on
    FROM unnest(x_stream_type, x_stream, x_version) WITH ORDINALITY AS n (stream_type, stream, version, number)
    WHERE n.version <> coalesce((
        SELECT e.sequence FROM events e
        WHERE e.aggregate_type = n.stream_type AND e.aggregate_id = n.stream
        ORDER BY e.sequence DESC LIMIT 1), 0);

    IF moved_on IS NOT NULL OR cardinality(r_member) > 0 OR cardinality(s_member) > 0 OR late IS NOT NULL THEN
        verdicts := array_fill(NULL::text, ARRAY[members]);
        details := array_fill(NULL::integer, ARRAY[members]);
    END IF;

    -- 1. Written before: all of its events are known.
    IF moved_on IS NOT NULL THEN
        FOR found_one IN
            SELECT n.member FROM unnest(e_member, e_id, e_sequence) AS n (member, id, sequence)
            WHERE n.sequence IS NOT NULL
                AND n.member IN (SELECT x_member[m.number] FROM unnest(moved_on) AS m (number))
            GROUP BY n.member
            -- No EXISTS: that may be answered by hashing the whole log, where an index holds each answer.
            HAVING bool_and((SELECT true FROM events e WHERE e.event_id = n.id LIMIT 1) IS NOT NULL)
        LOOP
            verdicts[found_one.member] := 'known';
        END LOOP;
    END IF;

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

    -- 3. Decided on old state.
    FOREACH number IN ARRAY coalesce(moved_on, '{}') LOOP
        IF verdicts[x_member[number]] IS NULL THEN
            verdicts[x_member[number]] := 'conflict';
            details[x_member[number]] := number;
        END IF;
    END LOOP;

    -- 4. A vault row stands where it wants to put another one, or is not the one any more that it was decided on. One that is stays so
    -- until the commit: whoever would change it waits.
    IF cardinality(s_member) > 0 THEN
        FOR found_one IN
            SELECT n.member, n.number, v.sealed <> n.sealed AS differs
            FROM unnest(s_member, s_tenant, s_kind, s_owner, s_sealed)
                WITH ORDINALITY AS n (member, tenant, kind, owner, sealed, number)
            JOIN vault v ON v.tenant_id = n.tenant AND v.kind = n.kind AND v.owner = n.owner
            WHERE n.sealed IS NOT NULL
            ORDER BY n.number
            FOR UPDATE OF v
        LOOP
            IF found_one.differs AND verdicts[found_one.member] IS NULL THEN
                verdicts[found_one.member] := 'occupied';
                details[found_one.member] := found_one.number;
            END IF;
        END LOOP;
    END IF;

    -- 5. What would be written now depends on what is written by an earlier one.
    FOREACH number IN ARRAY coalesce(late, '{}') LOOP
        IF verdicts[number] IS NULL OR verdicts[number] = 'occupied' THEN
            verdicts[number] := 'late';
        END IF;
    END LOOP;

    -- 6. Observations that are new and below their cap get their sequences; the others are left without one.
    IF has_observations THEN
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
            sequences[found_one.number] := found_one.sequence;
        END LOOP;
    END IF;

    -- 7. What stands is written.
    INSERT INTO events (position, event_id, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
        payload, metadata, recorded_at, personal_subject, personal, personal_hash, hash)
    SELECT head + row_number() OVER (ORDER BY n.number), n.id, n.tenant, n.stream_type, n.stream, n.sequence, n.type,
        n.version, n.payload::json, n.metadata::json, log_time, n.subject, n.personal, n.personal_hash,
        event_hash(n.tenant, n.id, n.stream_type, n.stream, n.sequence, n.type, n.version, log_time, n.payload, n.metadata,
            n.personal_hash)
    FROM unnest(e_member, e_id, e_tenant, e_stream_type, e_stream, sequences, e_type, e_version, e_payload, e_metadata,
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
        WHERE n.sealed IS NOT NULL AND n.created_at IS NOT NULL AND verdicts[n.member] IS NULL
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

    -- 8. What had been written before is looked up: the whole member, or an observation that was left out.
    IF array_position(verdicts, 'known') IS NOT NULL OR array_position(sequences, NULL) IS NOT NULL THEN
        positions := array_fill(NULL::bigint, ARRAY[members]);
        times := positions;
        FOR found_one IN
            SELECT n.member, max(e.position) AS position, max(e.recorded_at) AS recorded_at
            FROM unnest(e_member, e_id) AS n (member, id) JOIN events e ON e.event_id = n.id
            GROUP BY n.member
        LOOP
            positions[found_one.member] := found_one.position;
            times[found_one.member] := found_one.recorded_at;
        END LOOP;
    END IF;
    IF NOT has_observations THEN
        sequences := NULL;
    END IF;
END
$$;
