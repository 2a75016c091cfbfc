//! How many connections there are: in all, and from one address.
//!
//! Whole universities stand behind one address, and a proxy is one, so who only waits never keeps
//! others out: where there are too many, the connection that has waited longest for a request is
//! closed in favour of the new one, then the one whose answer nobody has read for longest, then the one
//! whose request does not come on for longest. Only where all are at work, the new one is closed.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use futures_util::task::AtomicWaker;
use log::{info, warn};
use tokio::time::Instant;

use super::Limits;
use crate::metrics::Connections;

/// How long a connection must have waited before it makes room: who has only just come is about to
/// ask.
const WAITED_LONG: Duration = Duration::from_millis(500);
/// How long an answer must have stayed unread before its connection makes room for another one.
const UNREAD_LONG: Duration = Duration::from_secs(2);
/// How long nobody must have been refused before it is said that there is room again.
const QUIET: Duration = Duration::from_secs(10);

/// How long a body must have made no progress before its connection makes room for another one.
const STUCK_LONG: Duration = Duration::from_secs(2);

/// What a connection does, in the three lowest bits; above them since when, in milliseconds.
const WORKS: u64 = 0;
const WAITS: u64 = 1;
const UNREAD: u64 = 2;
const STUCK: u64 = 3;
const CLOSED: u64 = 7;
const N_BITS: u32 = 3;

/// The connections of one server.
#[derive(Debug)]
pub(super) struct Slots {
    limits: Limits,
    counts: Connections,
    start: Instant,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    places: HashMap<u64, Arc<Place>>,
    next: u64,
    /// Since when connections were refused, and how many, while it goes on.
    refusing: Option<Refusing>,
}

#[derive(Debug)]
struct Refusing {
    last: Instant,
    n: u64,
}

/// A connection, as all threads see it.
#[derive(Debug)]
struct Place {
    address: IpAddr,
    state: AtomicU64,
    task: AtomicWaker,
}

/// Which bound was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Address,
    All,
    Files,
}

impl Slots {
    pub(super) fn new(limits: Limits, counts: Connections) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { limits, counts, start: Instant::now(), table })
    }

    /// A slot for a new connection from this address, with this number as a file, unless all are taken
    /// by those at work.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, file: usize) -> Option<Slot> {
        let address = site(address);
        let mut table = self.table();
        let from_there = table.places.values().filter(|place| place.address == address).count();
        let bound = if from_there >= self.limits.per_address {
            Some(Bound::Address)
        } else if table.places.len() >= self.limits.in_all {
            Some(Bound::All)
        } else if file >= self.limits.first_reserved {
            Some(Bound::Files)
        } else {
            None
        };
        if let Some(bound) = bound {
            let among = (bound == Bound::Address).then_some(address);
            if !self.make_room(&mut table, among) {
                self.refuse(&mut table, bound);
                return None;
            }
        }
        self.settle(&mut table);
        let id = table.next;
        table.next = id.wrapping_add(1);
        // Its request may be there already.
        let state = AtomicU64::new(WORKS);
        let place = Arc::new(Place { address, state, task: AtomicWaker::new() });
        table.places.insert(id, Arc::clone(&place));
        self.count(&table);
        Some(Slot { id, place, slots: Arc::clone(self) })
    }

    /// Closes the connection that can be spared best.
    fn make_room(&self, table: &mut Table, among: Option<IpAddr>) -> bool {
        loop {
            let candidates = table
                .places
                .iter()
                .filter(|(_, place)| among.is_none_or(|address| place.address == address))
                .map(|(id, place)| (*id, place.state.load(Ordering::Acquire)));
            let now = self.now();
            let Some((id, seen)) = candidates
                .filter(|(_, state)| match state & CLOSED {
                    WAITS => now.saturating_sub(state >> N_BITS) >= millis(WAITED_LONG),
                    UNREAD => now.saturating_sub(state >> N_BITS) >= millis(UNREAD_LONG),
                    STUCK => now.saturating_sub(state >> N_BITS) >= millis(STUCK_LONG),
                    _ => false,
                })
                .min_by_key(|(_, state)| (state & CLOSED, state >> N_BITS))
            else {
                return false;
            };
            let Some(place) = table.places.get(&id) else { return false };
            // Its own thread may have found work for it meanwhile.
            if place.close(seen) {
                table.places.remove(&id);
                return true;
            }
        }
    }

    fn refuse(&self, table: &mut Table, bound: Bound) {
        self.counts.refused(match bound {
            Bound::Address => "address",
            Bound::All => "all",
            Bound::Files => "files",
        });
        let now = Instant::now();
        if let Some(refusing) = &mut table.refusing {
            refusing.last = now;
            refusing.n = refusing.n.saturating_add(1);
            return;
        }
        table.refusing = Some(Refusing { last: now, n: 1 });
        let (server, most) = (self.counts.server(), self.limits.in_all);
        let (n, own) = (table.places.len(), self.limits.per_address);
        warn!(
            "{server}: new connections are refused: {n} are at work; at most {own} from one address \
             and {most} in all are taken, fewer where files are short"
        );
    }

    /// Says that it is over, once.
    fn settle(&self, table: &mut Table) {
        if table.refusing.as_ref().is_some_and(|refusing| refusing.last.elapsed() >= QUIET)
            && let Some(Refusing { n, .. }) = table.refusing.take()
        {
            info!("{}: new connections are taken again; {n} were refused", self.counts.server());
        }
    }

    fn release(&self, id: u64) {
        let mut table = self.table();
        table.places.remove(&id);
        self.settle(&mut table);
        self.count(&table);
    }

    fn count(&self, table: &Table) {
        self.counts.open(table.places.len());
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing is left half done where a thread could panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn since(&self, state: u64) -> u64 {
        self.now() << N_BITS | state
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> N_BITS)
}

/// Whose an address is: a customer of an IPv6 network has at least 64 bits of it.
fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Place {
    /// Whether it could be closed, in this state.
    fn close(&self, seen: u64) -> bool {
        let closed = self.state.compare_exchange(seen, CLOSED, Ordering::AcqRel, Ordering::Relaxed);
        self.task.wake();
        closed.is_ok()
    }
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    id: u64,
    place: Arc<Place>,
    slots: Arc<Slots>,
}

impl Slot {
    /// A request is under way.
    pub(super) fn works(&self) {
        self.put(WORKS);
    }

    /// It waits for a request from now on.
    pub(super) fn waits(&self) {
        self.put(self.slots.since(WAITS));
    }

    /// Its answer is not read, from now on.
    pub(super) fn is_unread(&self) {
        self.put(self.slots.since(UNREAD));
    }

    /// The body of its request does not come on, from now on.
    pub(super) fn is_stuck(&self) {
        self.put(self.slots.since(STUCK));
    }

    /// Whether another one has got its place.
    pub(super) fn is_closed(&self) -> bool {
        self.place.state.load(Ordering::Acquire) == CLOSED
    }

    /// Whom to wake when it is closed.
    pub(super) fn wake(&self, task: &Waker) {
        self.place.task.register(task);
    }

    fn put(&self, state: u64) {
        let put = |seen| (seen != CLOSED).then_some(state);
        // Whose place another one has got stays closed.
        self.place.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, put).ok();
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.release(self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::metrics::Metrics;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn slots(in_all: usize, per_address: usize) -> (Arc<Slots>, Metrics) {
        let metrics = Metrics::new();
        let limits = Limits { in_all, per_address, ..Limits::METRICS };
        (Slots::new(limits, metrics.connections("pages")), metrics)
    }

    fn at_work(slots: &Arc<Slots>, address: IpAddr) -> Slot {
        slots.admit(address, 9).unwrap()
    }

    fn text(metrics: &Metrics) -> String {
        metrics.encode(crate::metrics::Format::OpenMetrics).unwrap()
    }

    #[actix::test]
    async fn who_waits_longest_makes_room() {
        tokio::time::pause();
        let (slots, metrics) = slots(10, 3);
        let busy = at_work(&slots, HERE);
        let (first, second) = (at_work(&slots, HERE), at_work(&slots, HERE));
        second.waits();
        tokio::time::advance(Duration::from_millis(10)).await;
        first.waits();
        assert!(slots.admit(HERE, 9).is_none());
        tokio::time::advance(WAITED_LONG).await;

        let third = slots.admit(HERE, 9).unwrap();

        second.works();
        assert!(second.is_closed());
        assert!(!first.is_closed() && !busy.is_closed() && !third.is_closed());
        assert!(text(&metrics).contains("otrbot_http_connections{server=\"pages\"} 3\n"));
        drop((busy, first, second, third));
        assert!(text(&metrics).contains("otrbot_http_connections{server=\"pages\"} 0\n"));
    }

    #[actix::test]
    async fn one_address_leaves_room_for_others() {
        let (slots, metrics) = slots(10, 3);
        let busy: Vec<Slot> = (0..3).map(|_| at_work(&slots, HERE)).collect();

        assert!(slots.admit(HERE, 9).is_none());
        assert!(slots.admit(THERE, 9).is_some());

        let refused =
            "otrbot_http_refused_connections_total{server=\"pages\",reason=\"address\"} 1";
        assert!(text(&metrics).contains(refused), "{}", text(&metrics));
        drop(busy);
        assert!(slots.admit(HERE, 9).is_some());
    }

    #[actix::test]
    async fn where_all_are_at_work_nobody_new_comes_in() {
        let (slots, metrics) = slots(3, 2);
        let _busy = [at_work(&slots, HERE), at_work(&slots, HERE), at_work(&slots, THERE)];

        assert!(slots.admit(THERE, 9).is_none());

        let refused = "otrbot_http_refused_connections_total{server=\"pages\",reason=\"all\"} 1";
        assert!(text(&metrics).contains(refused), "{}", text(&metrics));
    }

    #[actix::test]
    async fn the_last_files_are_left_to_others() {
        tokio::time::pause();
        let metrics = Metrics::new();
        let limits = Limits { first_reserved: 100, ..Limits::METRICS };
        let slots = Slots::new(limits, metrics.connections("pages"));
        let waiting = slots.admit(HERE, 99).unwrap();

        assert!(slots.admit(THERE, 100).is_none());

        let refused = "otrbot_http_refused_connections_total{server=\"pages\",reason=\"files\"} 1";
        assert!(text(&metrics).contains(refused), "{}", text(&metrics));
        waiting.waits();
        tokio::time::advance(WAITED_LONG).await;
        assert!(slots.admit(THERE, 100).is_some());
        assert!(waiting.is_closed());
    }

    #[actix::test]
    async fn an_answer_that_nobody_reads_makes_room_after_a_while() {
        tokio::time::pause();
        let (slots, _) = slots(1, 1);
        let unread = at_work(&slots, HERE);
        unread.is_unread();
        assert!(slots.admit(HERE, 9).is_none());

        tokio::time::advance(UNREAD_LONG).await;

        assert!(slots.admit(HERE, 9).is_some());
        assert!(unread.is_closed());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let site = |text: &str| site(text.parse().unwrap());

        assert_eq!(site("2001:db8::1"), site("2001:db8::2:3"));
        assert_ne!(site("2001:db8::1"), site("2001:db8:0:1::1"));
        assert_eq!(site("::ffff:192.0.2.1"), HERE);
    }
}
