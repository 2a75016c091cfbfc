//! The parameters of a launch as they may have been signed, and which of these readings are tried with
//! which addresses.
//!
//! Who signs a launch wrote its lines in some way, and a browser writes all of them with CR LF. So each
//! line may have ended in another way when it was signed:
//!
//! | readings | how many |
//! |---|---|
//! | as it came; all lines with LF, CR LF, CR | up to 4 |
//! | each text with one of these, where at most three have lines | up to 60 more |
//! | each line with LF or CR LF, where there are at most six | up to 62 more |
//!
//! Canvas copies the query of the launch URL into the body and signs each parameter once, but still
//! posts to the URL with its query. So where every parameter of the query is in the body as well, the
//! query may be left out: its values are signed all the same.
//!
//! All that is hashed has a bound, [`MOST_WORK`]: where a launch is so large that the bound is met,
//! spellings are left out that are less likely. Which, depends on the settings and on what was sent.

use std::{borrow::Cow, collections::HashSet};

use super::{
    form::Pair,
    signature::{self, Parameters},
    spelling::{self, Address},
};

/// How many bytes are hashed for a launch that nobody signed: some milliseconds on a slow machine. A
/// launch of 6 kB, with lines and a copied query, is tried in all spellings of its addresses. The first
/// spelling is always tried.
pub(super) const MOST_WORK: usize = 2 * 1024 * 1024;
/// The most texts with lines, and the most lines, for which each may end in its own way.
const MOST_TEXTS: u32 = 3;
const MOST_LINES: u32 = 6;

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    Lf,
    CrLf,
    Cr,
}

impl End {
    const ALL: [Self; 3] = [Self::Lf, Self::CrLf, Self::Cr];

    fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// A reading: how its lines end, in the order of the parameters, and whether the query counts.
#[derive(Clone, Debug)]
struct Reading {
    ends: Vec<End>,
    has_query: bool,
    rank: usize,
}

/// What is tried.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The parameters of the body without lines, and those of the query, encoded.
    plain: Vec<(String, String)>,
    query: Vec<(String, String)>,
    with_lines: Vec<&'a Pair>,
    readings: Vec<Reading>,
    /// Readings and addresses by their places, those first that are most likely.
    tries: Vec<(usize, usize)>,
}

impl<'a> Plan<'a> {
    /// Plans what is tried, with so many secrets each.
    pub(super) fn new(
        body: &'a [Pair],
        query: &[Pair],
        addresses: &[Address],
        n_secrets: usize,
    ) -> Self {
        let signed = || body.iter().filter(|(name, _)| name != "oauth_signature");
        let encoded =
            |(name, value): &Pair| (signature::encode_twice(name), signature::encode_twice(value));
        let plain: Vec<_> = signed().filter(|pair| !has_lines(pair)).map(encoded).collect();
        let with_lines: Vec<&Pair> = signed().filter(|pair| has_lines(pair)).collect();
        let encoded_query: Vec<_> = query.iter().map(encoded).collect();

        let ways = ways(&with_lines);
        let queries = if is_copied(query, body) { &[true, false][..] } else { &[true] };
        let readings: Vec<Reading> = ways
            .into_iter()
            .flat_map(|(ends, rank)| {
                queries.iter().map(move |has_query| {
                    let (ends, has_query) = (ends.clone(), *has_query);
                    Reading { ends, has_query, rank }
                })
            })
            .collect();

        let length = |(name, value): &(String, String)| name.len() + value.len() + 6;
        let lines = with_lines.iter().map(|pair| length(&encoded(pair)));
        let n_lines = readings.first().map_or(0, |first| first.ends.len());
        // No line ends in more than five bytes besides those that it ends in now.
        let length = plain.iter().chain(&encoded_query).map(length).chain(lines).sum::<usize>()
            + 5 * n_lines;
        let tries = tries(&readings, addresses, length, n_secrets.max(1));
        Self { plain, query: encoded_query, with_lines, readings, tries }
    }

    /// Tries one after another until one is found to be signed: calls with the address by its place
    /// and the parameters as [`Parameters::text`] says.
    pub(super) fn any(&self, is_signed: impl Fn(usize, &str) -> bool) -> bool {
        let mut texts: Vec<Option<String>> = vec![None; self.readings.len()];
        self.tries.iter().any(|(reading, address)| {
            let (Some(text), Some(reading)) =
                (texts.get_mut(*reading), self.readings.get(*reading))
            else {
                return false;
            };
            is_signed(*address, text.get_or_insert_with(|| self.text(reading)))
        })
    }

    fn text(&self, reading: &Reading) -> String {
        let mut parameters = Parameters::default();
        let query = self.query.iter().filter(|_| reading.has_query);
        for (name, value) in self.plain.iter().chain(query) {
            parameters.add_encoded(name, value);
        }
        let mut ends = reading.ends.iter();
        for (name, value) in &self.with_lines {
            let name = with_ends(name, &mut ends);
            let value = with_ends(value, &mut ends);
            parameters.add(&name, &value);
        }
        parameters.sort();
        parameters.text()
    }
}

/// What is tried within the bound of work, where a reading has no more bytes than this.
fn tries(
    readings: &[Reading],
    addresses: &[Address],
    length: usize,
    n_secrets: usize,
) -> Vec<(usize, usize)> {
    let mut ranked: Vec<(usize, usize, usize)> = Vec::new();
    for (at, reading) in readings.iter().enumerate() {
        for (place, address) in addresses.iter().enumerate() {
            // Nobody does all of it in odd ways.
            if reading.rank < MIXED || !address.is_typed {
                ranked.push((reading.rank.saturating_add(address.rank()), at, place));
            }
        }
    }
    ranked.sort_unstable();
    let mut is_written = vec![false; readings.len()];
    let mut work = 0_usize;
    let mut tries = Vec::new();
    for (_, reading, place) in ranked {
        let address = addresses.get(place).map_or(0, |address| address.encoded.len());
        let mut cost = address.saturating_add(length).saturating_mul(n_secrets);
        if let Some(is_written) = is_written.get_mut(reading)
            && !std::mem::replace(is_written, true)
        {
            cost = cost.saturating_add(length);
        }
        work = work.saturating_add(cost);
        if work > MOST_WORK && !tries.is_empty() {
            break;
        }
        tries.push((reading, place));
    }
    tries
}

/// The rank of a reading whose lines end in several ways: such ones come last.
const MIXED: usize = 10;

/// In which ways the lines of these texts may have ended, each once, with its rank.
fn ways(with_lines: &[&Pair]) -> Vec<(Vec<End>, usize)> {
    let texts: Vec<Vec<End>> = with_lines
        .iter()
        .flat_map(|(name, value)| [ends(name), ends(value)])
        .filter(|ends| !ends.is_empty())
        .collect();
    let came = texts.concat();
    let n_lines = came.len();
    let mut all = vec![(came.clone(), 0)];
    if n_lines == 0 {
        return all;
    }
    let mut known = HashSet::from([came]);
    let mut add = |ends: Vec<End>, rank| {
        if known.insert(ends.clone()) {
            all.push((ends, rank));
        }
    };
    for (end, rank) in End::ALL.into_iter().zip([1, 1, 2]) {
        add(vec![end; n_lines], rank);
    }
    let is_few = |n: usize, most: u32| u32::try_from(n).ok().filter(|n| *n <= most);
    if let Some(n_texts) = is_few(texts.len(), MOST_TEXTS) {
        for which in 0..4_usize.pow(n_texts) {
            let mut rest = which;
            let mut ends = Vec::with_capacity(n_lines);
            for came in &texts {
                match End::ALL.get(rest % 4) {
                    Some(end) => ends.extend(std::iter::repeat_n(*end, came.len())),
                    None => ends.extend(came),
                }
                rest /= 4;
            }
            add(ends, MIXED);
        }
    }
    if let Some(n_lines) = is_few(n_lines, MOST_LINES) {
        for which in 0..2_usize.pow(n_lines) {
            let end = |at| if which >> at & 1 == 0 { End::Lf } else { End::CrLf };
            add((0..n_lines).map(end).collect(), MIXED);
        }
    }
    all
}

/// Whether every parameter of the query is in the body as well, whatever their lines end in.
fn is_copied(query: &[Pair], body: &[Pair]) -> bool {
    !query.is_empty() && {
        // Whoever has not signed yet may send many of both.
        let all: HashSet<_> = body.iter().map(kept_pair).collect();
        query.iter().all(|pair| all.contains(&kept_pair(pair)))
    }
}

/// A parameter as it is kept.
pub(super) fn kept_pair((name, value): &Pair) -> (Cow<'_, str>, Cow<'_, str>) {
    (spelling::kept(name), spelling::kept(value))
}

fn has_lines((name, value): &Pair) -> bool {
    [name, value].iter().any(|text| text.contains(['\r', '\n']))
}

/// What the lines of a text end in.
fn ends(text: &str) -> Vec<End> {
    let mut ends = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => ends.push(End::Lf),
            b'\r' if bytes.next_if_eq(&b'\n').is_some() => ends.push(End::CrLf),
            b'\r' => ends.push(End::Cr),
            _ => {}
        }
    }
    ends
}

/// A text whose lines end in the next of these.
fn with_ends(text: &str, ends: &mut std::slice::Iter<'_, End>) -> String {
    let mut written = String::with_capacity(text.len());
    for (at, line) in spelling::kept(text).split('\n').enumerate() {
        if at > 0
            && let Some(end) = ends.next()
        {
            written.push_str(end.text());
        }
        written.push_str(line);
    }
    written
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn pair(name: &str, value: &str) -> Pair {
        (name.to_owned(), value.to_owned())
    }

    fn addresses() -> Vec<Address> {
        spelling::addresses(&Url::parse("https://tool.example").unwrap(), "/")
    }

    #[test]
    fn how_many_readings_there_are_depends_on_what_was_sent_alone() {
        let n = |body: &[Pair], query: &[Pair]| {
            let plan = Plan::new(body, query, &addresses(), 1);
            let n_uniform = plan.readings.iter().filter(|reading| reading.rank < MIXED).count();
            (n_uniform, plan.readings.len())
        };

        assert_eq!(n(&[pair("a", "b")], &[]), (1, 1));
        assert_eq!(n(&[pair("a", "b")], &[pair("c", "d")]), (1, 1));
        assert_eq!(n(&[pair("a", "b")], &[pair("a", "b")]), (2, 2));
        // As it came is one of the other three.
        assert_eq!(n(&[pair("a", "b\r\nc")], &[]), (3, 3));
        assert_eq!(n(&[pair("a", "b\r\nc\rd")], &[]), (4, 6));
        assert_eq!(n(&[pair("a", "b\nc")], &[pair("a", "b\r\nc")]), (6, 6));
        assert_eq!(n(&[pair("a", "b\nc"), pair("d\n", "e")], &[]), (3, 9));
        let many: Vec<Pair> = (0..7).map(|n| pair(&n.to_string(), "b\nc")).collect();
        assert_eq!(n(&many, &[]), (3, 3));
    }

    #[test]
    fn what_is_hashed_has_a_bound_and_a_launch_of_6_kb_is_tried_in_all_spellings() {
        let addresses = addresses();
        let work = |body: &[Pair], query: &[Pair], n_secrets| {
            let plan = Plan::new(body, query, &addresses, n_secrets);
            let hashed = std::cell::Cell::new((0, 0));
            let is_signed = plan.any(|place, text| {
                let (n, bytes) = hashed.get();
                let length = text.len() + addresses.get(place).unwrap().encoded.len();
                hashed.set((n + 1, bytes + length * n_secrets));
                false
            });
            assert!(!is_signed);
            hashed.get()
        };
        let copied = pair("q", "1");
        let lines = pair("l", "a\r\nb\rc");
        // As it is posted, this has 18 bytes for each ten.
        let usual = [copied.clone(), lines.clone(), pair("x", &"https://x/".repeat(330))];
        let (n, _) = work(&usual, std::slice::from_ref(&copied), 2);
        // Three of lines as they came and four others, the query in two ways, twelve addresses.
        assert!(n >= 4 * 2 * 12, "{n}");
        for (what, text) in [("bytes", "\u{1}"), ("lines", "\n"), ("letters", "a")] {
            for length in [16_000, 250_000] {
                let body = [copied.clone(), lines.clone(), pair("x", &text.repeat(length))];
                let (n, hashed) = work(&body, std::slice::from_ref(&copied), 2);
                assert!(n == 1 || hashed <= MOST_WORK, "{what}, {length}: {n}, {hashed}");
                assert!(n > 0, "{what}, {length}");
            }
        }
        // What is left out first are the addresses that somebody typed.
        let large = [lines, pair("x", &"a".repeat(100_000))];
        let plan = Plan::new(&large, &[], &addresses, 2);
        let is_typed = |(_, place): &(usize, usize)| addresses.get(*place).unwrap().is_typed;
        assert!(plan.tries.len() > 4 && !plan.tries.iter().any(is_typed), "{:?}", plan.tries);
    }

    proptest::proptest! {
        #[test]
        fn the_lines_of_a_text_are_written_as_they_were_found(text in "[ab\r\n]{0,12}") {
            let found = ends(&text);
            proptest::prop_assert_eq!(with_ends(&text, &mut found.iter()), text);
        }
    }
}
