//! What is understood and works as it stands, and is likely not what was meant: placeholders that were
//! never replaced, secrets that anybody can guess, times at which nobody can learn.
//!
//! Whoever tries the program on one machine is left in peace: what leads to it alone is no place of a
//! service that others use.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::{Problem, ProblemKind, Settings, Typing, read};

/// Domains that nobody can have (RFC 2606): examples of documents and of the settings that came along.
const EXAMPLES: [&str; 3] = ["example.org", "example.com", "example.net"];
/// Secrets of the settings and documents that came along, and what people write for *put one here*.
const PLACEHOLDERS: [&str; 12] = [
    "__lti_secret__",
    "__consumer_secret__",
    "secret",
    "component-secret",
    "the previous one",
    "the one before",
    "change me",
    "changeme",
    "change-me",
    "password",
    "passw0rd",
    "todo",
];
/// Fewest characters of a shared secret that nobody finds by trying: whoever has a launch can try at
/// home.
const LEAST_SECRET: usize = 16;
/// Less silence than this and learners are warned while they read.
const LEAST_WARNING: Duration = Duration::from_secs(30);
/// Fewer characters a second and a message of some lines takes more than a minute.
const LEAST_SPEED: u32 = 4;
/// Names that differ in so many letters may be the same one.
const MOST_SLIPS: usize = 2;

/// The doubts about settings without faults.
pub(super) fn of(settings: &Settings) -> Vec<Problem> {
    let mut doubts = Vec::new();
    let mut doubt = |key: &str, what: String| {
        let fault = settings.fault(key, what);
        doubts.push(Problem { kind: ProblemKind::Doubt, ..fault });
    };
    xmpp(settings, &mut doubt);
    if settings.lti.enabled {
        lti(settings, &mut doubt);
    }
    times(settings, &mut doubt);
    names(settings, &mut doubt);
    doubts
}

type Doubt<'a> = &'a mut dyn FnMut(&str, String);

fn xmpp(settings: &Settings, doubt: Doubt<'_>) {
    let xmpp = &settings.xmpp;
    for (jid, account) in &xmpp.accounts {
        let key = format!("xmpp.accounts.{jid}");
        let host = account.server.as_deref().and_then(host_of);
        if host.is_some_and(is_local) {
            continue;
        }
        if is_example(jid.domain().as_str()) {
            doubt(&key, example(jid.as_str(), "the bot's account"));
        }
        if let Some(host) = host.filter(|host| is_example(host)) {
            doubt(&format!("{key}.server"), example(host, "the server"));
        }
        if !is_local(jid.domain().as_str())
            && let Some(password) = &account.password
            && is_placeholder(password)
        {
            doubt(&format!("{key}.password"), placeholder("the account's password"));
        }
    }
    let own = xmpp.accounts.keys().chain(xmpp.component.as_ref().map(|component| &component.jid));
    for jid in own.filter(|jid| xmpp.whitelist.contains_key(*jid)) {
        let what =
            format!("has {jid}, the bot itself, which does not learn from itself; take it out");
        doubt("xmpp.whitelist", what);
    }
    for jid in xmpp.whitelist.keys().filter(|jid| is_example(jid.domain().as_str())) {
        doubt(&format!("xmpp.whitelist.{jid}"), example(jid.as_str(), "the learner's Jabber ID"));
    }
    if let Some(component) = &xmpp.component {
        let domain = component.jid.domain().as_str();
        if is_example(domain) {
            doubt("xmpp.component.jid", example(component.jid.as_str(), "the bot's address"));
        }
        if !is_local(domain) && is_placeholder(&component.secret) {
            doubt("xmpp.component.secret", placeholder("what the server has"));
        }
        if let Some(jid) = &xmpp.default_account
            && *jid != component.jid
        {
            let what = format!(
                "names {jid}, and xmpp.component goes before it: the bot is {} alone; take one of the \
                 two out, or choose the account with --jid",
                component.jid
            );
            doubt("xmpp.default_account", what);
        }
    }
}

fn lti(settings: &Settings, doubt: Doubt<'_>) {
    let lti = &settings.lti;
    let host = lti.public_url.host_str().unwrap_or_default();
    let is_for_others = lti.authenticate && !is_local(host);
    if is_example(host) {
        doubt(
            "lti.public_url",
            example(lti.public_url.as_str(), "the URL of the pages as the LMS knows it"),
        );
    } else if is_for_others && lti.public_url.scheme() == "http" {
        doubt("lti.public_url", "is not https: browsers show no page of it within a page of an LMS that is, and others on the way can read along".to_owned());
    }
    if let Some(css_url) = &lti.css_url {
        if css_url.host_str().is_some_and(is_example) {
            doubt("lti.css_url", example(css_url.as_str(), "the URL of your style sheet, or null"));
        } else if css_url.scheme() == "http" && lti.public_url.scheme() == "https" {
            doubt(
                "lti.css_url",
                "is not https, as the pages are: browsers do not load it".to_owned(),
            );
        }
    }
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, consumer) in &lti.consumers {
        let key = format!("lti.consumers.{name}");
        if name.trim() != name || name.is_empty() {
            doubt(&key, "is empty, or begins or ends with a blank, which counts; an LMS sends what is typed into its form".to_owned());
        }
        for origin in &consumer.frame_ancestors {
            let host = Url::parse(&origin.replacen("://*.", "://", 1)).ok();
            if host.as_ref().and_then(Url::host_str).is_some_and(is_example) {
                doubt(&format!("{key}.frame_ancestors"), example(origin, "the host of the LMS"));
            }
        }
        let secret = consumer.secret.expose_secret();
        if let Some(other) = known.insert(secret, name) {
            doubt(
                &format!("{key}.secret"),
                format!(
                    "is the secret of {other} as well: whoever has one can launch as the other; give each its own"
                ),
            );
        }
        if !is_for_others {
            continue;
        }
        if name == "__consumer_key__" {
            doubt(&key, placeholder("a key of your own, such as the name of the LMS"));
        }
        if is_placeholder(&consumer.secret) {
            doubt(
                &format!("{key}.secret"),
                placeholder("a random one, such as `openssl rand -hex 32` makes"),
            );
        } else if secret.chars().count() < LEAST_SECRET {
            doubt(
                &format!("{key}.secret"),
                format!(
                    "has fewer than {LEAST_SECRET} characters: whoever finds it makes launches and grades; take a random one, such as `openssl rand -hex 32` makes"
                ),
            );
        }
    }
    if is_for_others {
        let contacts = [("lessons.contact".to_owned(), settings.lessons.contact.as_deref())];
        let own = lti.consumers.iter().map(|(name, consumer)| {
            (format!("lti.consumers.{name}.contact"), consumer.contact.as_deref())
        });
        for (key, contact) in contacts.into_iter().chain(own) {
            if contact.is_some_and(|contact| EXAMPLES.iter().any(|name| contact.contains(name))) {
                doubt(&key, placeholder("whom learners in trouble can turn to, or null"));
            }
        }
    }
}

fn times(settings: &Settings, doubt: Doubt<'_>) {
    let session = settings.session;
    if session.warning_timeout < LEAST_WARNING {
        doubt(
            "session.warning_timeout",
            format!(
                "is {} s: learners are warned while they still read; 1500 is usual",
                session.warning_timeout.as_secs()
            ),
        );
    }
    if session.check_interval > session.session_timeout {
        doubt("session.check_interval", "is longer than session.session_timeout: what a session has missed is seen late; 60 is usual".to_owned());
    }
    let Typing { scheduled, speed } = settings.typing;
    if scheduled && speed < LEAST_SPEED {
        doubt(
            "typing.speed",
            format!(
                "is {speed} characters a second: learners wait minutes for a message; 20 is usual"
            ),
        );
    }
}

/// Names of `format_strings` that are one of the program's with a slip in it, or that no text can use.
fn names(settings: &Settings, doubt: Doubt<'_>) {
    let own: Vec<String> = read::default_format_strings().map(|(name, _)| name).collect();
    for name in settings.format_strings.keys().filter(|name| !own.contains(name)) {
        let key = format!("format_strings.{name}");
        let near = own.iter().find(|known| {
            strsim::damerau_levenshtein(known, &name.replace('-', "_")) <= MOST_SLIPS
        });
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if let Some(known) = near {
            doubt(&key, format!("is none of the program's names; did you mean {known}?"));
        } else if name.is_empty() || !name.chars().all(is_name) {
            doubt(
                &key,
                "cannot be used in a text: a name is of letters, digits and _, as in ${bot_alias}"
                    .to_owned(),
            );
        }
    }
}

fn example(text: &str, what: &str) -> String {
    format!("is still {text}, an example that leads nowhere; write {what}")
}

fn placeholder(what: &str) -> String {
    format!("is still a placeholder, as in the settings that came along; write {what}")
}

fn is_placeholder(secret: &SecretString) -> bool {
    let secret = secret.expose_secret().trim().to_ascii_lowercase();
    PLACEHOLDERS.contains(&secret.as_str())
}

fn host_of(server: &str) -> Option<&str> {
    let place = server.split_once("://").map_or(server, |(_, place)| place);
    place.rsplit_once(':').map(|(host, _)| host)
}

/// Whether a domain is one that nobody can have, or under one.
fn is_example(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    EXAMPLES.iter().any(|name| {
        domain.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

/// Whether a host is this machine.
fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let is_name = matches!(Host::parse(host), Ok(Host::Domain(_)));
    is_name
        && (host.eq_ignore_ascii_case("localhost")
            || host.to_ascii_lowercase().ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_this_machine_are_told_from_places_of_others() {
        for domain in ["example.org", "jabber.Example.org", "a.b.example.com."] {
            assert!(is_example(domain), "{domain}");
        }
        for domain in ["myexample.org", "example.org.school.nl", "localhost", "school.example"] {
            assert!(!is_example(domain), "{domain}");
        }
        for host in ["localhost", "bot.localhost", "127.0.0.1", "[::1]", "127.9.9.9"] {
            assert!(is_local(host), "{host}");
        }
        for host in ["school.nl", "10.0.0.1", "localhost.school.nl", ""] {
            assert!(!is_local(host), "{host}");
        }
    }
}
