//! Values of single keys: what each may be, and the fault where it is something else.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use jid::BareJid;
use url::{Host, Url};

use super::tree::Section;
use crate::records::{Address, address};

/// Longest contact, in characters: it is said in one message of a chat.
const LONGEST_CONTACT: usize = 300;

/// Whether this is an origin of the web, perhaps with `*.` for all hosts under one, as a content
/// security policy takes it.
pub(super) fn is_frame_ancestor(source: &str) -> bool {
    let plain = source.to_ascii_lowercase().replacen("://*.", "://", 1);
    let Ok(url) = Url::parse(&plain) else { return false };
    let origin = url.origin().ascii_serialization();
    let is_tame = plain.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'-' | b'[' | b']')
    });
    matches!(url.scheme(), "https" | "http") && is_tame && plain == origin
}

/// The address that a key has, or that is one: as people type and paste it, told where that needed
/// mending.
pub(super) fn jid(section: &Section<'_>, key: &str, text: &str) -> Option<BareJid> {
    match address(text) {
        Ok(Address { jid, was_mended }) => {
            if was_mended {
                section.doubt(key, format!("has {text:?}, which is taken for {jid}; write it so"));
            }
            Some(jid)
        }
        Err(why) => {
            section.fault(key, format!("has {text:?}, which {why}"));
            None
        }
    }
}

pub(super) fn locale(section: &Section<'_>, key: &'static str) -> Option<String> {
    section.word(key).filter(|locale| {
        let ok = (1..=35).contains(&locale.len())
            && locale.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-@".contains(&byte));
        if !ok {
            section.fault(key, "must be the name of a locale, such as en_GB");
        }
        ok
    })
}

/// The key `contact`: one line that is said as it is, in the chat and on the pages.
pub(super) fn contact(section: &Section<'_>) -> Option<String> {
    let text = section.said("contact")?;
    let contact = text.trim();
    if contact.contains(char::is_control) {
        section.fault("contact", "must be one line without control characters");
        return None;
    }
    if contact.chars().count() > LONGEST_CONTACT {
        section.fault("contact", format!("is longer than {LONGEST_CONTACT} characters"));
        return None;
    }
    (!contact.is_empty()).then(|| contact.to_owned())
}

pub(super) fn seconds(
    section: &Section<'_>,
    key: &'static str,
    default: u32,
    allowed: std::ops::RangeInclusive<u32>,
) -> Duration {
    Duration::from_secs(section.number(key, default, allowed, "seconds").into())
}

pub(super) fn socket(section: &Section<'_>, key: &'static str, default: SocketAddr) -> SocketAddr {
    section.text(key).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| {
            section.fault(key, "must be an IP address and a port, such as 127.0.0.1:5000");
            default
        })
    })
}

pub(super) fn web_url(section: &Section<'_>, key: &'static str) -> Option<Url> {
    let text = section.text(key)?;
    let url = Url::parse(&text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.fragment().is_none()
    });
    if url.is_none() {
        section.fault(key, "must be a URL that begins with https:// or http://");
    }
    url
}

#[expect(clippy::expect_used, reason = "the text of an address with a port is a host of a URL")]
pub(super) fn url_of(bind: SocketAddr) -> Url {
    Url::parse(&format!("http://{bind}")).expect("an address is a host")
}

/// What a server is written with whose TLS begins with the first byte (XEP-0368).
const DIRECT: &str = "xmpps";

/// The key `server`, if it is `host:port` or `xmpps://host:port`.
pub(super) fn server(section: &Section<'_>, such_as: &str) -> Option<String> {
    let server = section.text("server")?;
    let server = server.trim();
    let ok = server_parts(server).is_some_and(|(host, port)| {
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        Host::parse(host).is_ok() && is_number && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if !ok {
        section.fault(
            "server",
            format!(
                "must be host:port, such as {such_as}, or {DIRECT}://host:port for TLS from the first byte"
            ),
        );
    }
    ok.then(|| server.to_owned())
}

/// Host and port; `None` where another scheme than that of direct TLS, or no port, is written.
fn server_parts(server: &str) -> Option<(&str, &str)> {
    let place = match server.split_once("://") {
        None => server,
        Some((scheme, place)) if scheme.eq_ignore_ascii_case(DIRECT) => {
            place.strip_suffix('/').unwrap_or(place)
        }
        Some(_) => return None,
    };
    place.rsplit_once(':')
}

/// Whether TLS begins with the first byte there.
pub(super) fn is_direct(server: &str) -> bool {
    server.contains("://")
}

pub(super) fn is_loopback(server: &str) -> bool {
    let host = server_parts(server).map_or(server, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
