//! What a server says when it ends a stream or refuses a login, and what helps against it.

use jid::BareJid;
use minidom::Element;
use xmpp_parsers::{
    ns,
    stanza_error::{DefinedCondition, StanzaError},
};

use super::{
    Down,
    link::plain,
    offer::{Choice, Kind},
};

/// Reads `<stream:error/>` (RFC 6120, section 4.9).
pub(super) fn stream_error(error: &Element, own: &BareJid) -> Down {
    let found =
        error.children().find(|child| child.has_ns(ns::XMPP_STREAMS) && child.name() != "text");
    let condition = found.map_or("undefined-condition", Element::name);
    let text = error
        .get_child("text", ns::XMPP_STREAMS)
        .map_or_else(String::new, |text| plain(&text.text()));
    match condition {
        "conflict" => Down::Conflict,
        "policy-violation" => Down::PolicyViolation { text },
        "host-unknown" | "host-gone" => {
            Down::HostUnknown { domain: own.domain().as_str().to_owned() }
        }
        "see-other-host" => {
            Down::SeeOtherHost { host: found.map_or_else(String::new, |host| plain(&host.text())) }
        }
        "system-shutdown" => Down::Shutdown,
        // A component whose secret is wrong (XEP-0114, 3).
        "not-authorized" => Down::AuthRefused {
            condition: "not-authorized".to_owned(),
            text,
            advice: "a component's secret has to be the same on both sides; an account was logged out",
        },
        other if text.is_empty() => Down::StreamError(plain(other)),
        other => Down::StreamError(format!("{} ({text})", plain(other))),
    }
}

/// Reads `<failure/>` of SASL (RFC 6120, section 6.5), the answer to this choice.
pub(super) fn sasl_failure(step: &Element, choice: &Choice) -> Down {
    let text = step.children().find(|child| child.name() == "text");
    let text = text.map_or_else(String::new, |text| plain(&text.text()));
    let condition = step
        .children()
        .find(|child| child.name() != "text")
        .map_or_else(|| "no reason given".to_owned(), |child| plain(child.name()));
    let advice = match condition.as_str() {
        "temporary-auth-failure" | "aborted" => return Down::AuthUnavailable { condition, text },
        "mechanism-too-weak" | "encryption-required" | "invalid-mechanism" => {
            return not_taken(condition, &text, choice);
        }
        "account-disabled" => {
            "the account is disabled on the server, whose administrator can enable it"
        }
        "credentials-expired" => {
            "the password has expired: give the account a new one on the server, and the same in \
             the settings"
        }
        "invalid-authzid" => {
            "the server does not let the account act under its own address: see that the address \
             is written as on the server"
        }
        "malformed-request" | "incorrect-encoding" if choice.is_bound() => BOUND,
        "malformed-request" | "incorrect-encoding" => {
            "the server cannot read the login: see that the name of the account is one that it allows"
        }
        _ if choice.is_bound() => BOUND,
        _ => {
            "the password is wrong, or there is no such account: try both in a chat program, or set \
             the password anew on the server"
        }
    };
    Down::AuthRefused { condition, text, advice }
}

/// What may be wrong with a login that was bound to the channel of TLS.
const BOUND: &str = "the password is wrong, there is no such account, or something between the bot \
     and the server opens TLS, which the login was bound to: try the account in a chat program, and \
     let nothing but the server end TLS";

/// The server offered a mechanism, and does not take it.
fn not_taken(condition: String, text: &str, choice: &Choice) -> Down {
    let hint = match (condition.as_str(), choice.kind) {
        ("encryption-required", _) => {
            "the server wants TLS before the login, so it needs tls.enabled: true"
        }
        ("mechanism-too-weak", Kind::Plain) => {
            "it wants a stronger login than PLAIN: SCRAM-SHA-256 or SCRAM-SHA-1 has to be switched \
             on there"
        }
        ("mechanism-too-weak", _) => {
            "it wants a stronger login for this account, which it has to offer: SCRAM-SHA-256, \
             bound to TLS (tls-exporter) or not"
        }
        _ => {
            "it offered that and does not take it: set the password anew there, so that the server \
              has what the login needs"
        }
    };
    let said = if text.is_empty() { condition } else { format!("{condition}: {text}") };
    Down::NoMechanism { offered: format!("{}, and refused it ({said})", choice.kind), hint }
}

/// Reads `e=` in the server's answer to SCRAM (RFC 5802, section 7).
pub(super) fn scram_error(error: &str) -> Down {
    let advice = match error {
        "channel-bindings-dont-match" => {
            "the server sees another TLS connection than the bot: something between them opens TLS; \
             let nothing but the server end it"
        }
        "server-does-support-channel-binding" => {
            "somebody between the bot and the server took the bound logins out of its offer; let \
             nothing but the server end TLS"
        }
        "channel-binding-not-supported" | "unsupported-channel-binding-type" => {
            "the server offers to bind logins to TLS and cannot: switch the -PLUS mechanisms off there"
        }
        "no-resources" => {
            return Down::AuthUnavailable { condition: error.to_owned(), text: String::new() };
        }
        "unknown-user" => "there is no such account: make it on the server, or mend its address",
        "invalid-proof" => "the password is wrong: set it anew on the server, or mend the settings",
        _ => "the log of the server says more",
    };
    Down::AuthRefused { condition: plain(error), text: String::new(), advice }
}

/// The answer to a resource that cannot be bound (RFC 6120, section 7).
pub(super) fn not_bound(error: &StanzaError) -> Down {
    let condition = &error.defined_condition;
    if *condition == DefinedCondition::Conflict {
        return Down::Conflict;
    }
    let (name, advice) = if *condition == DefinedCondition::ResourceConstraint {
        let advice = "; the account has as many sessions as the server allows";
        ("resource-constraint".to_owned(), advice)
    } else if *condition == DefinedCondition::NotAllowed {
        ("not-allowed".to_owned(), "; the server does not let this account in")
    } else {
        (plain(&format!("{condition:?}")), "")
    };
    let text = error.texts.values().next().map_or_else(String::new, |text| plain(text));
    let text = if text.is_empty() { text } else { format!(" ({text})") };
    Down::StreamError(format!("it binds no resource: {name}{text}{advice}"))
}
