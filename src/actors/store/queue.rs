//! What waits to be written. A later write about the same takes in the earlier one, so that there is
//! never more than one session and one progress of each learner, however long the store is away: the
//! queue is bounded by the learners, and nothing in it need be dropped.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::store::Write;

/// Writes that wait, and those that are being written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// What waits, in the order in which it came.
    order: VecDeque<About>,
    waiting: HashMap<About, Pending>,
    writing: Vec<(About, Pending)>,
}

/// What a write is about. Two about different things may change places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum About {
    /// That of an enrolment, or of somebody whom the settings list.
    Session(Option<String>, String),
    /// That of an enrolment, by the one who has this Jabber ID.
    Proof(String, String),
    /// That of an enrolment.
    Opened(String),
    /// That of an enrolment, by the one who has this Jabber ID.
    Progress(String, String),
}

#[derive(Debug)]
struct Pending {
    write: Write,
    /// Since when it, or an earlier one that it has taken in, waits.
    since: Instant,
}

impl About {
    fn of(write: &Write) -> Self {
        match write {
            Write::Session { jid, enrolment, .. } => {
                let enrolment = enrolment.as_ref().map(|id| id.as_str().to_owned());
                Self::Session(enrolment, jid.clone())
            }
            Write::Proven { enrolment, jid } => {
                Self::Proof(enrolment.as_str().to_owned(), jid.clone())
            }
            Write::Opened { enrolment, .. } => Self::Opened(enrolment.as_str().to_owned()),
            Write::Progress { enrolment, jid, .. } => {
                Self::Progress(enrolment.as_str().to_owned(), jid.clone())
            }
        }
    }
}

impl Queue {
    /// Adds a write.
    pub(super) fn push(&mut self, write: Write, now: Instant) {
        let about = About::of(&write);
        if let Some(pending) = self.waiting.get_mut(&about) {
            take_in(&mut pending.write, write);
            return;
        }
        self.order.push_back(about.clone());
        self.waiting.insert(about, Pending { write, since: now });
    }

    /// Some of the writes, from the oldest on, to be written now; [`done`](Self::done) or
    /// [`again`](Self::again) must follow. In the same order of people each time.
    pub(super) fn begin(&mut self, most: usize) -> Vec<Write> {
        let n = most.min(self.order.len());
        for about in self.order.drain(..n) {
            if let Some(pending) = self.waiting.remove(&about) {
                self.writing.push((about, pending));
            }
        }
        self.writing.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.writing.iter().map(|(_, pending)| pending.write.clone()).collect()
    }

    /// What was begun is written.
    pub(super) fn done(&mut self) {
        self.writing.clear();
    }

    /// What was begun could not be written, and waits again.
    pub(super) fn again(&mut self) {
        for (about, mut earlier) in self.writing.drain(..).rev() {
            match self.waiting.remove(&about) {
                Some(later) => take_in(&mut earlier.write, later.write),
                None => self.order.push_front(about.clone()),
            }
            self.waiting.insert(about, earlier);
        }
    }

    /// Whether something is being written.
    pub(super) fn is_writing(&self) -> bool {
        !self.writing.is_empty()
    }

    /// How many writes are not done yet.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_add(self.writing.len())
    }

    /// Whether grades are among what is being written.
    pub(super) fn is_writing_grades(&self) -> bool {
        self.writing.iter().any(|(_, pending)| is_grade(&pending.write))
    }

    /// How many of them are grades.
    pub(super) fn n_grades(&self) -> usize {
        self.pending().filter(|pending| is_grade(&pending.write)).count()
    }

    /// How long the oldest of them waits.
    pub(super) fn age(&self, now: Instant) -> Option<Duration> {
        let oldest = self.pending().map(|pending| pending.since).min();
        oldest.map(|since| now.saturating_duration_since(since))
    }

    fn pending(&self) -> impl Iterator<Item = &Pending> {
        self.waiting.values().chain(self.writing.iter().map(|(_, pending)| pending))
    }
}

fn is_grade(write: &Write) -> bool {
    matches!(write, Write::Progress { credit: Some(_), .. })
}

/// Adds a later write to an earlier one about the same.
fn take_in(earlier: &mut Write, later: Write) {
    match (earlier, later) {
        (
            Write::Progress { progress, credit, at, .. },
            Write::Progress { progress: later, credit: later_credit, at: later_at, .. },
        ) => {
            *progress = (*progress).max(later);
            // A grade keeps the time at which it was achieved.
            if later_credit > *credit || credit.is_none() {
                *credit = later_credit;
                *at = later_at;
            }
        }
        (earlier, later) => *earlier = later,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use super::*;
    use crate::records::{EnrolmentId, Progress};

    fn progress(jid: &str, progress: Progress, credit: Option<f64>, at: i64) -> Write {
        let enrolment = EnrolmentId::from_text(format!("in one assignment: {jid}"));
        Write::Progress { enrolment, jid: jid.to_owned(), progress, credit, at }
    }

    fn ended(jid: &str, at: i64) -> Write {
        Write::Session { jid: jid.to_owned(), enrolment: None, snapshot: None, at }
    }

    #[test]
    fn a_store_that_is_away_costs_two_writes_a_learner_and_no_grade() {
        let now = Instant::now();
        let mut queue = Queue::default();

        for round in 0..1_000 {
            for jid in ["anna", "ben"] {
                queue.push(ended(jid, round), now);
                let credit = (round == 500).then_some(0.75);
                queue.push(progress(jid, Progress::Verified, credit, round), now);
                queue.push(progress(jid, Progress::Talking, Some(0.1), round), now);
            }
            if round % 100 == 0 {
                queue.begin(3);
                queue.again();
            }
        }

        assert_eq!((queue.len(), queue.n_grades()), (4, 2));
        let writes = queue.begin(256);
        assert_eq!(queue.len(), 4);
        for write in writes {
            match write {
                Write::Progress { progress, credit, at, .. } => {
                    assert_eq!((progress, credit, at), (Progress::Verified, Some(0.75), 500));
                }
                Write::Session { at, .. } => assert_eq!(at, 999),
                Write::Proven { .. } | Write::Opened { .. } => panic!("nothing of the kind"),
            }
        }
        queue.done();
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_failed_is_taken_in_by_what_came_meanwhile_and_keeps_its_age() {
        let now = Instant::now();
        let later = now + Duration::from_secs(7);
        let mut queue = Queue::default();
        queue.push(ended("anna", 1), now);
        queue.begin(1);
        queue.push(ended("anna", 2), later);
        queue.push(ended("ben", 3), later);

        queue.again();

        assert_eq!(queue.age(later), Some(Duration::from_secs(7)));
        let times = queue.begin(9).into_iter().map(|write| match write {
            Write::Session { at, .. } | Write::Progress { at, .. } => at,
            Write::Proven { .. } | Write::Opened { .. } => panic!("nothing of the kind"),
        });
        assert_eq!(times.collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn the_oldest_are_written_first() {
        let now = Instant::now();
        let mut queue = Queue::default();
        for jid in ["zoe", "anna", "ben"] {
            queue.push(ended(jid, 0), now);
        }

        let first = queue.begin(2);

        let jids = first.iter().map(|write| match write {
            Write::Session { jid, .. }
            | Write::Progress { jid, .. }
            | Write::Proven { jid, .. } => jid.as_str(),
            Write::Opened { .. } => panic!("nothing of the kind"),
        });
        assert_eq!(jids.collect::<Vec<_>>(), ["anna", "zoe"]);
        assert!(queue.is_writing());
    }
}
