-- A tenant's own events in their order: its feed, and what it asks the past.
CREATE INDEX events_of_a_tenant ON events (tenant_id, position);
