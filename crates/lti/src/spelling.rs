//! How one and the same launch may have been written down by whoever signed it.
//!
//! The base string holds the address of the tool and all values (RFC 5849, 3.4.1), and the tool sees
//! neither as the platform had them: the address was typed into a form of the platform, and a browser
//! writes line breaks in its own way. The specification says how an address is to be normalised;
//! platforms do that in part. So a signature is held against every spelling of this table:
//!
//! | what | spellings |
//! |---|---|
//! | port | left out where it is the default one (3.4.1.2); written out |
//! | end of the path | as it is asked for; with the last `/` taken away or put there |
//! | scheme, host | in lower case (3.4.1.2); as people type them: `https://Tool.Example`, all in capitals |
//! | escapes of the path | as they are; with hex digits in upper case; in lower case |
//! | query | counted besides the body (3.4.1.3.1); copied into the body and counted there (Canvas) |
//! | line breaks | as they came; LF; CR; CR LF |
//!
//! All of them name the same scheme, host and port, those of the settings, and the same values. How
//! many there are depends on the settings and on what was sent, never on a secret: all are tried.

use std::collections::HashSet;

use url::Url;

use super::{form::Pair, signature::Parameters};

/// The addresses, each once, that may have been signed for a request with this path. Behind a proxy
/// that takes a prefix away the path has to have it again.
pub(super) fn base_uris(public_url: &Url, path: &str) -> Vec<String> {
    let (scheme, host) = (public_url.scheme(), public_url.host_str().unwrap_or_default());
    let prefix = public_url.path().trim_end_matches('/');
    // Nothing of the path may count as host.
    let path = format!("{prefix}/{}", path.strip_prefix('/').unwrap_or(path));

    let capitals = host.to_ascii_uppercase();
    let names = capitalised(host);
    let typed = [scheme.to_owned(), scheme.to_ascii_uppercase()]
        .into_iter()
        .flat_map(|scheme| [&names, &capitals].map(|host| format!("{scheme}://{host}")));
    let plain = format!("{scheme}://{host}");
    let origins: Vec<String> = match (public_url.port(), public_url.port_or_known_default()) {
        (Some(port), _) => {
            std::iter::once(plain).chain(typed).map(|origin| format!("{origin}:{port}")).collect()
        }
        (None, Some(port)) => {
            let with_port = format!("{plain}:{port}");
            [plain, with_port].into_iter().chain(typed).collect()
        }
        (None, None) => std::iter::once(plain).chain(typed).collect(),
    };
    let paths = paths(&path);
    let all =
        origins.iter().flat_map(|origin| paths.iter().map(move |path| format!("{origin}{path}")));
    each_once(all)
}

/// A host with each of its names capitalised.
fn capitalised(host: &str) -> String {
    let names = host.split('.').map(|name| {
        let mut name = name.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        name
    });
    names.collect::<Vec<_>>().join(".")
}

fn paths(path: &str) -> Vec<String> {
    let other = match path.strip_suffix('/') {
        Some(shorter) => shorter.to_owned(),
        None => format!("{path}/"),
    };
    let both = [path.to_owned(), other];
    let escapes = |path: &String| {
        [
            path.clone(),
            with_escapes(path, str::to_ascii_uppercase),
            with_escapes(path, str::to_ascii_lowercase),
        ]
    };
    each_once(both.iter().flat_map(escapes))
}

/// A path with the hex digits of its escapes in one case.
fn with_escapes(path: &str, case: fn(&str) -> String) -> String {
    let mut parts = path.split('%');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        written.push('%');
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        written.push_str(&case(digits));
        written.push_str(rest);
    }
    written
}

/// The parameters, each reading once, that may have been signed: all of the body and of the query,
/// without the signature.
///
/// Canvas copies the query of the launch URL into the body and signs each parameter once, but still
/// posts to the URL with its query. So where every parameter of the query is in the body as well,
/// the query may be left out: its values are signed all the same.
pub(super) fn parameters(body: &[Pair], query: &[Pair]) -> Vec<Parameters> {
    let signed: Vec<&Pair> = body.iter().filter(|(name, _)| name != "oauth_signature").collect();
    let is_copied = !query.is_empty() && {
        // Whoever has not signed yet may send many of both.
        let all: HashSet<&Pair> = body.iter().collect();
        query.iter().all(|pair| all.contains(pair))
    };
    let queries = if is_copied { vec![query, &[]] } else { vec![query] };
    let mut all: Vec<Parameters> = Vec::new();
    for query in queries {
        for line_break in line_breaks(&signed) {
            let written = |text: &str| line_break.map(|with| broken_by(text, with));
            let mut parameters =
                Parameters::with_capacity(signed.len().saturating_add(query.len()));
            for (name, value) in &signed {
                match (written(name), written(value)) {
                    (Some(name), Some(value)) => parameters.add(&name, &value),
                    _ => parameters.add(name, value),
                }
            }
            for (name, value) in query {
                parameters.add(name, value);
            }
            parameters.sort();
            if !all.contains(&parameters) {
                all.push(parameters);
            }
        }
    }
    all
}

/// By what the lines of these texts may have ended; `None`: as they do now.
fn line_breaks(pairs: &[&Pair]) -> &'static [Option<&'static str>] {
    let has_lines = |text: &str| text.contains(['\r', '\n']);
    if pairs.iter().any(|(name, value)| has_lines(name) || has_lines(value)) {
        &[None, Some("\n"), Some("\r"), Some("\r\n")]
    } else {
        &[None]
    }
}

/// A text whose lines all end in this way.
fn broken_by(text: &str, line_break: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', line_break)
}

/// A text as it is kept: lines end with LF, whatever brought them.
pub(super) fn kept(text: String) -> String {
    if text.contains('\r') { broken_by(&text, "\n") } else { text }
}

fn each_once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut known = HashSet::new();
    all.filter(|one| known.insert(one.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uris(public_url: &str, path: &str) -> Vec<String> {
        base_uris(&Url::parse(public_url).unwrap(), path)
    }

    #[test]
    fn an_address_is_spelled_in_all_the_ways_of_the_table() {
        let found = uris("https://tool.example", "/");
        assert_eq!(
            found,
            [
                "https://tool.example/",
                "https://tool.example",
                "https://tool.example:443/",
                "https://tool.example:443",
                "https://Tool.Example/",
                "https://Tool.Example",
                "https://TOOL.EXAMPLE/",
                "https://TOOL.EXAMPLE",
                "HTTPS://Tool.Example/",
                "HTTPS://Tool.Example",
                "HTTPS://TOOL.EXAMPLE/",
                "HTTPS://TOOL.EXAMPLE",
            ]
        );
        assert_eq!(uris("HTTPS://Tool.Example:443/", ""), found);
        assert_eq!(
            uris("http://127.0.0.1:5000", "/"),
            [
                "http://127.0.0.1:5000/",
                "http://127.0.0.1:5000",
                "HTTP://127.0.0.1:5000/",
                "HTTP://127.0.0.1:5000"
            ]
        );
    }

    #[test]
    fn a_path_is_spelled_with_and_without_its_end_and_with_both_cases_of_escapes() {
        assert_eq!(paths("/otr"), ["/otr", "/otr/"]);
        assert_eq!(
            paths("/a%2fB%C3%a9/"),
            [
                "/a%2fB%C3%a9/",
                "/a%2FB%C3%A9/",
                "/a%2fB%c3%a9/",
                "/a%2fB%C3%a9",
                "/a%2FB%C3%A9",
                "/a%2fB%c3%a9"
            ]
        );
        assert_eq!(paths("/%"), ["/%", "/%/"]);
        assert_eq!(paths("/%é"), ["/%é", "/%é/"]);
    }

    #[test]
    fn every_spelling_is_of_the_host_of_the_settings() {
        for path in ["/", "", "//evil.example/", "/@evil.example", "evil.example/", "/?a#b"] {
            for uri in uris("https://tool.example/x", path) {
                let rest = uri.to_ascii_lowercase();
                let rest = rest.strip_prefix("https://tool.example").unwrap().to_owned();
                let rest = rest.strip_prefix(":443").unwrap_or(&rest);
                assert!(rest.starts_with("/x"), "{uri}");
            }
            for uri in uris("https://tool.example", path) {
                let url = Url::parse(&uri).unwrap();
                assert_eq!((url.host_str(), url.port()), (Some("tool.example"), None), "{uri}");
                assert!(url.username().is_empty(), "{uri}");
            }
        }
    }

    #[test]
    fn how_many_readings_there_are_depends_on_what_was_sent_alone() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let n = |body: &[Pair], query: &[Pair]| parameters(body, query).len();

        assert_eq!(n(&[pair("a", "b")], &[]), 1);
        assert_eq!(n(&[pair("a", "b")], &[pair("c", "d")]), 1);
        assert_eq!(n(&[pair("a", "b")], &[pair("a", "b")]), 2);
        // As it came is one of the other three.
        assert_eq!(n(&[pair("a", "b\r\nc")], &[]), 3);
        assert_eq!(n(&[pair("a", "b\r\nc\rd")], &[]), 4);
        assert_eq!(n(&[pair("a", "b\nc")], &[pair("a", "b\nc")]), 6);
    }

    #[test]
    fn lines_end_with_a_line_feed_once_they_are_kept() {
        assert_eq!(kept("a\r\nb\rc\nd\r\r\n".to_owned()), "a\nb\nc\nd\n\n");
        assert_eq!(kept("ab".to_owned()), "ab");
    }
}
