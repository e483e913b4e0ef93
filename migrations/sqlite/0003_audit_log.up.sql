-- What happened, by whom, to whom.  Rows are only ever added.
CREATE TABLE audit_log (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    event      TEXT    NOT NULL CHECK (event <> ''),
    severity   TEXT    NOT NULL CHECK (severity <> ''),
    outcome    TEXT    NOT NULL CHECK (outcome <> ''),
    reason     TEXT,
    actor      TEXT,
    target     TEXT,
    session    TEXT,
    address    TEXT,
    user_agent TEXT,
    method     TEXT,
    route      TEXT,
    request_id TEXT,
    detail     TEXT
) STRICT;

CREATE INDEX audit_log_actor ON audit_log (actor) WHERE actor IS NOT NULL;
CREATE INDEX audit_log_target ON audit_log (target) WHERE target IS NOT NULL;

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log: rows are only added'); END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'audit_log: rows are only added'); END;

-- INSERT OR REPLACE would take a row away without asking the trigger above.
CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit_log: rows are only added'); END;
