//! Which addresses a grade may be sent to: the public internet, over TLS.
//!
//! The address comes from a signed launch; but whoever holds a consumer's secret must not be able to
//! make the daemon knock at doors inside its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Why no grade is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfReach {
    /// It is no address of the web.
    #[error("the outcome address is no web address")]
    NoWebAddress,
    /// It is not protected by TLS.
    #[error("the outcome address is not https")]
    NotTls,
    /// It leads into a private network.
    #[error("the outcome address is private")]
    Private,
}

impl OutOfReach {
    /// Whether words about an attempt, as this program wrote them, name such a reason.
    pub fn is_named_in(why: &str) -> bool {
        [Self::NoWebAddress, Self::NotTls, Self::Private]
            .iter()
            .any(|reason| why.contains(&reason.to_string()))
    }
}

/// Reads the address of an outcome service. Names are not looked up here: what they stand for is
/// checked with [`is_public`] when they are.
///
/// # Errors
/// When nothing may be sent there.
pub fn outcome_url(text: &str, allow_private: bool) -> Result<Url, OutOfReach> {
    let url = Url::parse(text).map_err(|_no_url| OutOfReach::NoWebAddress)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutOfReach::NoWebAddress);
    }
    match (url.scheme(), allow_private) {
        ("https", _) | ("http", true) => {}
        ("http", false) => return Err(OutOfReach::NotTls),
        _ => return Err(OutOfReach::NoWebAddress),
    }
    let is_public = match url.host() {
        Some(Host::Domain(_)) => true,
        Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
        None => return Err(OutOfReach::NoWebAddress),
    };
    if is_public || allow_private { Ok(url) } else { Err(OutOfReach::Private) }
}

/// Whether an address is reachable from everywhere (the registries of IANA for special addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (18..20).contains(&b)); // benchmarks
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, ..] = segments;
    // Global unicast addresses are 2000::/3; all else is special, and some of it as well. What
    // carries an IPv4 address inside must carry a public one.
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = segments {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let is_special = first & 0xe000 != 0x2000
        || (first == 0x2001 && second < 0x200) // protocol assignments, Teredo
        || (first == 0x2001 && second == 0xdb8) // documentation
        || (first == 0x3fff && second < 0x1000) // documentation
        || first == 0x2002; // 6to4
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_told_from_public_ones() {
        let private = "0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 \
            172.16.0.1 172.31.255.255 192.168.0.1 192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 \
            198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 \
            fd12::1 ff02::1 2001:db8::1 2001::1 2002:7f00:1:: ::ffff:127.0.0.1 ::ffff:10.0.0.1 \
            64:ff9b::7f00:1 64:ff9b:1::1 100::1 ::7f00:1 3fff::1";
        for address in private.split_whitespace() {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let public = "1.1.1.1 8.8.8.8 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1 223.255.255.255 \
            2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 ::ffff:8.8.8.8 64:ff9b::808:808";
        for address in public.split_whitespace() {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_of_outcome_services_are_https_and_public_unless_allowed() {
        use OutOfReach::{NoWebAddress, NotTls, Private};
        let check = |url, strict: Option<OutOfReach>, allowing: Option<OutOfReach>| {
            assert_eq!(outcome_url(url, false).err(), strict, "{url}");
            assert_eq!(outcome_url(url, true).err(), allowing, "{url}");
        };

        check("https://lms.example/api/lti/v1/tools/1/grade_passback", None, None);
        check("https://lms.example:8443/x?y=z", None, None);
        check("https://1.1.1.1/", None, None);
        check("http://lms.example/", Some(NotTls), None);
        check("http://127.0.0.1:8000/", Some(NotTls), None);
        check("https://127.0.0.1/", Some(Private), None);
        // All these spellings are 127.0.0.1.
        check("https://2130706433/", Some(Private), None);
        check("https://0x7f.1/", Some(Private), None);
        check("https://[::1]/", Some(Private), None);
        check("https://[::ffff:7f00:1]/", Some(Private), None);
        check("https://a:b@lms.example/", Some(NoWebAddress), Some(NoWebAddress));
        check("ftp://lms.example/", Some(NoWebAddress), Some(NoWebAddress));
        check("file:///etc/passwd", Some(NoWebAddress), Some(NoWebAddress));
        check("/relative", Some(NoWebAddress), Some(NoWebAddress));
        check("", Some(NoWebAddress), Some(NoWebAddress));
    }
}
