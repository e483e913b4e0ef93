-- What happened, by whom, to whom.  Rows are only ever added.
CREATE TABLE audit_log (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    event      TEXT   COLLATE "C" NOT NULL CHECK (event <> ''),
    severity   TEXT   COLLATE "C" NOT NULL CHECK (severity <> ''),
    outcome    TEXT   COLLATE "C" NOT NULL CHECK (outcome <> ''),
    reason     TEXT   COLLATE "C",
    actor      TEXT   COLLATE "C",
    target     TEXT   COLLATE "C",
    session    TEXT   COLLATE "C",
    address    TEXT   COLLATE "C",
    user_agent TEXT   COLLATE "C",
    method     TEXT   COLLATE "C",
    route      TEXT   COLLATE "C",
    request_id TEXT   COLLATE "C",
    detail     TEXT   COLLATE "C"
);

CREATE INDEX audit_log_actor ON audit_log (actor) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_target ON audit_log (target) WHERE target IS NOT NULL;

CREATE FUNCTION audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'audit_log: rows are only added'; END $$;

CREATE TRIGGER audit_log_no_update BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_only_grows();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_only_grows();
