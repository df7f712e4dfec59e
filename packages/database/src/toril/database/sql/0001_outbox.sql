-- Jobs that were committed and are on their way to Redis. A row is there from its transaction's commit until Redis
-- has its jobs, so the table stays small; one that cannot be relayed stays, with the reason.
CREATE TABLE toril.outbox (
    -- The order in which rows are relayed. The trigger below gives it, once it is this row's turn.
    position bigint PRIMARY KEY,
    -- What Redis remembers a row by, so that it is relayed once.
    id uuid NOT NULL,
    queue text NOT NULL,
    -- Rows of one key are relayed in the order in which their transactions were committed.
    key text,
    -- The jobs, as toril.database.outbox writes and reads them.
    entry text NOT NULL,
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_aside_at timestamptz,
    reason text
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE SEQUENCE toril.outbox_position OWNED BY toril.outbox.position;

CREATE INDEX outbox_set_aside ON toril.outbox (position) WHERE set_aside_at IS NOT NULL;

-- A transaction that adds a row of a key holds the key until it ends. The next one gets a higher position: positions
-- of one key are in the order of the commits.
CREATE FUNCTION toril.outbox_take_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('toril.outbox/' || NEW.key, 0));
    END IF;
    NEW.position := nextval('toril.outbox_position');
    RETURN NEW;
END
$$;

CREATE TRIGGER take_turn BEFORE INSERT ON toril.outbox FOR EACH ROW EXECUTE FUNCTION toril.outbox_take_turn();

-- Wakes the relay at the commit.
CREATE FUNCTION toril.outbox_wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY toril_outbox;
    RETURN NULL;
END
$$;

CREATE TRIGGER wake_relay AFTER INSERT ON toril.outbox FOR EACH STATEMENT EXECUTE FUNCTION toril.outbox_wake_relay();
