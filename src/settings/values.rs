//! Values of single keys: what each may be, and the fault where it is something else.

use std::{net::SocketAddr, time::Duration};

use jid::BareJid;
use url::Url;

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
    match read_web_url(&text) {
        Ok(url) => {
            if text.trim() != text {
                section.doubt(
                    key,
                    format!("has blanks around it, and is taken as {url}; write it so"),
                );
            }
            Some(url)
        }
        Err(why) => {
            section
                .fault(key, format!("must be a URL that begins with https:// or http://; {why}"));
            None
        }
    }
}

/// The key `lti.public_url`; `None` where it is left out.
pub(super) fn public_url(section: &Section<'_>, or: Url) -> Url {
    if section.is_null("public_url") {
        section.futile("public_url", format!("is empty, and is taken as {or}, which no other machine can reach; write the URL of the pages as the LMS knows it"));
    }
    web_url(section, "public_url").unwrap_or(or)
}

/// Why a text is no URL of the web is said with what to write. A password in it is not repeated.
fn read_web_url(text: &str) -> Result<Url, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("it is empty: write it, or leave the key out".to_owned());
    }
    if trimmed.contains(char::is_whitespace) {
        return Err("it has blanks in it: take them out".to_owned());
    }
    let Some((scheme, _)) = trimmed.split_once("://") else {
        let rest = ["https:", "http:"].iter().find_map(|scheme| trimmed.strip_prefix(scheme));
        let host = format!("https://{}", rest.unwrap_or(trimmed).trim_start_matches('/'));
        let is_host = !trimmed.contains(['@', '"', '\\']) && Url::parse(&host).is_ok();
        let such_as = if is_host { &host } else { "https://otrbot.example.org" };
        return Err(format!("write {such_as}"));
    };
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(format!("{scheme}:// is for another kind of address"));
    }
    let url = Url::parse(trimmed).map_err(|_why| {
        let place = trimmed.split("://").nth(1).unwrap_or_default();
        let host = place.split(['/', '?', '#']).next().unwrap_or_default();
        if host.matches(':').count() > 1 && !host.starts_with('[') {
            "an IPv6 address stands in brackets: write https://[::1]:5000".to_owned()
        } else {
            "its host or its port is none: write https://, the name of the host, and a port if it \
             needs one"
                .to_owned()
        }
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a name or a password before @: take them out".to_owned());
    }
    if url.fragment().is_some() {
        return Err("it has a part after #, which no server is told: take it out".to_owned());
    }
    Ok(url)
}

#[expect(clippy::expect_used, reason = "the text of an address with a port is a host of a URL")]
pub(super) fn url_of(bind: SocketAddr) -> Url {
    Url::parse(&format!("http://{bind}")).expect("an address is a host")
}
