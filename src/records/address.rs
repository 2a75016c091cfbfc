//! One address, however it is written.

use jid::{BareJid, Jid};

/// The bare Jabber ID that a text names; `None` where it is none. A resource, another case and a dot at
/// the end of the domain make no other address of it.
pub fn bare_jid(text: &str) -> Option<BareJid> {
    let jid = Jid::new(text).ok()?.into_bare();
    let name = jid.domain().as_str().trim_end_matches('.');
    if name == jid.domain().as_str() {
        return Some(jid);
    }
    let text = jid.node().map_or_else(|| name.to_owned(), |node| format!("{node}@{name}"));
    BareJid::new(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                bare_jid(text).map(|jid| jid.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        };
        for text in [
            "anna@example.org",
            "Anna@Example.ORG",
            "anna@example.org.",
            "anna@example.org./desk",
            "anna@example.org/desk",
            "\u{ff41}nna@example.org",
        ] {
            check(text, "anna@example.org");
        }
        check("anna@b\u{fc}cher.example", "anna@b\u{fc}cher.example");
        check("anna@[::1]", "anna@[::1]");
        check("anna@127.0.0.1.", "anna@127.0.0.1");
        for text in
            ["", "anna@", "an na@example.org", "anna@example.org..", "anna@example.org\u{3002}"]
        {
            assert_eq!(bare_jid(text), None, "{text}");
        }
    }
}
