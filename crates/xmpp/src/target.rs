//! Addresses of servers: as the settings write them, as DNS and other servers name them, and the
//! connection to one.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::Host;

use super::{
    ConfigError, Down,
    connect::{RESOLVE, within},
};

/// Port of XMPP clients (RFC 6120, "Fallback Process").
pub(super) const PORT: u16 = 5222;

/// Longest wait for one address to answer.
const CONNECT: Duration = Duration::from_secs(10);

/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 8;

/// What a server is written with whose TLS begins with the first byte.
const DIRECT: &str = "xmpps";

/// How TLS begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// Asked for on a stream in the clear (RFC 6120, section 5).
    StartTls,
    /// With the first byte (XEP-0368).
    DirectTls,
}

/// A host, a port, and how TLS begins there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) way: Way,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.way == Way::DirectTls {
            write!(f, "{DIRECT}://")?;
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Target {
    /// Reads `host:port` or `xmpps://host:port`.
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let fault = || ConfigError::Server { server: text.to_owned() };
        let (way, place) = match text.trim().split_once("://") {
            None => (Way::StartTls, text.trim()),
            Some((scheme, place)) if scheme.eq_ignore_ascii_case(DIRECT) => {
                (Way::DirectTls, place.strip_suffix('/').unwrap_or(place))
            }
            Some(_) => return Err(fault()),
        };
        let (host, port) = place.rsplit_once(':').ok_or_else(fault)?;
        let host = Host::parse(host).map_err(|_no_host| fault())?;
        let port = port_number(port).ok_or_else(fault)?;
        Ok(Self { host, port, way })
    }

    /// The same host and port, where TLS begins the other way.
    pub(super) fn other_way(self) -> Self {
        let way = match self.way {
            Way::StartTls => Way::DirectTls,
            Way::DirectTls => Way::StartTls,
        };
        Self { way, ..self }
    }

    /// Connects to the first address that answers. `nearest`: addresses nearer than that are left out.
    pub(super) async fn dial(&self, nearest: Reach) -> Result<TcpStream, Down> {
        let mut addresses: Vec<SocketAddr> = match &self.host {
            Host::Ipv4(address) => vec![(*address, self.port).into()],
            Host::Ipv6(address) => vec![(*address, self.port).into()],
            Host::Domain(name) => {
                within(RESOLVE, "while looking up the server", async {
                    let found = lookup_host((name.as_str(), self.port)).await;
                    found.map(Iterator::collect).map_err(|error| Down::Resolve {
                        host: name.clone(),
                        why: error.to_string(),
                    })
                })
                .await?
            }
        };
        let was_empty = addresses.is_empty();
        addresses.retain(|address| Reach::of(address.ip()) >= nearest);
        if addresses.is_empty() && !was_empty {
            return Err(Down::Redirect {
                host: self.to_string(),
                why: "that is in a network nearer to this machine than the server itself, where \
                      strangers must not lead; xmpp.accounts.….server can name it",
            });
        }
        let mut why = "it has no address".to_owned();
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Short stanzas should not wait for each other; without it, it works too.
                    stream.set_nodelay(true).unwrap_or_default();
                    return Ok(stream);
                }
                Ok(Err(error)) => why = error.to_string(),
                Err(_elapsed) => "it does not answer".clone_into(&mut why),
            }
        }
        Err(Down::Unreachable { server: self.to_string(), why })
    }
}

/// A port that can be connected to; no sign, no blanks.
fn port_number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| is_number && port != 0)
}

/// Where another server sends us (RFC 6120, section 4.9.3.19).
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Elsewhere {
    pub(super) host: Host,
    /// `None`: where the host's records say, or the usual one.
    pub(super) port: Option<u16>,
}

impl Elsewhere {
    /// Reads a name, or an address with IPv6 in brackets, with or without a port.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const NO_HOST: &str = "that is no host and port";
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            _ if text.ends_with(']') => (text, None),
            // Some write an IPv6 address without brackets.
            _ if text.parse::<Ipv6Addr>().is_ok() => ("", None),
            Some((host, port)) => (host, Some(port_number(port).ok_or(NO_HOST)?)),
            None => (text, None),
        };
        let host = match text.parse::<Ipv6Addr>() {
            Ok(address) => Host::Ipv6(address),
            Err(_other) => Host::parse(host).map_err(|_no_host| NO_HOST)?,
        };
        match port {
            Some(port) if !Self::may_be_at(port) => Err("that port is one of other services"),
            _ => Ok(Self { host, port }),
        }
    }

    /// Whether a stranger's word may lead to this port. XMPP is spoken at 443 where firewalls let
    /// nothing else out; what else is below 1024 are services that must not be written to.
    pub(super) fn may_be_at(port: u16) -> bool {
        port == 443 || port >= 1_024
    }
}

/// How far away an address is. A server may send us farther away, not nearer: what listens in the
/// networks of this machine is none of its business.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Reach {
    /// This machine and its links.
    Machine,
    /// A network of the site.
    Site,
    /// Anywhere.
    World,
}

impl Reach {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, third, _] = address.octets();
        match (first, second, third) {
            (0 | 127 | 224..=255, ..) | (169, 254, _) => Self::Machine,
            (10, ..)
            | (100, 64..=127, _)
            | (172, 16..=31, _)
            | (192, 0, 0)
            | (192, 168, _)
            | (198, 18..=19, _) => Self::Site,
            _ => Self::World,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        let [first, second, third, _, _, _, seventh, eighth] = address.segments();
        let embedded = |high: u16, low: u16| {
            Self::of_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        };
        match (first, second) {
            // NAT64 (RFC 6052) and 6to4 (RFC 3056) lead to addresses of IPv4.
            (0x64, 0xff9b) if third == 0 => embedded(seventh, eighth),
            (0x2002, high) => embedded(high, third),
            // The unspecified address, loopback, what is not in use, the links, and multicast.
            (0 | 0xfe80..=0xfebf | 0xff00..=0xffff, _) => Self::Machine,
            // NAT64 of the site (RFC 8215), and addresses of sites.
            (0x64, 0xff9b) | (0xfc00..=0xfdff | 0xfec0..=0xfeff, _) => Self::Site,
            _ => Self::World,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_of_a_server_is_too_odd(text in "[\\PC]{0,40}|[0-9a-fA-F:.\\[\\]%x-]{0,40}") {
            if let Ok(elsewhere) = Elsewhere::parse(&text) {
                prop_assert!(elsewhere.port.is_none_or(|port| port == 443 || port >= 1_024));
                let shown = elsewhere.host.to_string();
                prop_assert!(!shown.contains(|c: char| c.is_whitespace() || "/@#?".contains(c)));
            }
        }
    }

    #[test]
    fn servers_are_host_and_port_and_say_how_tls_begins() {
        for (text, expected) in [
            ("127.0.0.1:5222", "127.0.0.1:5222"),
            ("[::1]:5223", "[::1]:5223"),
            (" xmpp.example.org:1 ", "xmpp.example.org:1"),
            ("b\u{fc}cher.example:5222", "xn--bcher-kva.example:5222"),
            ("xmpps://xmpp.example.org:5223", "xmpps://xmpp.example.org:5223"),
            ("XMPPS://[::1]:443/", "xmpps://[::1]:443"),
            ("xmpps://b\u{fc}cher.example:5223", "xmpps://xn--bcher-kva.example:5223"),
        ] {
            assert_eq!(Target::parse(text).unwrap().to_string(), expected);
        }
        for text in [
            "",
            "localhost",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            ":5222",
            "xmpps://localhost",
            "xmpps://:5223",
            "xmpps:localhost:5223",
            "xmpp://localhost:5222",
            "https://localhost:443",
            "xmpps://localhost:5223/bot",
            "xmpps://bot@localhost:5223",
            "localhost:5222/",
        ] {
            assert!(matches!(Target::parse(text), Err(ConfigError::Server { .. })), "{text}");
        }
    }

    #[test]
    fn other_hosts_are_names_and_addresses_with_or_without_a_port() {
        for (text, host, port) in [
            ("other.example.org:9222", "other.example.org", Some(9_222)),
            (" other.example.org ", "other.example.org", None),
            ("[2001:41D0:1:A49b::1]:9222", "[2001:41d0:1:a49b::1]", Some(9_222)),
            ("[2001:41D0:1:A49b::1]", "[2001:41d0:1:a49b::1]", None),
            ("2001:41D0:1:A49b::1", "[2001:41d0:1:a49b::1]", None),
            ("203.0.113.7:443", "203.0.113.7", Some(443)),
            ("b\u{fc}cher.example:5222", "xn--bcher-kva.example", Some(5_222)),
        ] {
            let elsewhere = Elsewhere::parse(text).unwrap();
            assert_eq!((elsewhere.host.to_string().as_str(), elsewhere.port), (host, port));
        }
        for text in [
            "",
            ":5222",
            "other.example.org:",
            "other.example.org:0",
            "other.example.org:70000",
            "other.example.org:-1",
            "other.example.org:22",
            "[::1]:25",
            "[2001:db8::1",
            "2001:db8::1]:5222",
            "other.example.org:5222/path",
            "http://other.example.org:5222",
            "user@other.example.org:5222",
            "other example.org:5222",
            "other.example.org:5222\r\nGET /",
        ] {
            assert!(Elsewhere::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_near_or_far() {
        for (reach, addresses) in [
            (
                Reach::Machine,
                &[
                    "127.0.0.1",
                    "127.255.0.1",
                    "0.0.0.0",
                    "169.254.169.254",
                    "224.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::1",
                    "::ffff:127.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:7f00:1::",
                    "fe80::1",
                    "ff02::1",
                ][..],
            ),
            (
                Reach::Site,
                &[
                    "10.0.0.1",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "::ffff:10.0.0.1",
                    "fd00::1",
                    "64:ff9b::a00:1",
                ],
            ),
            (
                Reach::World,
                &["203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::1", "64:ff9b::cb00:7107"],
            ),
        ] {
            for address in addresses {
                assert_eq!(Reach::of(address.parse().unwrap()), reach, "{address}");
            }
        }
    }
}
