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
//! | line breaks | as they came; LF; CR; CR LF; some in one way and some in another |
//!
//! All of them name the same scheme, host and port, those of the settings, and the same values. How
//! many there are depends on the settings and on what was sent, never on a secret. The addresses are
//! here; the parameters, and how much is tried of a large launch, are in `reading.rs`.

use std::{borrow::Cow, collections::HashSet};

use url::Url;

use super::signature;

/// An address that may have been signed.
#[derive(Debug)]
pub(super) struct Address {
    /// As it stands in a base string.
    pub(super) encoded: String,
    /// Whether it has capitals where there are none in the settings.
    pub(super) is_typed: bool,
    /// Whether it is the one of the request, normalised.
    is_plain: bool,
}

impl Address {
    /// The less likely it is, the more.
    pub(super) fn rank(&self) -> usize {
        match (self.is_plain, self.is_typed) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 4,
        }
    }
}

/// The addresses of [`base_uris`], to be tried.
pub(super) fn addresses(public_url: &Url, path: &str) -> Vec<Address> {
    let host = public_url.host_str().unwrap_or_default();
    let plain = format!("{}://{host}", public_url.scheme());
    let address = |(at, uri): (usize, String)| Address {
        encoded: signature::encode(&uri),
        is_typed: !uri.starts_with(&plain),
        is_plain: at == 0,
    };
    base_uris(public_url, path).into_iter().enumerate().map(address).collect()
}

/// The address of a request with this path, as it is normalised.
pub(super) fn base_uri(public_url: &Url, path: &str) -> String {
    base_uris(public_url, path).into_iter().next().unwrap_or_default()
}

/// The addresses, each once, that may have been signed for a request with this path. Behind a proxy
/// that takes a prefix away the path has to have it again.
fn base_uris(public_url: &Url, path: &str) -> Vec<String> {
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

/// A text as it is kept: lines end with LF, whatever brought them.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
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
    fn lines_end_with_a_line_feed_once_they_are_kept() {
        assert_eq!(kept("a\r\nb\rc\nd\r\r\n"), "a\nb\nc\nd\n\n");
        assert_eq!(kept("ab"), "ab");
    }
}
