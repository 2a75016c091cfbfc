-- Times are seconds since 1970. Flags are 0 or 1. Both SQLite and PostgreSQL take this text.

-- Launches that were seen: a launch is taken once.
CREATE TABLE nonces (
    digest TEXT PRIMARY KEY,
    forget_after BIGINT NOT NULL
);
CREATE INDEX nonces_forget_after ON nonces (forget_after);

-- A person of an LMS in an assignment, and the Jabber ID that they gave.
CREATE TABLE enrolments (
    id TEXT PRIMARY KEY,
    consumer_key TEXT NOT NULL,
    user_id TEXT NOT NULL,
    context_id TEXT NOT NULL,
    resource_link_id TEXT NOT NULL,
    jid TEXT,
    locale TEXT,
    lesson TEXT,
    may_grade BIGINT NOT NULL,
    is_teacher BIGINT NOT NULL,
    outcome_url TEXT,
    sourcedid TEXT,
    return_url TEXT,
    progress BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (consumer_key, user_id, resource_link_id)
);
CREATE INDEX enrolments_jid ON enrolments (jid);

-- Grades on their way to the LMS: one for an enrolment, kept when the LMS confirmed it.
CREATE TABLE grades (
    id TEXT PRIMARY KEY,
    enrolment TEXT NOT NULL UNIQUE REFERENCES enrolments (id),
    score DOUBLE PRECISION NOT NULL,
    achieved_at BIGINT NOT NULL,
    -- 0 due, 1 recorded, 2 failed for good
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    recorded_at BIGINT,
    why TEXT
);
CREATE INDEX grades_due ON grades (state, next_at);
