//! What the platform answers to a grade, and what to do about it.

use std::{fmt, time::Duration};

use quick_xml::{
    NsReader,
    events::{BytesRef, Event},
    name::{Namespace, ResolveResult},
};

use super::grade::NAMESPACE;

/// The largest answer that is read, in bytes; a real one has less than two thousand.
pub const LARGEST: usize = 64 * 1024;

/// The longest words about an attempt, in characters.
const LONGEST_WHY: usize = 300;

/// The deepest nesting that is read; a real answer has seven levels.
const DEEPEST: usize = 32;

/// The namespaces in use: that of the specification, and that of its first edition.
const NAMESPACES: [&str; 2] = [NAMESPACE, "http://www.imsglobal.org/lis/oms1p0/pox"];

/// An answer over HTTP.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The header `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What came of an attempt, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// In ours: what kind of answer it was. The log has this alone.
    pub kind: String,
    /// In the platform's, which may name people: for the teacher. Often empty.
    pub said: String,
}

impl Why {
    /// All of it, cut, and without what nobody but the platform need know.
    pub fn for_teacher(&self, sourcedid: &str) -> String {
        let said = self.said.replace(sourcedid, "…");
        let text = if said.is_empty() { self.kind.clone() } else { format!("{self}: {said}") };
        text.chars().filter(|c| !c.is_control()).take(LONGEST_WHY).collect()
    }
}

impl From<String> for Why {
    fn from(kind: String) -> Self {
        Self { kind, said: String::new() }
    }
}

impl From<&str> for Why {
    fn from(kind: &str) -> Self {
        Self::from(kind.to_owned())
    }
}

/// As it may stand in the log.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)
    }
}

/// What became of a grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has it.
    Recorded,
    /// The platform may have it: ask, and try again if it has not.
    Unclear {
        /// How long the platform wants to be left alone.
        retry_after: Option<Duration>,
        /// What it said.
        why: Why,
    },
    /// It may be had later: try again.
    Transient {
        /// How long the platform wants to be left alone.
        retry_after: Option<Duration>,
        /// What it said.
        why: Why,
    },
    /// The platform takes nothing at all now: try again, and send it nothing else meanwhile.
    Busy {
        /// How long the platform wants to be left alone.
        retry_after: Option<Duration>,
        /// What it said.
        why: Why,
    },
    /// It will not be had by trying again.
    Permanent {
        /// What the platform said.
        why: Why,
    },
}

/// What is said of a refused signature.
const REFUSED: &str = "status 401: the signature was refused";

/// Whether these words about an attempt say that its signature was refused.
pub fn is_refusal(why: &str) -> bool {
    why.starts_with(REFUSED)
}

/// Sorts an answer. `message_id` is that of the request; `was_refused`: the attempt
/// before ended in a refused signature, see [`is_refusal`]; `now` is in seconds since 1970.
pub fn classify(answer: &Answer<'_>, message_id: &str, was_refused: bool, now: i64) -> Outcome {
    let retry_after = answer.retry_after.and_then(|value| parse_retry_after(value, now));
    let transient = |why: String| Outcome::Transient { retry_after, why: why.into() };
    let busy = |why: String| Outcome::Busy { retry_after, why: why.into() };
    let permanent = |why: String| Outcome::Permanent { why: why.into() };
    let status = answer.status;
    match status {
        200..=299 | 422 => match (parse(answer.body), status) {
            (Ok(envelope), 422) if envelope.code_major == CodeMajor::Success => {
                transient("status 422 with an answer that says success".to_owned())
            }
            (Ok(envelope), _) => envelope.outcome(message_id, retry_after),
            (Err(why), 422) => permanent(format!("status 422, {why}")),
            (Err(why), _) => transient(format!("status {status}, {why}")),
        },
        // Canvas says so also when the request was sent again on the way and it has the grade.
        401 if contains(answer.body, b"Duplicate nonce") => Outcome::Unclear {
            retry_after,
            why: "status 401: the platform has seen this request before".into(),
        },
        // The clock, a restart of the platform, or a wrong secret: a fresh signature may do, once.
        401 if was_refused => permanent(format!("{REFUSED} again")),
        401 => transient(REFUSED.to_owned()),
        // This is how Canvas throttles.
        403 if contains(answer.body, b"Rate Limit Exceeded") => {
            busy("status 403: too many requests".to_owned())
        }
        429 | 502..=504 => busy(format!("status {status}")),
        408 | 425 | 500..=599 => transient(format!("status {status}")),
        // To where one logs in, or to a page that says when the platform is back.
        300..=399 => transient(format!("status {status}: a redirect, which is not followed")),
        _ => permanent(format!("status {status}")),
    }
}

/// The score that the platform has, from its answer to `readResult`; `None` where it has none or
/// says so in no way that can be read.
pub fn score_of(answer: &Answer<'_>, message_id: &str) -> Option<f64> {
    if !(200..=299).contains(&answer.status) {
        return None;
    }
    let Envelope { code_major, fields } = parse(answer.body).ok()?;
    let is_ours = fields.message_ref.is_none_or(|id| id.is_empty() || id == message_id);
    let score = fields.score?.parse().ok()?;
    (code_major == CodeMajor::Success && is_ours).then_some(score)
}

/// The header `Retry-After`: seconds, or a date. A day at most.
fn parse_retry_after(value: &str, now: i64) -> Option<Duration> {
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
fn http_date(text: &str) -> Option<i64> {
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

fn contains(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|window| window == words)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeMajor {
    Success,
    Processing,
    Failure,
    Unsupported,
}

/// What is read of the answer's envelope.
#[derive(Debug, Default)]
struct Fields {
    code_major: Option<String>,
    description: Option<String>,
    message_ref: Option<String>,
    operation_ref: Option<String>,
    error_code: Option<String>,
    score: Option<String>,
}

#[derive(Debug)]
struct Envelope {
    code_major: CodeMajor,
    fields: Fields,
}

impl Envelope {
    fn outcome(&self, message_id: &str, retry_after: Option<Duration>) -> Outcome {
        let is_of = |reference: &Option<String>, expected: &str| {
            reference.as_deref().is_none_or(|found| found.is_empty() || found == expected)
        };
        let why = self.why();
        match self.code_major {
            CodeMajor::Success if !is_of(&self.fields.message_ref, message_id) => {
                Outcome::Transient { retry_after, why: "an answer to another message".into() }
            }
            CodeMajor::Success
                if !is_of(&self.fields.operation_ref, "replaceResult")
                    && !is_of(&self.fields.operation_ref, "replaceResultRequest") =>
            {
                Outcome::Transient { retry_after, why: "an answer to another request".into() }
            }
            CodeMajor::Success => Outcome::Recorded,
            CodeMajor::Processing => Outcome::Unclear { retry_after, why },
            CodeMajor::Failure | CodeMajor::Unsupported => Outcome::Permanent { why },
        }
    }

    /// What the platform said. Its code stands among our words, if it looks like one.
    fn why(&self) -> Why {
        let major = match self.code_major {
            CodeMajor::Success => "success",
            CodeMajor::Processing => "processing",
            CodeMajor::Failure => "failure",
            CodeMajor::Unsupported => "unsupported",
        };
        let is_code = |code: &&str| {
            let is_part = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            !code.is_empty() && code.len() <= 40 && code.bytes().all(is_part)
        };
        let kind = match self.fields.error_code.as_deref().filter(is_code) {
            Some(code) => format!("{major}: {code}"),
            None => major.to_owned(),
        };
        Why { kind, said: self.fields.description.clone().unwrap_or_default() }
    }
}

/// Why an answer is no envelope. No contents: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum NoEnvelope {
    #[error("an answer that is not XML")]
    NotXml,
    #[error("an answer with a document type or entities")]
    Entities,
    #[error("an answer that is no outcome message")]
    OtherMessage,
    #[error("an answer without a known code")]
    NoCode,
}

/// Reads an envelope: namespaces by name whatever their prefix, elements by their place.
fn parse(body: &[u8]) -> Result<Envelope, NoEnvelope> {
    let text = std::str::from_utf8(body).map_err(|_not_utf8| NoEnvelope::NotXml)?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = NsReader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    let mut fields = Fields::default();
    let mut is_whole = false;
    loop {
        let (namespace, event) =
            reader.read_resolved_event().map_err(|_bad_xml| NoEnvelope::NotXml)?;
        let is_ours = matches!(&namespace, ResolveResult::Bound(Namespace(found))
            if NAMESPACES.iter().any(|known| known == found));
        match event {
            Event::Start(start) => {
                let name = start.local_name();
                let is_root = path.is_empty();
                if is_whole || (is_root && !is_ours) || path.len() == DEEPEST {
                    return Err(NoEnvelope::OtherMessage);
                }
                // An element of somebody else's keeps a place that none of ours has.
                let name = name.as_ref().to_owned();
                path.push(if is_ours { name } else { format!("{{other}}{name}") });
                content.clear();
            }
            Event::End(_) => {
                fields.take(&path, &content);
                content.clear();
                path.pop();
                is_whole = path.is_empty();
            }
            Event::Empty(_) if path.is_empty() => return Err(NoEnvelope::OtherMessage),
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::CData(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => content.push(predefined(&reference)?),
            Event::DocType(_) => return Err(NoEnvelope::Entities),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !is_whole {
        return Err(NoEnvelope::NotXml);
    }
    let code_major = match fields.code_major.as_deref() {
        Some("success") => CodeMajor::Success,
        Some("processing") => CodeMajor::Processing,
        Some("failure") => CodeMajor::Failure,
        Some("unsupported") => CodeMajor::Unsupported,
        Some(_) | None => return Err(NoEnvelope::NoCode),
    };
    Ok(Envelope { code_major, fields })
}

/// The character of a reference that XML knows by itself; all others are refused.
fn predefined(reference: &BytesRef<'_>) -> Result<char, NoEnvelope> {
    if let Some(character) =
        reference.resolve_char_ref().map_err(|_no_character| NoEnvelope::NotXml)?
    {
        return Ok(character);
    }
    let name = reference.xml10_content();
    let known = quick_xml::escape::resolve_xml_entity(&name).ok_or(NoEnvelope::Entities)?;
    known.chars().next().ok_or(NoEnvelope::Entities)
}

impl Fields {
    fn take(&mut self, path: &[String], content: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let [
            "imsx_POXEnvelopeResponse",
            "imsx_POXBody",
            "readResultResponse",
            "result",
            "resultScore",
            "textString",
        ] = path.as_slice()
        {
            self.score = Some(content.trim().to_owned());
            return;
        }
        let ["imsx_POXEnvelopeResponse", "imsx_POXHeader", "imsx_POXResponseHeaderInfo", rest @ ..] =
            path.as_slice()
        else {
            return;
        };
        let slot = match rest {
            ["imsx_statusInfo", "imsx_codeMajor"] => &mut self.code_major,
            ["imsx_statusInfo", "imsx_description"] => &mut self.description,
            ["imsx_statusInfo", "imsx_messageRefIdentifier"] => &mut self.message_ref,
            ["imsx_statusInfo", "imsx_operationRefIdentifier"] => &mut self.operation_ref,
            ["imsx_statusInfo", .., "ext_canvas_error_code"] => &mut self.error_code,
            _ => return,
        };
        *slot = Some(content.trim().to_owned());
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
