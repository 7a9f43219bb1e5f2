-- What providers last said about what connections are good for, and when. That it changed is an event; that it did not is this.
CREATE TABLE health (
    tenant_id   text    NOT NULL,
    integration text    NOT NULL,
    capability  text    NOT NULL,
    life        integer NOT NULL,
    answer      text    NOT NULL,
    answered_at integer NOT NULL,
    PRIMARY KEY (tenant_id, integration, capability)
) STRICT;
