//! What chat programs call an account and its protocol in files of keys.

use jid::BareJid;
use otr::key_file::Account;

use crate::records::argument;

/// Whether the account has this name.
pub(super) fn is_of(account: &Account, name: &str) -> bool {
    names(account.name(), name)
}

/// Whether both name one account: they are written alike, or are one Jabber ID without its resource,
/// which is empty where Pidgin has none.
pub(super) fn names(known: &str, name: &str) -> bool {
    known == name || bare(name).is_some_and(|jid| bare(known) == Some(jid))
}

/// The Jabber ID in a name, without its resource.
fn bare(name: &str) -> Option<BareJid> {
    argument(name).ok()
}

/// Whether programs call XMPP so: `prpl-jabber`, `libpurple-Jabber`, `XMPP`, `prpl-gtalk` and others.
pub(super) fn is_xmpp(protocol: &str) -> bool {
    let protocol = protocol.to_ascii_lowercase();
    ["jabber", "xmpp", "gtalk", "googletalk"].iter().any(|word| protocol.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_jabber_id_is_written_in_many_ways() {
        for known in [
            "totem@example.org",
            "totem@example.org/",
            "totem@example.org/Pidgin",
            "totem@example.org/a/b",
            "Totem@EXAMPLE.org/x",
            " totem@example.org\n",
            "xmpp:totem@example.org",
            "XMPP:totem@example.org/",
        ] {
            assert!(names(known, "totem@example.org"), "{known}");
            assert!(names("totem@example.org", known), "{known}");
        }
        for other in ["totem2@example.org/", "example.org/totem", "", "/", "totem", "1"] {
            assert!(!names(other, "totem@example.org"), "{other}");
        }
        assert!(names("1", "1") && !names("1", "2") && !names("", "/"));
    }

    #[test]
    fn protocols_of_xmpp_are_known() {
        for name in [
            "prpl-jabber",
            "jabber",
            "Jabber",
            "XMPP",
            "xmpp",
            "libpurple-Jabber",
            "prpl-gtalk",
            "libpurple-jabber-gtalk",
            "GTalk",
        ] {
            assert!(is_xmpp(name), "{name}");
        }
        for name in ["prpl-bonjour", "prpl-irc", "irc", "AIM", "prpl-icq", "", "libpurple-oscar"] {
            assert!(!is_xmpp(name), "{name}");
        }
    }
}
