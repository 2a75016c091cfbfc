-- Progress belongs to a person in an assignment, the Jabber ID to the person.

-- An assignment that was finished is so for ever. Until now it was one no more when its learner took
-- the Jabber ID along to another one; what was earned tells.
UPDATE enrolments SET progress = 4, done_at = COALESCE(done_at, (SELECT grades.achieved_at FROM grades
    WHERE grades.enrolment = enrolments.id))
    WHERE progress < 4 AND EXISTS (SELECT 1 FROM grades
        WHERE grades.enrolment = enrolments.id AND grades.score >= 1);
