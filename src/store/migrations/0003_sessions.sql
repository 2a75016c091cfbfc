-- Sessions that go on after the process was killed, and people who are to be forgotten.

-- Where an open session stands, as JSON; see src/session/snapshot.rs for what it holds and what not.
CREATE TABLE sessions (
    jid TEXT PRIMARY KEY,
    snapshot TEXT NOT NULL,
    saved_at BIGINT NOT NULL
);
CREATE INDEX sessions_saved_at ON sessions (saved_at);

-- People whom `otrbot forget` has erased, until the running bot has let them go.
CREATE TABLE forgotten (
    jid TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE INDEX enrolments_active_at ON enrolments (active_at);
