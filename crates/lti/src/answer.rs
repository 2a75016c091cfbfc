//! What the platform answers to a grade, and what to do about it.
//!
//! Every answer is one of five things, whatever its status, its type and its body are:
//!
//! | it is | [`Outcome`] | what to do |
//! |---|---|---|
//! | recorded | `Recorded` | nothing |
//! | a refused signature | `Refused` | sign with another secret; if there is none, later |
//! | not now | `Transient`, `Busy` | send it again later |
//! | never | `Permanent` | tell people |
//! | unclear | `Unclear` | ask with `readResult` ([`read`]) before it is sent again |

mod envelope;
mod retry_after;
mod words;

use std::{fmt, time::Duration};

use self::{
    envelope::{CodeMajor, Envelope, NoEnvelope, is_page},
    words::{contains, say_refused},
};

/// The largest answer that is read, in bytes; a real one has less than two thousand.
pub const LARGEST: usize = 64 * 1024;

/// The longest words about an attempt, in characters.
const LONGEST_WHY: usize = 300;

/// An answer over HTTP.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
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

    /// The same, of an attempt after which the platform may have the grade.
    #[must_use]
    pub fn unclear(self) -> Self {
        let n = n_unclear(&self.kind);
        self.unclear_after(n)
    }

    /// The same, after so many answers that left it open.
    #[must_use]
    pub fn unclear_after(self, n: u32) -> Self {
        let number = if n == 0 { String::new() } else { format!(" ({n})") };
        Self { kind: format!("{UNCLEAR}{number}: {}", self.words()), ..self }
    }

    /// The same, where the platform was asked whether it has the grade, and did not answer.
    #[must_use]
    pub fn asked_in_vain(self) -> Self {
        Self { kind: format!("{}{IN_VAIN}", self.kind), ..self }
    }

    /// Our words, without those that say that it is unclear.
    pub fn words(&self) -> &str {
        after_unclear(&self.kind).map_or(&self.kind, |(_, words)| words)
    }

    /// The same, where the platform was asked, and has no score.
    #[must_use]
    pub fn asked_and_none(self) -> Self {
        Self { kind: format!("{HAS_NONE}; {}", self.words()), ..self }
    }

    /// The same, where it has another one.
    #[must_use]
    pub fn asked_and_another(self) -> Self {
        Self { kind: format!("{HAS_ANOTHER}; {}", self.words()), ..self }
    }

    /// Whether the platform fell over, and said something about the signature.
    pub fn is_of_signature(&self) -> bool {
        self.kind.ends_with(OF_SIGNATURE)
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
    /// The platform did not take the signature.
    Refused {
        /// What it said.
        why: Why,
    },
    /// The platform may have it: ask, and try again if it has not.
    Unclear {
        /// What the answer looks like.
        looks: Looks,
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

/// What an answer that leaves it open looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// A success, by its status, which says no more: it has no body.
    Good,
    /// A page for people: perhaps somebody else answered.
    Page,
    /// Neither.
    Open,
}

/// What is said first of a refused signature.
const REFUSED: &str = "the signature was refused";
/// What is said last where a platform that falls over says so of the signature.
const OF_SIGNATURE: &str = ", with words about the signature";
/// What is said first where the platform may have the grade: `unclear: …`, and after answers of this
/// kind `unclear (3): …`, with their number.
const UNCLEAR: &str = "unclear";
/// What is said last where it was asked whether it has the grade, and did not answer.
const IN_VAIN: &str = "; asked whether it has the grade, it does not answer";
/// What is said where it was asked, and has no score or another one.
const HAS_NONE: &str = "asked, the platform does not have the grade";
const HAS_ANOTHER: &str = "asked, the platform has another grade";

/// Whether these words about an attempt, as [`Why::for_teacher`] wrote them, say that its signature
/// was refused.
pub fn is_refusal(why: &str) -> bool {
    why.starts_with(REFUSED)
}

/// Whether these words about an attempt, as [`Why::for_teacher`] wrote them, say that the platform may
/// have the grade.
pub fn is_unclear(why: &str) -> bool {
    after_unclear(why).is_some()
}

/// After how many answers that left it open these words were written, as [`is_unclear`] reads them.
/// What never answered, and what was written by versions that did not count, is none.
pub fn n_unclear(why: &str) -> u32 {
    after_unclear(why).map_or(0, |(n, _)| n)
}

/// Whether it is to be asked, after an attempt with these words, whether the platform has the grade. Not
/// if it was asked last, and did not answer or said that it has another one or none.
pub fn is_to_be_asked(why: &str) -> bool {
    let is_asked = why.contains(IN_VAIN) || why.contains(HAS_NONE) || why.contains(HAS_ANOTHER);
    is_unclear(why) && !is_asked
}

/// Whether these words say that the platform was asked, and had no score.
pub fn had_none(why: &str) -> bool {
    is_unclear(why) && why.contains(HAS_NONE)
}

/// The number of such answers, and the words behind it.
fn after_unclear(why: &str) -> Option<(u32, &str)> {
    let rest = why.strip_prefix(UNCLEAR)?;
    if let Some(words) = rest.strip_prefix(": ") {
        return Some((0, words));
    }
    let (number, words) = rest.strip_prefix(" (")?.split_once("): ")?;
    Some((number.parse().ok()?, words))
}

/// Sorts an answer to `replaceResult`. `message_id` is that of the request; `now` is in seconds since
/// 1970.
pub fn classify(answer: &Answer<'_>, message_id: &str, now: i64) -> Outcome {
    let retry_after = answer.retry_after.and_then(|value| retry_after::parse(value, now));
    let transient = |why: String| Outcome::Transient { retry_after, why: why.into() };
    let busy = |why: String| Outcome::Busy { retry_after, why: why.into() };
    let unclear = |looks, why: Why| Outcome::Unclear { looks, retry_after, why: why.unclear() };
    let status = answer.status;
    let text = envelope::text(answer.body, answer.content_type);
    match status {
        // Canvas says so also when the request was sent again on the way and it has the grade.
        401 if contains(answer.body, b"Duplicate nonce") => {
            let why = "status 401: the platform has seen this request before";
            return unclear(Looks::Open, why.into());
        }
        // The clock, a restart of the platform, or a wrong secret.
        401 => return Outcome::Refused { why: format!("{REFUSED}: status 401").into() },
        // This is how Canvas throttles.
        403 if contains(answer.body, b"Rate Limit Exceeded") => {
            return busy("status 403: too many requests".to_owned());
        }
        429 | 502..=504 => return busy(format!("status {status}")),
        408 | 425 => return transient(format!("status {status}")),
        // To where one logs in, or to a page that says when the platform is back.
        300..=399 => {
            return transient(format!("status {status}: a redirect, which is not followed"));
        }
        _ => {}
    }
    let parsed = envelope::parse(&text, answer.content_type);
    let is_good = (200..=299).contains(&status);
    // A web page has such words for many reasons: in it one logs in, or reads of a fault.
    let says_refused = match &parsed {
        Ok(envelope) => envelope.says_refused(),
        Err(_) => !is_page(&text, answer.content_type) && say_refused(&text),
    };
    match parsed {
        // Who falls over does not know whether the signature is good.
        _ if status >= 500 && says_refused => transient(format!("status {status}{OF_SIGNATURE}")),
        _ if status >= 500 => transient(format!("status {status}")),
        Ok(envelope) if is_good || matches!(status, 400 | 422) => {
            envelope.outcome(status, message_id, retry_after)
        }
        Ok(envelope) if says_refused => Outcome::Refused { why: envelope.refused(status) },
        Err(_) if says_refused => {
            Outcome::Refused { why: format!("{REFUSED}: status {status}").into() }
        }
        Err(no_envelope) if is_good => {
            let looks = match no_envelope {
                NoEnvelope::Empty => Looks::Good,
                NoEnvelope::Page => Looks::Page,
                NoEnvelope::NotXml
                | NoEnvelope::Entities
                | NoEnvelope::OtherMessage
                | NoEnvelope::NoCode => Looks::Open,
            };
            unclear(looks, format!("status {status}, {no_envelope}").into())
        }
        Err(no_envelope) if status == 422 => {
            Outcome::Permanent { why: format!("status {status}, {no_envelope}").into() }
        }
        Err(_) => Outcome::Permanent { why: format!("status {status}").into() },
        Ok(envelope) => {
            Outcome::Permanent { why: Why { kind: format!("status {status}"), ..envelope.why() } }
        }
    }
}

/// What the platform has, as it says when it is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Read {
    /// A score, from 0 to 1.
    Score(f64),
    /// None.
    Nothing,
    /// It takes nothing at all now.
    NotNow {
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// It falls over at the question.
    Failed,
    /// It did not take the signature.
    Refused,
    /// It cannot be asked: it does not know the question.
    Unknown,
    /// It answers with a page for people.
    Page,
    /// It does not say.
    Unclear,
}

/// Reads the answer to `readResult`. `message_id` is that of the request; `now` is in seconds since
/// 1970.
pub fn read(answer: &Answer<'_>, message_id: &str, now: i64) -> Read {
    let retry_after = answer.retry_after.and_then(|value| retry_after::parse(value, now));
    let status = answer.status;
    match status {
        401 => return Read::Refused,
        403 if contains(answer.body, b"Rate Limit Exceeded") => {
            return Read::NotNow { retry_after };
        }
        501 => return Read::Unknown,
        429 | 502..=504 => return Read::NotNow { retry_after },
        408 | 425 | 500..=599 => return Read::Failed,
        300..=399 => return Read::Page,
        _ => {}
    }
    let text = envelope::text(answer.body, answer.content_type);
    let envelope = match envelope::parse(&text, answer.content_type) {
        Ok(envelope) => envelope,
        Err(NoEnvelope::Page) => return Read::Page,
        Err(_) if !is_page(&text, answer.content_type) && say_refused(&text) => {
            return Read::Refused;
        }
        Err(NoEnvelope::Empty) => return Read::Unknown,
        Err(_) if status >= 400 => return Read::Unknown,
        Err(_) => return Read::Unclear,
    };
    let fields = &envelope.fields;
    match envelope.code_major {
        CodeMajor::Unsupported => Read::Unknown,
        CodeMajor::Failure if envelope.says_refused() => Read::Refused,
        CodeMajor::Success if status < 400 && envelope.is_answer_to(message_id) => {
            let is_of_reading = fields.is_of_reading || envelope.is_about("readResult");
            match fields.score.as_deref().unwrap_or_default() {
                "" if is_of_reading => Read::Nothing,
                "" => Read::Unclear,
                score => parse_score(score).map_or(Read::Unclear, Read::Score),
            }
        }
        CodeMajor::Success | CodeMajor::Failure | CodeMajor::Processing => Read::Unclear,
    }
}

/// A score as platforms write it: `0.9`, `0.90`, `.9`, `1`, `1.`, `0,9`. One that is no part of the
/// points, such as `90`, may be anything.
fn parse_score(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    let score: f64 = text.replace(',', ".").parse().ok()?;
    (is_plain && (0.0..=1.0).contains(&score)).then_some(score)
}

impl Envelope {
    fn outcome(&self, status: u16, message_id: &str, retry_after: Option<Duration>) -> Outcome {
        let unclear =
            |why: Why| Outcome::Unclear { looks: Looks::Open, retry_after, why: why.unclear() };
        match self.code_major {
            CodeMajor::Success if status >= 400 => {
                unclear(format!("status {status} with an answer that says success").into())
            }
            CodeMajor::Success if self.names_no_message() && self.is_lax => {
                unclear("an answer that does not say to which message".into())
            }
            CodeMajor::Success if !self.is_answer_to(message_id) => {
                unclear("an answer to another message".into())
            }
            CodeMajor::Success if !self.is_about("replaceResult") => {
                unclear("an answer to another request".into())
            }
            CodeMajor::Success => Outcome::Recorded,
            CodeMajor::Processing => unclear(self.why()),
            CodeMajor::Failure if self.says_refused() => {
                Outcome::Refused { why: self.refused(status) }
            }
            // Who could not read the message does not know its number.
            CodeMajor::Failure | CodeMajor::Unsupported => Outcome::Permanent { why: self.why() },
        }
    }

    /// Whether it answers this message. Many leave the number out; then all else has to be as it
    /// should.
    fn is_answer_to(&self, message_id: &str) -> bool {
        match self.fields.message_ref.as_deref() {
            None | Some("") => !self.is_lax,
            Some(found) => found == message_id,
        }
    }

    fn names_no_message(&self) -> bool {
        self.fields.message_ref.as_deref().is_none_or(str::is_empty)
    }

    /// Whether it is about this operation, or does not say about which.
    fn is_about(&self, operation: &str) -> bool {
        self.fields.operation_ref.as_deref().is_none_or(|found| {
            let name = found.strip_suffix("Request").unwrap_or(found);
            found.is_empty() || name.eq_ignore_ascii_case(operation)
        })
    }

    /// Whether it says in words that the signature was refused. Canvas has codes for what is wrong
    /// behind the signature, one of which has that word in it.
    fn says_refused(&self) -> bool {
        self.code_major == CodeMajor::Failure
            && self.fields.error_code.is_none()
            && self.fields.description.as_deref().is_some_and(say_refused)
    }

    fn refused(&self, status: u16) -> Why {
        Why { kind: format!("{REFUSED}: status {status}, failure"), ..self.why() }
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

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
