//! Moments, as people read them.

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};

/// By what moments are told.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Where the reader is, if that is known.
    pub zone: Option<TimeZone>,
}

/// A moment in seconds since 1970: the time of day, and the date if it is another than today's.
/// Where nobody knows the reader's time zone, it says which one it is in, until a script knows better.
pub(super) fn moment(at: i64, clock: &Clock) -> Option<Markup> {
    let zone = clock.zone.clone().unwrap_or(TimeZone::UTC);
    let local = |seconds: i64| {
        Timestamp::from_second(seconds).ok().map(|moment| moment.to_zoned(zone.clone()))
    };
    let then = local(at)?;
    let is_today = local(clock.now).is_some_and(|now| now.date() == then.date());
    let format = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    Some(html! {
        time datetime=(then.timestamp()) data-utc[clock.zone.is_none()] {
            bdi dir="ltr" { (then.strftime(format)) @if clock.zone.is_none() { " UTC" } }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_the_time_of_the_reader() {
        // 2026-11-23, 23:30:05 UTC.
        let at = 1_795_476_605;
        let check = |zone: Option<&str>, now: i64, expected: &str| {
            let is_known = zone.is_some();
            let zone = zone.map(|zone| TimeZone::get(zone).unwrap());
            let told = moment(at, &Clock { now, zone }).unwrap().into_string();
            let (before, rest) = told.split_once("<bdi dir=\"ltr\">").unwrap();
            let utc = if is_known { "" } else { " data-utc" };
            assert_eq!(before, format!("<time datetime=\"2026-11-23T23:30:05Z\"{utc}>"));
            assert_eq!(rest, format!("{expected}</bdi></time>"));
        };

        check(None, at + 60, "23:30 UTC");
        check(None, at + 3_600, "2026-11-23 23:30 UTC");
        check(Some("Europe/Amsterdam"), at + 60, "00:30");
        check(Some("Europe/Amsterdam"), at + 86_400, "2026-11-24 00:30");
        check(Some("America/New_York"), at + 60, "18:30");
    }

    #[test]
    fn a_moment_that_is_none_is_not_told() {
        assert!(moment(i64::MAX, &Clock { now: 0, zone: None }).is_none());
    }
}
