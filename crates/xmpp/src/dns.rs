//! The SRV records of a domain, and the order in which they are tried (RFC 2782, RFC 6120,
//! XEP-0368).

use hickory_resolver::{TokioResolver, proto::rr::RData};
use log::debug;
use tokio::time::timeout;
use url::Host;

use super::{
    connect::RESOLVE,
    target::{Target, Way},
};

/// Servers of a domain that are tried, of those that its records name. Chance chooses among equals,
/// so that each has its turn.
const MOST_TARGETS: usize = 16;

/// A record of one of the two services.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Record {
    priority: u16,
    weight: u16,
    port: u16,
    /// Without the dot at the end; empty for "no such service here".
    target: String,
    way: Way,
}

/// What the records of a domain say.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// There are none, or nobody answers: the domain itself may serve.
    Nothing,
    /// The domain has no such service, and says so.
    NoService,
    /// The servers, in the order in which they are to be tried.
    Targets(Vec<Target>),
}

/// Looks the servers of a domain up; those of direct TLS, too, if `has_tls`.
pub(super) async fn find(resolver: Option<TokioResolver>, domain: &str, has_tls: bool) -> Found {
    let made = resolver.map_or_else(|| TokioResolver::builder_tokio()?.build(), Ok);
    let resolver = match made {
        Ok(resolver) => resolver,
        Err(error) => {
            debug!("no name server can be asked: {error}");
            return Found::Nothing;
        }
    };
    let direct = async {
        if has_tls { records(&resolver, domain, Way::DirectTls).await } else { Vec::new() }
    };
    let (usual, direct) = tokio::join!(records(&resolver, domain, Way::StartTls), direct);
    sort_out(usual, direct, |total| rand::random_range(0..=total))
}

/// The records of one service; none if the look-up fails, as the domain itself may still serve.
async fn records(resolver: &TokioResolver, domain: &str, way: Way) -> Vec<Record> {
    let service = match way {
        Way::StartTls => "_xmpp-client",
        Way::DirectTls => "_xmpps-client",
    };
    let lookup = resolver.srv_lookup(format!("{service}._tcp.{domain}."));
    let found = match timeout(RESOLVE, lookup).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            debug!("no {service} of {domain}: {error}");
            return Vec::new();
        }
        Err(_elapsed) => {
            debug!("no {service} of {domain}: no answer");
            return Vec::new();
        }
    };
    let record = |data: &RData| {
        let RData::SRV(srv) = data else { return None };
        let target = srv.target.to_ascii().trim_end_matches('.').to_owned();
        let (priority, weight, port) = (srv.priority, srv.weight, srv.port);
        Some(Record { priority, weight, port, target, way })
    };
    found.answers().iter().filter_map(|answer| record(&answer.data)).collect()
}

/// Puts the records of both services into one order (XEP-0368, section 3). `pick` gives a number from
/// 0 to its argument.
fn sort_out(usual: Vec<Record>, direct: Vec<Record>, pick: impl FnMut(u32) -> u32) -> Found {
    // "Not here" is said of one service, not of the other.
    let says_no = |records: &[Record]| matches!(records, [only] if only.target.is_empty());
    let is_refused = says_no(&usual);
    // Among equals without weights, the first comes first.
    let offered = direct.into_iter().chain(usual).filter(|record| !record.target.is_empty());
    let offered: Vec<Record> = offered.collect();
    if offered.is_empty() {
        return if is_refused { Found::NoService } else { Found::Nothing };
    }
    let mut targets: Vec<Target> = Vec::new();
    for Record { port, target, way, .. } in order(offered, pick) {
        if port == 0 {
            continue;
        }
        let Ok(host) = Host::parse(&target) else { continue };
        let target = Target { host, port, way };
        if !targets.contains(&target) {
            targets.push(target);
        }
        if targets.len() >= MOST_TARGETS {
            break;
        }
    }
    Found::Targets(targets)
}

/// Orders records as RFC 2782 says: by priority, and among equals by chance in proportion to
/// their weight. `pick` gives a number from 0 to its argument.
fn order(mut records: Vec<Record>, mut pick: impl FnMut(u32) -> u32) -> Vec<Record> {
    // Those of weight 0 come first, so that they have a small chance at all.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|record| record.priority == priority);
        let total = equals.clone().map(|record| u32::from(record.weight)).sum();
        let mut left = pick(total);
        let chosen = equals.clone().position(|record| {
            let weight = u32::from(record.weight);
            let is_chosen = left <= weight;
            left = left.saturating_sub(weight);
            is_chosen
        });
        ordered.push(records.remove(chosen.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn every_record_has_its_turn_behind_those_of_lower_priority(
            numbers in vec((0_u16..4, prop_oneof![Just(0), 0_u16..=u16::MAX]), 0..40),
            picks in vec(any::<u32>(), 40),
        ) {
            let records: Vec<_> = numbers
                .iter()
                .enumerate()
                .map(|(n, &(priority, weight))| usual(priority, weight, &format!("host{n}")))
                .collect();
            let mut picks = picks.into_iter();

            let ordered = order(records.clone(), |total| {
                let pick = picks.next().unwrap();
                pick % (total + 1)
            });

            prop_assert!(ordered.is_sorted_by_key(|record| record.priority));
            prop_assert_eq!(ordered.len(), records.len());
            prop_assert!(records.iter().all(|record| ordered.contains(record)));
        }
    }

    fn record(priority: u16, weight: u16, target: &str, way: Way) -> Record {
        Record { priority, weight, port: 5_222, target: target.to_owned(), way }
    }

    fn usual(priority: u16, weight: u16, target: &str) -> Record {
        record(priority, weight, target, Way::StartTls)
    }

    fn direct(priority: u16, weight: u16, target: &str) -> Record {
        record(priority, weight, target, Way::DirectTls)
    }

    fn names(records: &[Record]) -> Vec<&str> {
        records.iter().map(|record| record.target.as_str()).collect()
    }

    /// The order of both services, as people read it.
    fn sorted(
        usual: &[Record],
        direct: &[Record],
        pick: impl FnMut(u32) -> u32,
    ) -> Result<Vec<String>, Found> {
        match sort_out(usual.to_vec(), direct.to_vec(), pick) {
            Found::Targets(targets) => Ok(targets.iter().map(ToString::to_string).collect()),
            none @ (Found::Nothing | Found::NoService) => Err(none),
        }
    }

    #[test]
    fn records_are_tried_by_priority_and_weight() {
        let records = vec![
            usual(20, 0, "backup"),
            usual(10, 60, "big"),
            usual(10, 10, "small"),
            usual(10, 0, "never"),
        ];

        let lowest = order(records.clone(), |_| 0);
        let highest = order(records.clone(), |total| total);
        let middle = order(records, |total| total / 2);

        assert_eq!(names(&lowest), ["never", "small", "big", "backup"]);
        assert_eq!(names(&highest), ["big", "small", "never", "backup"]);
        assert_eq!(names(&middle), ["big", "small", "never", "backup"]);
    }

    #[test]
    fn a_weight_is_a_chance() {
        let records = [usual(1, 1, "one"), usual(1, 2, "two")];

        // Of the numbers 0 to 3, the first two are those of the weight 1.
        let firsts = (0..=3).map(|number| {
            let mut first = Some(number);
            order(records.to_vec(), |_| first.take().unwrap_or(0)).swap_remove(0).target
        });

        assert_eq!(firsts.collect::<Vec<_>>(), ["one", "one", "two", "two"]);
    }

    #[test]
    fn both_services_have_one_order() {
        let usual = [usual(5, 0, "a"), usual(20, 0, "d")];
        let direct = [direct(30, 0, "e"), direct(10, 70, "b"), direct(5, 0, "a")];

        let sorted = sorted(&usual, &direct, |_| 0).unwrap();

        assert_eq!(
            sorted,
            ["xmpps://a:5222", "a:5222", "xmpps://b:5222", "d:5222", "xmpps://e:5222"]
        );
    }

    #[test]
    fn chance_is_shared_by_both_services() {
        let usual = [usual(1, 30, "a")];
        let direct = [direct(1, 10, "b")];
        let mut asked = Vec::new();

        let sorted = sorted(&usual, &direct, |total| {
            asked.push(total);
            11
        });

        assert_eq!(sorted.unwrap(), ["a:5222", "xmpps://b:5222"]);
        assert_eq!(asked, [40, 10]);
    }

    #[test]
    fn a_dot_says_that_one_service_is_not_there() {
        let dot = |way| [record(0, 0, "", way)];
        let (no_usual, no_direct) = (dot(Way::StartTls), dot(Way::DirectTls));
        let (a, b) = ([usual(1, 0, "a")], [direct(1, 0, "b")]);

        assert_eq!(sorted(&a, &no_direct, |_| 0).unwrap(), ["a:5222"]);
        assert_eq!(sorted(&no_usual, &b, |_| 0).unwrap(), ["xmpps://b:5222"]);
        assert_eq!(sorted(&no_usual, &no_direct, |_| 0), Err(Found::NoService));
        assert_eq!(sorted(&no_usual, &[], |_| 0), Err(Found::NoService));
        assert_eq!(sorted(&[], &no_direct, |_| 0), Err(Found::Nothing));
        assert_eq!(sorted(&[], &[], |_| 0), Err(Found::Nothing));
    }

    #[test]
    fn records_that_lead_nowhere_or_are_too_many_are_left_out() {
        let mut odd = usual(0, 0, "no-port");
        odd.port = 0;
        let many = (0..1_000).map(|n| usual(1, 1, &format!("host{n}")));
        let records: Vec<_> = [odd, usual(0, 0, "no host"), usual(0, 0, "a"), usual(0, 0, "a")]
            .into_iter()
            .chain(many)
            .collect();

        let sorted = sorted(&records, &[], |_| 0).unwrap();

        assert_eq!(sorted.len(), MOST_TARGETS);
        assert_eq!(sorted[..2], ["a:5222", "host0:5222"]);
    }
}
