//! Who reads Jabber IDs: people paste them in many forms, and `records::address` knows all of these.

use super::paths::paths;

/// What makes a Jabber ID of a text.
const READERS: [&str; 2] = ["new", "from_str"];
/// The types of Jabber IDs.
const JIDS: [&str; 3] = ["BareJid", "FullJid", "Jid"];
/// The same where what is read shows in no path.
const WORDS: [&str; 4] =
    ["parse::<Jid>", "parse::<BareJid>", "parse::<FullJid>", "value_parser!(BareJid)"];
/// Who may: the one place, and the crate that reads what servers write.
const MAY: [&str; 2] = ["src/records/address", "crates/xmpp/"];

/// The faults of a file of `src` or of a crate. Code for unit tests is left out.
pub(super) fn faults(file: &str, text: &str) -> Vec<String> {
    let is_ours = file.starts_with("src/") || file.starts_with("crates/");
    if !is_ours || MAY.iter().any(|place| file.starts_with(place)) {
        return Vec::new();
    }
    let fault = |line: usize| format!("{file}:{line}: records::address reads Jabber IDs");
    let named = paths(&[], text).unwrap_or_default();
    let by_path = named.iter().filter(|named| {
        matches!(named.path.as_slice(), [.., jid, read]
            if JIDS.contains(&jid.as_str()) && READERS.contains(&read.as_str()))
    });
    let lines = text.lines().enumerate();
    let by_word = lines.filter(|(_, line)| WORDS.iter().any(|word| line.contains(word)));
    let lines = by_path.map(|named| named.line).chain(by_word.map(|(ix, _)| ix + 1));
    lines.map(fault).collect()
}

#[test]
fn jabber_ids_are_read_in_one_place() {
    let fault =
        |file: &str, line| vec![format!("{file}:{line}: records::address reads Jabber IDs")];
    for read in [
        "use jid::BareJid;\nfn f() { BareJid::new(\"a@b\"); }",
        "use jid::Jid as J;\nfn f() { J::new(\"a@b\"); }",
        "\nfn f() { \"a@b\".parse::<Jid>(); }",
        "\nfn f() { let read = jid::FullJid::from_str; }",
    ] {
        assert_eq!(faults("src/forget.rs", read), fault("src/forget.rs", 2), "{read}");
        assert_eq!(faults("crates/otr/src/x.rs", read), fault("crates/otr/src/x.rs", 2), "{read}");
        for may in ["src/records/address.rs", "crates/xmpp/src/xml.rs", "tests/parts/x.rs"] {
            assert_eq!(faults(may, read), [""; 0], "{read}");
        }
    }
    assert_eq!(faults("src/x.rs", "use jid::BareJid;\nfn f(jid: &BareJid) {}"), [""; 0]);
}
