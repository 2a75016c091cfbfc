-- What the pages and the teacher's view need besides, and the limits on invitations.

-- What the person, the course and the assignment are called, where the LMS tells.
ALTER TABLE enrolments ADD COLUMN name TEXT;
ALTER TABLE enrolments ADD COLUMN context_title TEXT;
ALTER TABLE enrolments ADD COLUMN link_title TEXT;
-- Colours, time zone and the like of the launch, as JSON.
ALTER TABLE enrolments ADD COLUMN presentation TEXT;
-- What the LMS takes along with a grade: 1 submittedAt, 2 prioritizeNonToolGrade, added up.
ALTER TABLE enrolments ADD COLUMN accepts BIGINT NOT NULL DEFAULT 0;
-- Whether the person learns in the course; there are guests besides.
ALTER TABLE enrolments ADD COLUMN is_learner BIGINT NOT NULL DEFAULT 1;
-- When the person was last heard of.
ALTER TABLE enrolments ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0;
UPDATE enrolments SET active_at = created_at;
-- A Jabber ID belongs to one enrolment: the newest, where a person took it along.
UPDATE enrolments SET jid = NULL WHERE jid IS NOT NULL AND EXISTS (
    SELECT 1 FROM enrolments AS newer WHERE newer.jid = enrolments.jid
    AND (newer.created_at > enrolments.created_at
        OR (newer.created_at = enrolments.created_at AND newer.id > enrolments.id))
);
DROP INDEX enrolments_jid;
CREATE UNIQUE INDEX enrolments_jid ON enrolments (jid);
CREATE INDEX enrolments_course ON enrolments (consumer_key, context_id);

-- Counts the grades of an enrolment, so that the answer to one is not taken for that to the next.
ALTER TABLE grades ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- Since when it is on its way: when it was achieved, or asked to be sent again.
ALTER TABLE grades ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;
UPDATE grades SET queued_at = achieved_at;

-- Invitations that the bot has sent for a person of an LMS (a digest). Kept for a day.
CREATE TABLE invitations (
    person TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX invitations_person ON invitations (person, at);
CREATE INDEX invitations_at ON invitations (at);
