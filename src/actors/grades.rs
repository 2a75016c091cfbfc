//! `GradeOutbox`: brings grades to the platforms, and keeps at it until they have them.
//!
//! What is to be sent stands in the store, so nothing is lost with the process: an attempt that was
//! cut off is made again, which does no harm, since a platform that is told a grade twice has it
//! once. This actor only decides when to try, and keeps count.
//!
//! One attempt at a time goes to each platform: that keeps a learner's grades in order, and
//! platforms slow down those who come in parallel. A platform that takes nothing is left alone for a
//! while; then one grade tries whether it does again. None keeps another one waiting.

mod courier;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message,
    MessageResult, SpawnHandle, WrapFuture as _,
};
use log::{debug, error, info, warn};
use lti::{
    Consumers,
    answer::{self, Outcome, Why},
    grade::{Details, Score},
};

use self::courier::Parcel;
pub use self::courier::{Courier, CourierError};
use super::{
    ambient::{random_bytes, random_name, unix_now},
    now,
};

use crate::{
    metrics::{Life, Metrics},
    records::{GradeCounts, GradeDue, GradeId},
    store::{Store, StoreError},
};

/// A grade that is not recorded after this long is given up, in seconds: three days. Not, however,
/// as long as it, or its platform, was tried less often than there are pauses in the plan.
const GIVE_UP: i64 = 3 * 24 * 60 * 60;
/// How many answers, at most, may leave it open whether the platform has a grade: some minutes. It is
/// more likely there than not.
const MOST_UNCLEAR: u32 = 5;
/// The longest that a platform is left alone which does not say how long it wants to be. One request
/// in this time burdens none, and learners wait for their grades once it is back.
const LONGEST_REST: Duration = Duration::from_mins(5);
/// The longest that it is left alone if it does say.
const LONGEST_ASKED: Duration = Duration::from_hours(6);
/// How often the store is looked at when nothing else gives a reason to. Then it is also looked at
/// for grades that should be on their way and are not.
const LOOK: Duration = Duration::from_secs(30);
/// How soon it is looked at again when it could not be read.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The longest pause until it is tried again to write down what became of a grade.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// When to try again.
#[derive(Clone, Debug)]
pub struct RetryPlan {
    /// The pauses after the first, second, … attempt; the last one repeats.
    pub pauses: Vec<Duration>,
}

impl Default for RetryPlan {
    fn default() -> Self {
        let pauses = [5, 30, 2 * 60, 10 * 60, 60 * 60, 3 * 60 * 60];
        Self { pauses: pauses.map(Duration::from_secs).to_vec() }
    }
}

impl RetryPlan {
    /// The pause after a number of attempts, in seconds, spread by up to a fifth either way so that a
    /// platform that comes back is not met by everybody at once. What the platform asks for is the
    /// least, and `most`, before it is spread, the most.
    fn pause(&self, attempts: u32, asked: Option<Duration>, most: Duration, chance: u8) -> u64 {
        let at = usize::try_from(attempts).unwrap_or(usize::MAX);
        let pause = self.pauses.get(at).or_else(|| self.pauses.last()).copied().unwrap_or(LOOK);
        let pause = pause.min(most);
        let spread = pause * 4 / 5 + pause * 2 / 5 * u32::from(chance) / 255;
        let pause = spread.max(asked.unwrap_or_default());
        // Rounded up: the store counts whole seconds.
        pause.as_secs().saturating_add(u64::from(pause.subsec_nanos() > 0))
    }
}

/// What the outbox is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where the grades wait.
    pub store: Store,
    /// Whose secrets sign them.
    pub consumers: Consumers,
    /// Who carries them.
    pub courier: Courier,
    /// When to try again.
    pub plan: RetryPlan,
    /// Where they are counted.
    pub metrics: Arc<Metrics>,
}

/// The actor.
#[derive(Debug)]
pub struct GradeOutbox {
    parts: Parts,
    /// Whether the store is being looked at, and whether to look again right after.
    look: Look,
    /// The grades under way, and the consumers whose platform is being talked to.
    under_way: HashSet<GradeId>,
    /// The grades whose attempts ended during this look at the store, which may not show it yet.
    just_ended: HashSet<GradeId>,
    busy: BTreeSet<String>,
    /// The platforms that are left alone, by consumer.
    resting: HashMap<String, Rest>,
    /// The timer that wakes when the next grade is due.
    alarm: Option<SpawnHandle>,
    counts: Counts,
    /// Whether the next look is also for grades that are missing.
    is_search_due: bool,
    /// Whether the store could not be read at the last look.
    is_store_lost: bool,
    _life: Life,
}

/// A platform is left alone.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    /// How often in a row it took nothing.
    n_failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Idle,
    UnderWay,
    Repeat,
}

/// There may be something to send.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Wake;

/// Asks how the outbox does.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Counts")]
pub struct Observe;

/// Ends the actor. What is not recorded yet waits in the store.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close;

/// How the outbox does; counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Attempts that are under way.
    pub under_way: u64,
    /// Grades that platforms took.
    pub recorded: u64,
    /// Attempts that will be repeated.
    pub retried: u64,
    /// Grades that were given up.
    pub failed: u64,
}

/// How an attempt ended, as far as it concerns this actor.
#[derive(Clone, Debug)]
enum Ended {
    Recorded,
    /// At this time, in seconds since 1970.
    Again {
        at: i64,
        why: Why,
    },
    Failed {
        why: Why,
    },
}

impl GradeOutbox {
    /// Makes the actor; it begins when it is started.
    pub fn new(parts: Parts) -> Self {
        let life = parts.metrics.meters.outbox.life();
        Self {
            parts,
            look: Look::Idle,
            under_way: HashSet::new(),
            just_ended: HashSet::new(),
            busy: BTreeSet::new(),
            resting: HashMap::new(),
            alarm: None,
            counts: Counts::default(),
            is_search_due: true,
            is_store_lost: false,
            _life: life,
        }
    }
}

impl Actor for GradeOutbox {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.wake(ctx);
        ctx.run_interval(LOOK, |outbox, ctx| {
            outbox.is_search_due = true;
            outbox.wake(ctx);
        });
    }
}

impl Handler<Wake> for GradeOutbox {
    type Result = ();

    fn handle(&mut self, Wake: Wake, ctx: &mut Self::Context) {
        let _turn = self.parts.metrics.meters.outbox.taken();
        self.wake(ctx);
    }
}

impl Handler<Observe> for GradeOutbox {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, Observe: Observe, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.counts)
    }
}

impl Handler<Close> for GradeOutbox {
    type Result = ();

    fn handle(&mut self, Close: Close, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

impl GradeOutbox {
    /// Looks at the store, and again right after if that is asked for meanwhile.
    fn wake(&mut self, ctx: &mut Context<Self>) {
        if self.look != Look::Idle {
            self.look = Look::Repeat;
            return;
        }
        self.look = Look::UnderWay;
        self.just_ended.clear();
        let store = self.parts.store.clone();
        let is_search = std::mem::take(&mut self.is_search_due);
        let due = async move { look(&store, is_search).await };
        ctx.spawn(due.into_actor(self).map(|seen, outbox, ctx| outbox.on_seen(seen, ctx)));
    }

    fn on_seen(&mut self, seen: Result<Seen, StoreError>, ctx: &mut Context<Self>) {
        let look_again = self.look == Look::Repeat;
        self.look = Look::Idle;
        match seen {
            Ok(seen) => {
                self.is_store_lost = false;
                self.parts.metrics.oldest_grade(seen.oldest);
                self.parts.metrics.grades_due.set(seen.counts.due);
                self.parts.metrics.grades_recorded.set(seen.counts.recorded);
                self.parts.metrics.grades_failed.set(seen.counts.failed);
                for grade in seen.due {
                    self.begin(grade, ctx);
                }
                self.set_alarm(seen.pause, ctx);
            }
            Err(error) => {
                self.is_search_due = true;
                if !std::mem::replace(&mut self.is_store_lost, true) {
                    warn!("cannot read the grades to send: {error}");
                }
                ctx.run_later(LOOK_AGAIN, Self::wake);
            }
        }
        if look_again {
            self.wake(ctx);
        }
    }

    /// Looks again when the next grade is due; the end of an attempt may bring that forward.
    fn set_alarm(&mut self, pause: Option<Duration>, ctx: &mut Context<Self>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        self.alarm = pause.map(|pause| ctx.run_later(pause, Self::wake));
    }

    /// Begins an attempt, unless one is under way to the same platform, or that is left alone; then
    /// the end of that is the time to look again.
    fn begin(&mut self, grade: GradeDue, ctx: &mut Context<Self>) {
        let is_stale = self.under_way.contains(&grade.id) || self.just_ended.contains(&grade.id);
        let rest = self.resting.get(&grade.consumer_key);
        let is_resting = rest.is_some_and(|rest| now() < rest.until);
        if is_stale || is_resting || self.busy.contains(&grade.consumer_key) {
            return;
        }
        let (id, consumer_key) = (grade.id.clone(), grade.consumer_key.clone());
        self.under_way.insert(id.clone());
        self.busy.insert(consumer_key.clone());
        self.counts.under_way += 1;
        let attempt = Attempt {
            store: self.parts.store.clone(),
            consumers: self.parts.consumers.clone(),
            courier: self.parts.courier.clone(),
            plan: self.parts.plan.clone(),
            n_failures: rest.map_or(0, |rest| rest.n_failures),
            grade,
        };
        let n_failures = attempt.n_failures.saturating_add(1);
        let delivery = self.parts.metrics.delivery_time();
        ctx.spawn(attempt.run().into_actor(self).map(move |(ended, rest), outbox, ctx| {
            drop(delivery);
            outbox.under_way.remove(&id);
            outbox.busy.remove(&consumer_key);
            outbox.just_ended.insert(id);
            if let Some(rest) = rest {
                let until = now() + rest;
                outbox.resting.insert(consumer_key, Rest { until, n_failures });
                ctx.run_later(rest, Self::wake);
            } else {
                outbox.resting.remove(&consumer_key);
            }
            outbox.on_ended(&ended, ctx);
        }));
    }

    fn on_ended(&mut self, ended: &Ended, ctx: &mut Context<Self>) {
        self.counts.under_way -= 1;
        let (count, result) = match ended {
            Ended::Recorded => (&mut self.counts.recorded, "recorded"),
            Ended::Failed { .. } => (&mut self.counts.failed, "failed"),
            Ended::Again { .. } => (&mut self.counts.retried, "retried"),
        };
        *count += 1;
        self.parts.metrics.delivery(result);
        self.wake(ctx);
    }
}

/// What a look at the store shows.
struct Seen {
    due: Vec<GradeDue>,
    counts: GradeCounts,
    /// Since when the oldest grade waits, in seconds since 1970, if one does.
    oldest: Option<i64>,
    /// How long it takes until the next grade is due that is not due now.
    pause: Option<Duration>,
}

async fn look(store: &Store, is_search: bool) -> Result<Seen, StoreError> {
    let now = unix_now();
    if is_search {
        let n_missing = store.put_missing_grades(now).await?;
        if n_missing > 0 {
            info!(n = n_missing; "{n_missing} grades were not on their way and are now");
        }
    }
    let due = store.due_grades(now).await?;
    let next = store.next_grade_due(now).await?;
    let seconds = next.and_then(|next| u64::try_from(next.saturating_sub(now)).ok());
    let oldest = store.oldest_grade_due().await?;
    Ok(Seen {
        due,
        counts: store.grade_counts().await?,
        oldest,
        pause: seconds.map(Duration::from_secs),
    })
}

/// One attempt, on its own.
struct Attempt {
    store: Store,
    consumers: Consumers,
    courier: Courier,
    plan: RetryPlan,
    /// How often in a row the platform took nothing.
    n_failures: u32,
    grade: GradeDue,
}

impl Attempt {
    /// Tells the platform, and writes down what it said. That waits for the store: a grade that the
    /// platform has must not be sent again. How it ended, and how long the platform is to be left
    /// alone.
    async fn run(self) -> (Ended, Option<Duration>) {
        let outcome = self.deliver().await;
        let now = unix_now();
        let rest = self.rest(&outcome);
        let ended = self.weigh(outcome, rest, now);
        let sourcedid = &self.grade.sourcedid;
        let (id, version) = (&self.grade.id, self.grade.version);
        let mut pause = LOOK_AGAIN;
        loop {
            let written = match &ended {
                Ended::Recorded => self.store.grade_recorded(id, version, now).await,
                Ended::Failed { why } => {
                    self.store.grade_failed(id, version, &why.for_teacher(sourcedid)).await
                }
                Ended::Again { at, why } => {
                    self.store.grade_retry(id, version, *at, &why.for_teacher(sourcedid)).await
                }
            };
            let Err(error) = written else { return (ended, rest) };
            if pause == LOOK_AGAIN {
                error!("grade.id":% = id; "grade {id}: what became of it cannot be written yet: {error}");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// How long the platform is to be left alone.
    fn rest(&self, outcome: &Outcome) -> Option<Duration> {
        let Outcome::Busy { retry_after, .. } = outcome else { return None };
        let [chance] = random_bytes();
        let asked = retry_after.map(|asked| asked.min(LONGEST_ASKED));
        let rest = self.plan.pause(self.n_failures, asked, LONGEST_REST, chance);
        Some(Duration::from_secs(rest))
    }

    /// What is to be done after an attempt.
    fn weigh(&self, outcome: Outcome, rest: Option<Duration>, now: i64) -> Ended {
        let (id, enrolment, attempts) = (&self.grade.id, &self.grade.enrolment, self.attempts());
        let n_unclear = self.grade.said.as_deref().map_or(0, answer::n_unclear).saturating_add(1);
        let (why, retry_after) = match outcome {
            Outcome::Recorded => {
                info!("grade.id":% = id; "grade {id}: recorded");
                return Ended::Recorded;
            }
            Outcome::Permanent { why } => {
                error!("grade.id":% = id, "enrolment.id":% = enrolment; "grade {id} of enrolment {enrolment}: the platform does not take it: {why}");
                return Ended::Failed { why };
            }
            // A fresh signature may do, once: it may be the clock, or a restart of the platform.
            Outcome::Refused { why } if self.was(answer::is_refusal) => {
                error!("grade.id":% = id, "enrolment.id":% = enrolment; "grade {id} of enrolment {enrolment}: compare key, secret and clock with those of the platform: {why}, again");
                return Ended::Failed { why };
            }
            // Whoever looks into the gradebook knows more than can be found out from here.
            Outcome::Unclear { why, .. } if n_unclear >= MOST_UNCLEAR => {
                error!("grade.id":% = id, "enrolment.id":% = enrolment; "grade {id} of enrolment {enrolment}: the platform does not say whether it has it: {why}");
                return Ended::Failed { why };
            }
            Outcome::Refused { why } => (why, None),
            Outcome::Unclear { why, retry_after, .. } => {
                (why.unclear_after(n_unclear), retry_after)
            }
            // What was unclear is not clear because the platform does not answer now. That is not
            // counted: it may be away for long.
            Outcome::Transient { why, retry_after } | Outcome::Busy { why, retry_after }
                if self.was(answer::is_unclear) =>
            {
                (why.unclear_after(n_unclear.saturating_sub(1)), retry_after)
            }
            Outcome::Transient { why, retry_after } | Outcome::Busy { why, retry_after } => {
                (why, retry_after)
            }
        };
        let n_tries = attempts.max(self.n_failures).saturating_add(1);
        let is_tried = usize::try_from(n_tries).is_ok_and(|n| n >= self.plan.pauses.len());
        if is_tried && now - self.grade.queued_at > GIVE_UP {
            error!("grade.id":% = id, "enrolment.id":% = enrolment; "grade {id} of enrolment {enrolment}: given up after {n_tries} attempts: {why}");
            return Ended::Failed { why };
        }
        let [chance] = random_bytes();
        let pause = match rest {
            // It may be this grade alone that the platform does not get over.
            Some(rest) => self.plan.pause(attempts, None, LONGEST_REST, chance).max(rest.as_secs()),
            None => self.plan.pause(attempts, retry_after, Duration::MAX, chance),
        };
        warn!("grade.id":% = id, "enrolment.id":% = enrolment; "grade {id} of enrolment {enrolment}: tried again in {pause} s: {why}");
        Ended::Again { at: now.saturating_add_unsigned(pause), why }
    }

    /// Whether the attempt before ended so, by the words that are kept of it.
    fn was(&self, so: fn(&str) -> bool) -> bool {
        self.grade.said.as_deref().is_some_and(so)
    }

    fn attempts(&self) -> u32 {
        u32::try_from(self.grade.attempts).unwrap_or(u32::MAX)
    }

    async fn deliver(&self) -> Outcome {
        let grade = &self.grade;
        debug!("grade.id":% = grade.id; "grade {}: attempt {}", grade.id, grade.attempts);
        let Some(score) = Score::new(grade.score) else {
            return Outcome::Permanent { why: "the grade is out of range".into() };
        };
        let parcel = Parcel {
            url: &grade.outcome_url,
            sourcedid: &grade.sourcedid,
            score,
            consumer_key: &grade.consumer_key,
            secrets: self.consumers.secrets(&grade.consumer_key),
            details: Details {
                submitted_at: grade.accepts.submitted_at.then_some(grade.achieved_at),
                prioritize_non_tool_grade: grade.accepts.prioritize_non_tool_grade,
            },
            may_be_there: self.was(answer::is_to_be_asked),
            had_none: self.was(answer::had_none),
            id: &grade.id,
        };
        self.courier.deliver(parcel, random_name::<16>, unix_now()).await
    }
}

#[cfg(test)]
mod tests;
