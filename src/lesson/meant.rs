//! What writers of lessons probably meant by what cannot be, and what they are to write.

use crate::yaml::Meaning;

use super::raw::duration;
use super::yaml::Value;

/// The kinds of values that a lesson has.
pub(super) const TEXT: &str = "a text";
pub(super) const LIST: &str = "a list";
pub(super) const MAP: &str = "keys and values";
pub(super) const FLAG: &str = "`true` or `false`";

/// Longest text that a message repeats, in characters.
const LONGEST_SHOWN: usize = 40;

/// What to write in the place of a value of another kind.
pub(super) fn remedy(expected: &'static str, value: &Value) -> String {
    let remedy = match expected {
        TEXT => text(value),
        LIST => list(value),
        FLAG => flag(value),
        _ => map(value),
    };
    remedy.unwrap_or_else(|| format!("write {expected}"))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Other(scalar) if scalar.meaning() == Meaning::Nothing => {
            if scalar.comment.is_some() && scalar.is_missing() {
                return Some(
                    "what follows # is a comment; write the text in quotation marks".to_owned(),
                );
            }
            if scalar.is_missing() {
                return Some("write the text after it, in the same line".to_owned());
            }
            Some(format!("if a text is meant, write `\"{}\"`", scalar.text))
        }
        Value::Other(scalar) => {
            shown(&scalar.text).map(|text| format!("write it in quotation marks: `\"{text}\"`"))
        }
        Value::Map(_) => Some(
            "a text that holds a colon and a blank, or begins with {, stands in quotation marks"
                .to_owned(),
        ),
        Value::List(_) => {
            Some("a text that begins with [ or - stands in quotation marks".to_owned())
        }
        Value::Text(_) => None,
    }
}

fn list(value: &Value) -> Option<String> {
    let item = |text: &str| match shown(text) {
        Some(text) => format!("write `- {text}` in a line of its own below the key"),
        None => "write it below the key, in a line of its own with `- ` in front".to_owned(),
    };
    match value {
        Value::Text(text) => Some(item(text)),
        Value::Other(scalar) if scalar.meaning() != Meaning::Nothing => Some(item(&scalar.text)),
        Value::Other(_) => Some(
            "write its items below the key, each with `- ` in front, or leave it out".to_owned(),
        ),
        Value::Map(_) => Some("write `- ` in front of each item".to_owned()),
        Value::List(_) => None,
    }
}

fn map(value: &Value) -> Option<String> {
    let meant = match value {
        Value::Text(text) => text.split_once(':').and_then(|(key, rest)| {
            let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
            let entry = format!("{key}: {}", rest.trim_start());
            let entry = shown(&entry).filter(|_| is_key)?;
            Some(format!("a blank is missing after the colon: write `{entry}`"))
        }),
        Value::List(_) => Some("write them without `- ` in front".to_owned()),
        Value::Map(_) | Value::Other(_) => None,
    };
    meant.or_else(|| Some("write `key: value`".to_owned()))
}

fn flag(value: &Value) -> Option<String> {
    let word = match value {
        Value::Text(text) => text,
        Value::Other(scalar) => &scalar.text,
        Value::List(_) | Value::Map(_) => return None,
    };
    match word.trim().to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "1" => Some("write `true`".to_owned()),
        "false" | "no" | "off" | "n" | "0" => Some("write `false`".to_owned()),
        _ => None,
    }
}

/// A text that is short enough to be repeated.
fn shown(text: &str) -> Option<&str> {
    let is_short = text.chars().count() <= LONGEST_SHOWN && !text.contains(['\n', '"']);
    is_short.then_some(text)
}

/// The time that a text which is none was meant as.
pub(super) fn time(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let secs = seconds(&text)?;
    let time = match secs {
        _ if secs % 3600 == 0 => format!("{}h", secs / 3600),
        _ if secs % 60 == 0 && !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{}m", secs / 60)
        }
        _ => format!("{secs}s"),
    };
    duration(&time).map(|_| time)
}

/// Seconds of `45`, `1:30`, `1m30s`, `1.5 h`, `5 minutes`.
fn seconds(text: &str) -> Option<u64> {
    if let Some((minutes, secs)) = text.split_once(':') {
        let (minutes, secs): (u64, u64) = (minutes.parse().ok()?, secs.parse().ok()?);
        return (secs < 60).then_some(minutes.checked_mul(60)?.checked_add(secs)?);
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
        let unit_at = rest.find(|c| !is_number(c)).unwrap_or(rest.len());
        let (number, after) = rest.split_at(unit_at);
        let after = after.trim_start();
        let next_at = after.find(is_number).unwrap_or(after.len());
        let (unit, after) = after.split_at(next_at);
        let millis = thousandths(number)?.checked_mul(unit_seconds(unit.trim())?)?;
        total = total.checked_add(millis)?;
        rest = after;
    }
    (total > 0 && total.is_multiple_of(1000)).then_some(total / 1000)
}

fn unit_seconds(unit: &str) -> Option<u64> {
    match unit {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3600),
        "d" | "day" | "days" => Some(24 * 3600),
        _ => None,
    }
}

/// A number with at most three decimals, times a thousand.
fn thousandths(number: &str) -> Option<u64> {
    let (whole, decimals) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let whole: u64 =
        if whole.is_empty() && !decimals.is_empty() { 0 } else { whole.parse().ok()? };
    let n_decimals = u32::try_from(decimals.len()).ok().filter(|n| *n <= 3)?;
    let decimals: u64 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    let decimals = decimals.checked_mul(10_u64.pow(3 - n_decimals))?;
    whole.checked_mul(1000)?.checked_add(decimals)
}

/// The part of a grade that a text which is none was meant as.
pub(super) fn percent(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let number = text.trim_end_matches('%').trim_end_matches("percent").trim();
    let thousandths = thousandths(number)?;
    // `0.6` is a part of one, `60` of a hundred.
    let percent =
        if thousandths < 1000 { thousandths.checked_div(10)? } else { thousandths / 1000 };
    let is_whole = thousandths.is_multiple_of(if thousandths < 1000 { 10 } else { 1000 });
    (is_whole && (1..100).contains(&percent)).then(|| format!("{percent}%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_meant() {
        for (text, meant) in [
            ("45", "45s"),
            ("60", "60s"),
            ("45 s", "45s"),
            ("45sec", "45s"),
            ("5 minutes", "5m"),
            ("1min", "1m"),
            ("1:30", "90s"),
            ("1m30s", "90s"),
            ("1.5m", "90s"),
            ("0,5 h", "30m"),
            ("2H", "2h"),
            ("1 day", "24h"),
            ("90S", "90s"),
            (".5h", "30m"),
            ("120 sec", "2m"),
        ] {
            assert_eq!(time(text).as_deref(), Some(meant), "{text}");
        }
        for text in [
            "",
            "soon",
            "0",
            "2 days",
            "1.0001s",
            "0.5s",
            "-5s",
            "1:75",
            "5 5 x",
            "99999999999999999999h",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn parts_of_grades_are_meant() {
        for (text, meant) in [
            ("60", "60%"),
            ("60 %", "60%"),
            ("0.6", "60%"),
            (".25", "25%"),
            ("60 percent", "60%"),
            ("60.0%", "60%"),
        ] {
            assert_eq!(percent(text).as_deref(), Some(meant), "{text}");
        }
        for text in ["", "%", "half", "0", "100", "100%", "150", "0.605", "12.5%"] {
            assert_eq!(percent(text), None, "{text}");
        }
    }
}
