//! Where requests begin and end on a connection (RFC 9112).
//!
//! It does no IO: it is given the bytes at the begin of what was received, and says how many of them
//! may be handed on. A head is handed on whole, so that nothing is handed on of a head that is
//! refused. After the last byte of a request nothing is, until [`Framing::next`].
//!
//! It takes less than the parser behind it does: what another program on the way could read in another
//! manner is refused. So are trailers and chunk extensions of any length, which nobody sends.

use httparse::{EMPTY_HEADER, Header, Request, Status};

/// The largest head of a request, in bytes. Browsers send 1 to 2 kB, proxies add little; there are no
/// cookies.
const LARGEST_HEAD: usize = 32 * 1024;
/// The most headers of a request: as many as the parser behind takes.
const MOST_HEADERS: usize = 96;
/// The longest line with the size of a chunk, in bytes.
const LONGEST_SIZE_LINE: usize = 256;

/// Why a request is not handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not framed as it must be.
    Malformed,
    /// Its head has no end for too long.
    TooLarge,
}

/// Where in a request the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a head, of which so many bytes were looked at.
    Head { looked: usize },
    /// In a body with so many bytes to come.
    Length(u64),
    /// At the line with the size of a chunk.
    ChunkSize,
    /// In a chunk with so many bytes to come.
    Chunk(u64),
    /// At the end of the line of a chunk.
    ChunkEnd,
    /// At the end of a chunked body.
    LastEnd,
    /// Behind the request.
    Behind,
    /// Behind the last request of a connection.
    BehindLast,
}

/// What becomes of the next bytes.
enum Step {
    /// So many of them may be handed on.
    Take(usize),
    /// More are needed to know.
    More,
}

/// Follows the requests of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
}

impl Framing {
    /// At the begin of a connection.
    pub(super) fn new() -> Self {
        Self { place: Place::Head { looked: 0 } }
    }

    /// Whether no request is under way: its head is not whole yet.
    pub(super) fn is_before(&self) -> bool {
        matches!(self.place, Place::Head { .. })
    }

    /// Whether all of a request was handed on.
    pub(super) fn is_behind(&self) -> bool {
        matches!(self.place, Place::Behind | Place::BehindLast)
    }

    /// Whether this was the last request of the connection.
    pub(super) fn is_last(&self) -> bool {
        self.place == Place::BehindLast
    }

    /// Goes on to the next request.
    pub(super) fn next(&mut self) {
        if self.place == Place::Behind {
            self.place = Place::Head { looked: 0 };
        }
    }

    /// How many of the bytes may be handed on. They are not to be given again; the others are, with
    /// what is received later.
    ///
    /// # Errors
    ///
    /// A [`Refusal`], after which the connection is of no use.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut taken = 0;
        while let Some(rest) = bytes.get(taken..) {
            match self.step(rest)? {
                Step::Take(n) => taken = taken.saturating_add(n),
                Step::More => break,
            }
        }
        Ok(taken)
    }

    fn step(&mut self, rest: &[u8]) -> Result<Step, Refusal> {
        match self.place {
            Place::Head { looked } => self.head(rest, looked),
            Place::Length(left) | Place::Chunk(left) => Ok(self.data(rest, left)),
            Place::ChunkSize => self.chunk_size(rest),
            Place::ChunkEnd => self.line_end(rest, Place::ChunkSize),
            Place::LastEnd => self.line_end(rest, Place::Behind),
            Place::Behind | Place::BehindLast => Ok(Step::More),
        }
    }

    fn head(&mut self, rest: &[u8], looked: usize) -> Result<Step, Refusal> {
        let Some(end) = end_of_head(rest, looked)? else {
            // The last byte may be half of the end of a line.
            self.place = Place::Head { looked: rest.len().saturating_sub(1) };
            return if rest.len() > LARGEST_HEAD { Err(Refusal::TooLarge) } else { Ok(Step::More) };
        };
        let head = rest.get(..end).filter(|head| head.len() <= LARGEST_HEAD);
        self.place = after_head(head.ok_or(Refusal::TooLarge)?)?;
        Ok(Step::Take(end))
    }

    fn data(&mut self, rest: &[u8], left: u64) -> Step {
        if rest.is_empty() {
            return Step::More;
        }
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left.saturating_sub(u64::try_from(n).unwrap_or(u64::MAX));
        self.place = match (self.place, left) {
            (Place::Chunk(_), 0) => Place::ChunkEnd,
            (Place::Chunk(_), left) => Place::Chunk(left),
            (_, 0) => Place::Behind,
            (_, left) => Place::Length(left),
        };
        Step::Take(n)
    }

    fn chunk_size(&mut self, rest: &[u8]) -> Result<Step, Refusal> {
        let line = rest.get(..LONGEST_SIZE_LINE).unwrap_or(rest);
        // The parser takes a line without a number for one of size 0.
        if line.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
            return Err(Refusal::Malformed);
        }
        match httparse::parse_chunk_size(line) {
            Err(_) => Err(Refusal::Malformed),
            Ok(Status::Partial) if line.len() == LONGEST_SIZE_LINE => Err(Refusal::Malformed),
            Ok(Status::Partial) => Ok(Step::More),
            Ok(Status::Complete((n, size))) => {
                // In extensions it lets pass what is no text.
                let text = line.get(..n.saturating_sub(2)).unwrap_or_default();
                if text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
                    return Err(Refusal::Malformed);
                }
                self.place = if size == 0 { Place::LastEnd } else { Place::Chunk(size) };
                Ok(Step::Take(n))
            }
        }
    }

    fn line_end(&mut self, rest: &[u8], then: Place) -> Result<Step, Refusal> {
        match rest {
            [b'\r', b'\n', ..] => {
                self.place = then;
                Ok(Step::Take(2))
            }
            [] | [b'\r'] => Ok(Step::More),
            _ => Err(Refusal::Malformed),
        }
    }
}

/// The length of a head with the empty line that ends it. One empty line before it is taken, too.
fn end_of_head(bytes: &[u8], looked: usize) -> Result<Option<usize>, Refusal> {
    let mut at = looked;
    while let Some(found) = find_line_end(bytes, at) {
        // Two lines that end differently for two programs are two different heads.
        let is_whole = match bytes.get(found) {
            Some(b'\n') => {
                found.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\r')
            }
            // What follows is not there yet, or ends the line.
            _ => matches!(bytes.get(found.saturating_add(1)), None | Some(b'\n')),
        };
        if !is_whole {
            return Err(Refusal::Malformed);
        }
        at = found.saturating_add(1);
        if bytes.get(..at).is_some_and(|head| head.ends_with(b"\r\n\r\n")) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn find_line_end(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let found = memchr::memchr2(b'\r', b'\n', rest)?;
    from.checked_add(found)
}

/// What follows a whole head.
fn after_head(head: &[u8]) -> Result<Place, Refusal> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = Request::new(&mut headers);
    match request.parse(head) {
        Ok(Status::Complete(n)) if n == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLarge),
        Ok(_) | Err(_) => return Err(Refusal::Malformed),
    }
    let is_first_version = request.version == Some(0);
    let host = only(request.headers, "host")?;
    if host.is_none() && !is_first_version {
        return Err(Refusal::Malformed);
    }
    if !fits(request.path.unwrap_or_default(), host) {
        return Err(Refusal::Malformed);
    }
    match (only(request.headers, "transfer-encoding")?, only(request.headers, "content-length")?) {
        (Some(coding), None) if !is_first_version && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Place::ChunkSize)
        }
        (Some(_), _) => Err(Refusal::Malformed),
        // Nobody is served another protocol. What follows would be read as an endless body.
        (None, _) if request.method == Some("CONNECT") || asks_for_websocket(request.headers) => {
            Ok(Place::BehindLast)
        }
        (None, Some(length)) => match length_of(length).ok_or(Refusal::Malformed)? {
            0 => Ok(Place::Behind),
            length => Ok(Place::Length(length)),
        },
        (None, None) => Ok(Place::Behind),
    }
}

/// The value of a header that stands there once at most.
fn only<'a>(headers: &[Header<'a>], name: &str) -> Result<Option<&'a [u8]>, Refusal> {
    let mut values = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let value = values.next().map(|header| header.value);
    if values.next().is_some() { Err(Refusal::Malformed) } else { Ok(value) }
}

fn length_of(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether a whole address in place of a path names the same host as the header does. It would count
/// more, and nobody behind looks at it.
fn fits(target: &str, host: Option<&[u8]>) -> bool {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return true;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes()))
}

fn asks_for_websocket(headers: &[Header<'_>]) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("upgrade")
            && header.value.trim_ascii().eq_ignore_ascii_case(b"websocket")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is handed on of each request, when the bytes come in these pieces and every request is
    /// answered at once.
    fn requests(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut framing = Framing::new();
        let (mut inbox, mut current, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for piece in pieces {
            inbox.extend_from_slice(piece);
            loop {
                let n = framing.advance(&inbox)?;
                current.extend(inbox.drain(..n));
                if !framing.is_behind() {
                    break;
                }
                whole.push(std::mem::take(&mut current));
                if framing.is_last() {
                    return Ok(whole);
                }
                framing.next();
            }
        }
        assert!(current.is_empty() || !framing.is_before());
        Ok(whole)
    }

    fn check(text: &str, expected: Result<usize, Refusal>) {
        let found = requests(&[text.as_bytes()]);
        assert_eq!(found.map(|found| found.len()), expected, "{text:?}");
        // Byte by byte it is the same.
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(requests(&pieces).map(|found| found.len()), expected, "{text:?}, by bytes");
    }

    #[test]
    fn requests_end_where_they_say() {
        for (text, n) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 2),
            ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            ("GET / HTTP/1.0\r\n\r\n", 1),
            ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            ("GET / HTTP/1.1\r\nHost: a\r\n", 0),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 1),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", 0),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.0\r\n\r\n", 2),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.0\r\n\r\n", 2),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
                 3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
                2,
            ),
            ("GET http://a/b HTTP/1.1\r\nHost: A\r\n\r\n", 1),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            ("GET /?at=http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 1),
            // What follows is not looked at.
            ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\nwhatever\n", 1),
            ("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\nwhatever\n", 1),
        ] {
            check(text, Ok(n));
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let post = "POST / HTTP/1.1\r\nHost: a\r\n";
        let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n");
        for text in [
            "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n".to_owned(),
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n".to_owned(),
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_owned(),
            "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(),
            format!("{post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            format!("{post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
            format!("{post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
            format!("{post}Content-Length: 3, 3\r\n\r\nabc"),
            format!("{post}Content-Length: -1\r\n\r\n"),
            format!("{post}Content-Length: +3\r\n\r\nabc"),
            format!("{post}Content-Length: 0x3\r\n\r\nabc"),
            format!("{post}Content-Length:\r\n\r\n"),
            format!("{post}Content-Length: 99999999999999999999\r\n\r\n"),
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n"),
            format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n"),
            format!("{post}Transfer-Encoding: identity\r\n\r\n"),
            format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            format!("{chunked}-1\r\n"),
            format!("{chunked}\r\n\r\n"),
            format!("{chunked} 3\r\nabc\r\n"),
            format!("{chunked}0x3\r\nabc\r\n"),
            format!("{chunked}3\nabc\r\n"),
            format!("{chunked}3\r\nabcd\r\n"),
            format!("{chunked}3;x=\n\r\nabc\r\n"),
            format!("{chunked}3;{}\r\nabc\r\n", "x".repeat(300)),
            format!("{chunked}fffffffffffffffff\r\n"),
            format!("{chunked}0\r\nX: y\r\n\r\n"),
        ] {
            check(&text, Err(Refusal::Malformed));
        }
    }

    #[test]
    fn heads_have_bounds() {
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(LARGEST_HEAD));
        check(&long, Err(Refusal::TooLarge));
        check(&format!("{long}\r\n\r\n"), Err(Refusal::TooLarge));
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(96));
        check(&many, Err(Refusal::TooLarge));
        let some = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(95));
        check(&some, Ok(1));
    }

    fn request() -> impl Strategy<Value = Vec<u8>> {
        let body = prop::collection::vec(any::<u8>(), 0..40);
        (0..4, body).prop_map(|(kind, body)| {
            let head = "POST /a HTTP/1.1\r\nHost: a\r\n";
            match kind {
                0 => b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
                1 => [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), &body]
                    .concat(),
                _ => {
                    let mut text = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
                    for chunk in body.chunks(7) {
                        text.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
                        text.extend_from_slice(chunk);
                        text.extend_from_slice(b"\r\n");
                    }
                    text.extend_from_slice(b"0\r\n\r\n");
                    text
                }
            }
        })
    }

    fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(
            sent in prop::collection::vec(request(), 1..5),
            cuts in prop::collection::vec(any::<usize>(), 0..20),
        ) {
            let bytes = sent.concat();

            prop_assert_eq!(requests(&cut(&bytes, &cuts)), Ok(sent));
        }

        #[test]
        fn nor_with_bytes_that_are_no_requests(
            mut bytes in prop::collection::vec(
                prop::sample::select(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n0\n;3x".to_vec()), 0..200),
            head in any::<bool>(),
            cuts in prop::collection::vec(any::<usize>(), 0..20),
        ) {
            if head {
                let chunked = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                bytes.splice(0..0, chunked.iter().copied());
            }

            prop_assert_eq!(requests(&cut(&bytes, &cuts)), requests(&[&bytes]));
        }
    }
}
