-- Progress belongs to a person in an assignment, the Jabber ID to the person.

-- An assignment that was finished is so for ever. Until now it was one no more when its learner took
-- the Jabber ID along to another one; what was earned tells.
UPDATE enrolments SET progress = 4, done_at = COALESCE(done_at, (SELECT grades.achieved_at FROM grades
    WHERE grades.enrolment = enrolments.id))
    WHERE progress < 4 AND EXISTS (SELECT 1 FROM grades
        WHERE grades.enrolment = enrolments.id AND grades.score >= 1);

-- When the assignment was opened last, in microseconds: by a launch, or by what the person did on its page
-- or in the chat. The chat follows it.
ALTER TABLE enrolments ADD COLUMN opened_at BIGINT NOT NULL DEFAULT 0;
UPDATE enrolments SET opened_at = launched_at;
