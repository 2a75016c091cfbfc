-- When the lesson was finished: the moment of the full grade, whenever that is put on its way.
ALTER TABLE enrolments ADD COLUMN done_at BIGINT;
UPDATE enrolments SET done_at = active_at WHERE progress = 4;
-- Who is looked at for a grade that is missing.
CREATE INDEX enrolments_done ON enrolments (progress, may_grade);

-- The platform of a grade: each has a queue of its own.
ALTER TABLE grades ADD COLUMN consumer_key TEXT NOT NULL DEFAULT '';
UPDATE grades SET consumer_key = (SELECT enrolments.consumer_key FROM enrolments
    WHERE enrolments.id = grades.enrolment);
CREATE INDEX grades_of_platform ON grades (state, consumer_key, next_at);

-- Rows that a transaction changes first which must not run beside another of its kind.
CREATE TABLE locks (name TEXT PRIMARY KEY, n BIGINT NOT NULL);
INSERT INTO locks (name, n) VALUES ('invitations', 0);
