-- The lock first: what is seen under it stands until the commit.
BEGIN IMMEDIATE;
SELECT
    coalesce((SELECT position FROM events ORDER BY position DESC LIMIT 1), 0),
    coalesce((SELECT recorded_at FROM events ORDER BY position DESC LIMIT 1), 0),
    -- $1: ids of events; where they stand.
    (SELECT json_group_array(json_array(asked.key, e.position, e.recorded_at))
     FROM json_each($1) AS asked CROSS JOIN events AS e ON e.event_id = unhex(asked.value)),
    -- $2: streams; their last sequences.
    (SELECT json_group_array(json_array(number, version)) FROM (
        SELECT asked.key AS number, (
            SELECT e.sequence FROM events AS e
            WHERE e.aggregate_type = asked.value ->> 0 AND e.aggregate_id = asked.value ->> 1
            ORDER BY e.sequence DESC LIMIT 1) AS version
        FROM json_each($2) AS asked)
     WHERE version IS NOT NULL),
    -- $3: trails and types of events; how many they hold.
    (SELECT json_group_array(json_array(asked.key, (
        SELECT count(*) FROM events AS e
        WHERE e.aggregate_type = asked.value ->> 0 AND e.aggregate_id = asked.value ->> 1
            AND e.event_type = asked.value ->> 2)))
     FROM json_each($3) AS asked),
    -- $4: places in the vault; those that hold a row.
    (SELECT json_group_array(asked.key)
     FROM json_each($4) AS asked CROSS JOIN vault AS v
        ON v.tenant_id = asked.value ->> 0 AND v.kind = asked.value ->> 1 AND v.owner = asked.value ->> 2),
    -- $5: keys of receipts; those that were used.
    (SELECT json_group_array(asked.key)
     FROM json_each($5) AS asked CROSS JOIN receipts AS r
        ON r.tenant_id = asked.value ->> 0 AND r.route = asked.value ->> 1 AND r.key = asked.value ->> 2)
