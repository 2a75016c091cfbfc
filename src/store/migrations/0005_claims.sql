-- Jabber IDs belong to whom they obey, and nothing is shared between platforms.

-- Several people may give the same Jabber ID; whether one of them has shown that it is theirs.
DROP INDEX enrolments_jid;
CREATE INDEX enrolments_jid ON enrolments (jid);
ALTER TABLE enrolments ADD COLUMN is_proven BIGINT NOT NULL DEFAULT 0;
UPDATE enrolments SET is_proven = 1 WHERE jid IS NOT NULL AND progress >= 3;
-- When the person was launched last, in microseconds: their role is that of the newest launch.
ALTER TABLE enrolments ADD COLUMN launched_at BIGINT NOT NULL DEFAULT 0;
UPDATE enrolments SET launched_at = active_at * 1000000;
CREATE INDEX enrolments_person ON enrolments (consumer_key, user_id, context_id, launched_at);
-- How many bytes of text the platform has given.
ALTER TABLE enrolments ADD COLUMN n_bytes BIGINT NOT NULL DEFAULT 1024;
CREATE INDEX enrolments_bytes ON enrolments (consumer_key, n_bytes);

-- A session is that of a claim: of an enrolment (its id), or of somebody whom the settings list
-- (jid: and the Jabber ID).
CREATE TABLE sessions_of_claims (
    claim TEXT PRIMARY KEY,
    jid TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    saved_at BIGINT NOT NULL
);
INSERT INTO sessions_of_claims (claim, jid, snapshot, saved_at)
    SELECT COALESCE((SELECT e.id FROM enrolments AS e WHERE e.jid = s.jid), 'jid:' || s.jid),
    s.jid, s.snapshot, s.saved_at FROM sessions AS s;
DROP TABLE sessions;
ALTER TABLE sessions_of_claims RENAME TO sessions;
CREATE INDEX sessions_saved_at ON sessions (saved_at);
CREATE INDEX sessions_jid ON sessions (jid);

-- A dot at the end makes no other address.
UPDATE enrolments SET jid = RTRIM(jid, '.') WHERE jid LIKE '%.';
UPDATE sessions SET jid = RTRIM(jid, '.') WHERE jid LIKE '%.';

-- Who is to be let go: of those who claim a Jabber ID one enrolment, or all (an empty text).
CREATE TABLE forgotten_claims (
    jid TEXT NOT NULL,
    enrolment TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (jid, enrolment)
);
INSERT INTO forgotten_claims (jid, enrolment, at) SELECT jid, '', at FROM forgotten;
DROP TABLE forgotten;
ALTER TABLE forgotten_claims RENAME TO forgotten;

-- The platform of what is counted: the first bytes of a digest of its consumer key.
ALTER TABLE nonces ADD COLUMN platform BIGINT NOT NULL DEFAULT 0;
CREATE INDEX nonces_platform ON nonces (platform);
ALTER TABLE invitations ADD COLUMN platform BIGINT NOT NULL DEFAULT 0;
CREATE INDEX invitations_platform ON invitations (platform, at);
