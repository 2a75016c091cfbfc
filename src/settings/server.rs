//! Where an XMPP server is: `host:port`, and what people write in its place.

use std::net::{IpAddr, Ipv6Addr};

use url::Host;

use super::tree::Section;

/// What a server is written with whose TLS begins with the first byte (XEP-0368).
const DIRECT: &str = "xmpps";
/// Its usual port, and that of TLS that is asked for.
const DIRECT_PORT: &str = "5223";
const PORT: &str = "5222";
/// Ports of web servers.
const WEB_PORTS: [&str; 6] = ["80", "443", "5280", "5281", "5443", "8443"];

/// The key `server`, if it is `host:port` or `xmpps://host:port`.
pub(super) fn server(section: &Section<'_>, such_as: &str) -> Option<String> {
    let server = section.text("server")?;
    let server = server.trim();
    let ok = server_parts(server).is_some_and(|(host, port)| is_host(host) && is_port(port));
    if !ok {
        let port = such_as.rsplit_once(':').map_or(PORT, |(_, port)| port);
        section.fault(
            "server",
            format!(
                "must be host:port, such as {such_as}, or {DIRECT}://host:port for TLS from the first byte; {}",
                advice(server, port)
            ),
        );
    }
    ok.then(|| server.to_owned())
}

fn is_host(host: &str) -> bool {
    Host::parse(host).is_ok()
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port != 0)
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

/// What is wrong with a server, and what to write. `usual` is the port of such servers. A name or a
/// password before `@` is not repeated.
fn advice(server: &str, usual: &str) -> String {
    if server.is_empty() {
        return "it is empty: write it, or leave the key out".to_owned();
    }
    let (scheme, rest) = scheme(server);
    let is_tls = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(DIRECT));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let has_path = !matches!(path, "" | "/") || (scheme.is_none() && path == "/");
    let (account, place) = match place.rsplit_once('@') {
        Some((_, place)) => (true, place),
        None => (false, place),
    };
    let (host, port) = host_and_port(place);
    if !is_host(&host) {
        return "there is no host in it that can be one".to_owned();
    }
    let usual = if is_tls { DIRECT_PORT } else { usual };
    let is_web = scheme.is_some_and(|scheme| {
        ["http", "https", "ws", "wss"].contains(&scheme.to_ascii_lowercase().as_str())
    });
    let good = port.filter(|port| is_port(port) && !(is_web && WEB_PORTS.contains(port)));
    let begin = if is_tls { "xmpps://" } else { "" };
    let write = format!("write {begin}{host}:{}", good.unwrap_or(usual));
    let what = match (scheme, port) {
        (Some(_), _) if is_web => "it is the address of a web page",
        (Some(_), _) if !is_tls => "it begins like a link",
        _ if account => "it has an account in it",
        _ if has_path => "it has a path behind it",
        (_, Some(port)) if !is_port(port) => "its port is no number from 1 to 65535",
        (_, None) => "it has no port",
        _ if place.matches(':').count() > 1 => "an IPv6 address stands in brackets",
        _ => "it has a sign too many",
    };
    let what = if place.parse::<Ipv6Addr>().is_ok() && scheme.is_none() {
        "an IPv6 address stands in brackets, with a port behind them"
    } else {
        what
    };
    format!("{what}: {write}")
}

/// `scheme://rest`, and `xmpp:rest` as in links to chats.
fn scheme(server: &str) -> (Option<&str>, &str) {
    if let Some((scheme, rest)) = server.split_once("://") {
        return (Some(scheme), rest);
    }
    match server.split_once(':') {
        Some((scheme, rest))
            if ["xmpp", "xmpps"].contains(&scheme.to_ascii_lowercase().as_str()) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, server),
    }
}

/// Host, with the brackets that it needs, and port as they are written.
fn host_and_port(place: &str) -> (String, Option<&str>) {
    let bracketed = |address: &str| format!("[{address}]");
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    if place.matches(':').count() < 2 || place.starts_with('[') {
        let has_port = !place.ends_with(']');
        return match place.rsplit_once(':').filter(|_| has_port) {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (place.to_owned(), None),
        };
    }
    // `::1:5222` is an address, and hardly the one that is meant.
    match place.rsplit_once(':') {
        Some((host, port))
            if is_address(host)
                && (!is_address(place) || [PORT, DIRECT_PORT, "5347"].contains(&port)) =>
        {
            (bracketed(host), Some(port))
        }
        _ if is_address(place) => (bracketed(place), None),
        _ => (place.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_write_is_said_for_whatever_was_written() {
        for (server, expected) in [
            (
                "https://jabber.school.nl",
                "it is the address of a web page: write jabber.school.nl:5222",
            ),
            ("https://jabber.school.nl:5443/ws", "write jabber.school.nl:5222"),
            (
                "wss://jabber.school.nl/ws",
                "it is the address of a web page: write jabber.school.nl:5222",
            ),
            ("xmpp:jabber.school.nl", "it begins like a link: write jabber.school.nl:5222"),
            ("xmpp://jabber.school.nl:5269", "write jabber.school.nl:5269"),
            ("xmpps:jabber.school.nl", "write xmpps://jabber.school.nl:5223"),
            ("xmpps://jabber.school.nl", "it has no port: write xmpps://jabber.school.nl:5223"),
            ("jabber.school.nl", "it has no port: write jabber.school.nl:5222"),
            ("jabber.school.nl:5222/", "it has a path behind it: write jabber.school.nl:5222"),
            ("jabber.school.nl/chat", "it has a path behind it: write jabber.school.nl:5222"),
            (
                "jabber.school.nl:0",
                "its port is no number from 1 to 65535: write jabber.school.nl:5222",
            ),
            ("jabber.school.nl:70000", "its port is no number from 1 to 65535"),
            ("jabber.school.nl:", "its port is no number from 1 to 65535"),
            (
                "::1",
                "an IPv6 address stands in brackets, with a port behind them: write [::1]:5222",
            ),
            ("::1:5222", "write [::1]:5222"),
            (
                "2001:db8:0:0:0:0:0:1:5222",
                "an IPv6 address stands in brackets: write [2001:db8:0:0:0:0:0:1]:5222",
            ),
            ("[::1]", "it has no port: write [::1]:5222"),
            ("bot:hunter2@school.nl", "it has an account in it: write school.nl:5222"),
            ("two words:5222", "there is no host in it that can be one"),
            ("", "it is empty"),
        ] {
            let said = advice(server, PORT);
            assert!(said.contains(expected), "{server}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
