//! The header `Retry-After` (RFC 9110, 10.2.3): how long a platform wants to be left alone.

use std::time::Duration;

/// The header `Retry-After`: seconds, or a date. A day at most.
pub(super) fn parse(value: &str, now: i64) -> Option<Duration> {
    let longest = Duration::from_hours(24);
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(longest, Duration::from_secs).min(longest));
    }
    let seconds = http_date(value)?.saturating_sub(now);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()).min(longest))
}

/// Seconds since 1970 of a date in one of the ways in which HTTP writes them (RFC 9110, 5.6.7):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
/// Years of two digits are taken to be of this century, which holds for all that is to come.
pub(super) fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    let (day, month, year, time) = match parts.as_slice() {
        [_weekday, day, month, year, time, "GMT"] => (*day, *month, year.parse().ok()?, *time),
        [_weekday, date, time, "GMT"] => {
            let date: Vec<&str> = date.split('-').collect();
            let [day, month, year] = date.as_slice() else { return None };
            (*day, *month, year.parse::<i64>().ok()?.checked_add(2000)?, *time)
        }
        [_weekday, month, day, time, year] => (*day, *month, year.parse().ok()?, *time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|known| *known == month)?;
    let day: i64 = day.parse().ok()?;
    let clock: Vec<i64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hours, minutes, seconds] = clock.as_slice() else { return None };
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    let in_range =
        (0..24).contains(hours) && (0..60).contains(minutes) && (0..=60).contains(seconds);
    // Days from the first of March of the year 0, in which a leap day is the last day of a year.
    let month = i64::try_from(month).ok()?;
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (306 * month + 5) / 10 + day - 1;
    let since_1970 = days - 719_468;
    in_range.then_some(((since_1970 * 24 + hours) * 60 + minutes) * 60 + seconds)
}
