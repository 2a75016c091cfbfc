//! The logins that a server offers, and the one that is taken.

use std::fmt;

use minidom::Element;
use sasl::common::ChannelBinding;
use xmpp_parsers::{ns, sasl as wire};

use super::{Down, link::plain};

/// The namespace of the second generation of SASL (XEP-0388).
const SASL2: &str = "urn:xmpp:sasl:2";

/// What the server offers.
#[derive(Debug, Default)]
pub(super) struct Offer {
    mechanisms: Vec<String>,
    /// Whether it knows the channel binding `tls-exporter` (XEP-0440).
    binds_exporter: bool,
    /// Whether it wants TLS first (RFC 6120, section 5.3.1).
    wants_tls: bool,
    /// Whether there are logins of the second generation, which are not known here.
    has_sasl2: bool,
}

impl Offer {
    pub(super) fn read(features: &Element) -> Self {
        let names = |parent: Option<&Element>| -> Vec<String> {
            parent
                .into_iter()
                .flat_map(Element::children)
                .filter(|child| child.name() == "mechanism")
                .map(|child| child.text().trim().to_owned())
                .collect()
        };
        let bindings = features.get_child("sasl-channel-binding", ns::SASL_CB);
        Self {
            mechanisms: names(features.get_child("mechanisms", ns::SASL)),
            binds_exporter: bindings
                .into_iter()
                .flat_map(Element::children)
                .any(|child| child.attr("type") == Some("tls-exporter")),
            wants_tls: features
                .get_child("starttls", ns::TLS)
                .is_some_and(|starttls| starttls.has_child("required", ns::TLS)),
            has_sasl2: features.has_child("authentication", SASL2),
        }
    }

    fn has(&self, kind: Kind) -> bool {
        self.mechanisms.iter().any(|name| *name == kind.to_string())
    }

    /// Whether there is a login that is bound to the channel of TLS.
    fn has_bound(&self) -> bool {
        self.has(Kind::Sha256Plus) || self.has(Kind::Sha1Plus)
    }
}

/// The mechanisms that we know, best first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Sha256Plus,
    Sha256,
    Sha1Plus,
    Sha1,
    Plain,
}

impl Kind {
    pub(super) fn is_scram(self) -> bool {
        self != Self::Plain
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256Plus => "SCRAM-SHA-256-PLUS",
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha1Plus => "SCRAM-SHA-1-PLUS",
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Plain => "PLAIN",
        })
    }
}

impl From<Kind> for wire::Mechanism {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sha256Plus => Self::ScramSha256Plus,
            Kind::Sha256 => Self::ScramSha256,
            Kind::Sha1Plus => Self::ScramSha1Plus,
            Kind::Sha1 => Self::ScramSha1,
            Kind::Plain => Self::Plain,
        }
    }
}

/// A mechanism and what it says about the channel.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Choice {
    pub(super) kind: Kind,
    pub(super) binding: ChannelBinding,
}

impl Choice {
    /// Whether the login is bound to the channel of TLS.
    pub(super) fn is_bound(&self) -> bool {
        matches!(self.kind, Kind::Sha256Plus | Kind::Sha1Plus)
    }
}

/// The best of the logins that may be used.
pub(super) fn choose(offer: &Offer, exporter: Option<&[u8]>, may_be_plain: bool) -> Option<Choice> {
    let bound = exporter
        .filter(|_| offer.binds_exporter)
        .map(|data| ChannelBinding::TlsExporter(data.to_vec()));
    // "y" says that we could bind and saw no offer, so that a server that made one notices who
    // took it away. It must not be said when there was one of a kind that we lack.
    let unbound = if exporter.is_some() && !offer.has_bound() {
        ChannelBinding::Unsupported
    } else {
        ChannelBinding::None
    };
    let kinds = [
        (Kind::Sha256Plus, bound.clone()),
        (Kind::Sha256, Some(unbound.clone())),
        (Kind::Sha1Plus, bound),
        (Kind::Sha1, Some(unbound)),
        (Kind::Plain, may_be_plain.then_some(ChannelBinding::None)),
    ];
    kinds
        .into_iter()
        .filter(|&(kind, _)| offer.has(kind))
        .find_map(|(kind, binding)| binding.map(|binding| Choice { kind, binding }))
}

/// Why none of the logins may be used, and what would change that.
pub(super) fn no_mechanism(offer: &Offer, is_secured: bool, allow_plain_text: bool) -> Down {
    let offered = if offer.mechanisms.is_empty() {
        "none".to_owned()
    } else {
        plain(&offer.mechanisms.join(", "))
    };
    let hint = if !is_secured && offer.wants_tls {
        "it wants TLS before the login, so it needs tls.enabled: true"
    } else if offer.has(Kind::Plain) && !is_secured {
        "PLAIN gives the password away and is only used inside TLS, so it needs tls.enabled: true"
    } else if offer.has(Kind::Plain) && !allow_plain_text {
        "PLAIN gives the password to the server as it is, and is taken only with \
         allow_plain_text: true in the account's settings; better, switch SCRAM-SHA-256 on there"
    } else if offer.has_bound() {
        "of these, those bound to TLS need TLS 1.3 with tls-exporter (RFC 9266) on both sides: switch \
         SCRAM-SHA-256 without -PLUS on there, too"
    } else if offer.mechanisms.is_empty() && offer.has_sasl2 {
        "its logins are of SASL2 (XEP-0388), which is not known here: switch those of RFC 6120 on there"
    } else if offer.mechanisms.is_empty() {
        "it lets nobody in here: see that the port is one for clients, and what its log says"
    } else {
        "SCRAM-SHA-256 and SCRAM-SHA-1 are taken: switch one of them on there"
    };
    Down::NoMechanism { offered, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(mechanisms: &[&str], binds_exporter: bool) -> Offer {
        let mechanisms = mechanisms.iter().map(|&name| name.to_owned()).collect();
        Offer { mechanisms, binds_exporter, ..Offer::default() }
    }

    fn chosen(offer: &Offer, exporter: bool, plain: bool) -> Option<(Kind, ChannelBinding)> {
        choose(offer, exporter.then_some(&[7]), plain).map(|c| (c.kind, c.binding))
    }

    #[test]
    fn the_best_mechanism_is_chosen() {
        let bound = ChannelBinding::TlsExporter(vec![7]);
        let all = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "X"];

        let full = offer(&all, true);
        assert_eq!(chosen(&full, true, true), Some((Kind::Sha256Plus, bound)));
        assert_eq!(chosen(&full, false, true), Some((Kind::Sha256, ChannelBinding::None)));

        let other_binding = offer(&all, false);
        assert_eq!(chosen(&other_binding, true, true), Some((Kind::Sha256, ChannelBinding::None)));

        let unbound = offer(&["PLAIN", "SCRAM-SHA-1"], true);
        assert_eq!(chosen(&unbound, true, true), Some((Kind::Sha1, ChannelBinding::Unsupported)));
        assert_eq!(chosen(&unbound, false, true), Some((Kind::Sha1, ChannelBinding::None)));
    }

    #[test]
    fn plain_is_used_only_where_allowed() {
        let plain = offer(&["PLAIN", "ANONYMOUS"], false);
        assert_eq!(chosen(&plain, true, true), Some((Kind::Plain, ChannelBinding::None)));
        assert_eq!(chosen(&plain, true, false), None);
        let text = no_mechanism(&plain, true, false).to_string();
        assert!(text.contains("PLAIN, ANONYMOUS") && text.contains("allow_plain_text"), "{text}");
        assert!(no_mechanism(&plain, false, true).to_string().contains("tls.enabled"));
    }

    #[test]
    fn what_would_make_a_login_possible_is_said() {
        let read = |xml: &str| {
            let features =
                format!("<features xmlns='http://etherx.jabber.org/streams'>{xml}</features>");
            Offer::read(&features.parse().unwrap())
        };
        let mechanisms = |names: &[&str]| {
            let names = names.iter().map(|name| format!("<mechanism>{name}</mechanism>"));
            format!("<mechanisms xmlns='{}'>{}</mechanisms>", ns::SASL, names.collect::<String>())
        };
        let starttls = format!("<starttls xmlns='{}'><required/></starttls>", ns::TLS);
        for (features, is_secured, allows_plain, hint) in [
            (starttls, false, false, "tls.enabled: true"),
            (mechanisms(&["PLAIN"]), false, true, "tls.enabled: true"),
            (mechanisms(&["PLAIN"]), true, false, "allow_plain_text: true"),
            (mechanisms(&["SCRAM-SHA-256-PLUS"]), true, false, "tls-exporter"),
            (format!("<authentication xmlns='{SASL2}'/>"), true, false, "XEP-0388"),
            (String::new(), true, false, "the port is one for clients"),
            (
                mechanisms(&["DIGEST-MD5", "X"]),
                true,
                false,
                "SCRAM-SHA-256 and SCRAM-SHA-1 are taken",
            ),
        ] {
            let text = no_mechanism(&read(&features), is_secured, allows_plain).to_string();
            assert!(text.contains(hint), "{features}: {text}");
        }
    }
}
