//! Tests of the cut and of the limits.

use proptest::prelude::*;
use xmpp_parsers::message::Message;

use super::*;

const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' \
    xml:lang='en' version='1.0'>";

fn reader() -> Reader {
    Reader::new(Limits::default(), BareJid::new("bot@localhost").unwrap())
}

/// Feeds all of `text` in pieces of `chunk` bytes and gives the items after the opening.
fn items(text: &str, chunk: usize) -> Vec<Item> {
    let mut reader = reader();
    let whole = format!("{OPENING}{text}");
    let mut items = Vec::new();
    for bytes in whole.as_bytes().chunks(chunk) {
        let mut rest = bytes;
        while let Some(item) = reader.next(&mut rest).unwrap() {
            items.push(item);
        }
    }
    assert!(matches!(items.first(), Some(Item::Opened)));
    items.drain(..1);
    items
}

fn one(text: &str) -> Item {
    let mut items = items(text, usize::MAX);
    assert_eq!(items.len(), 1, "{items:?}");
    items.remove(0)
}

/// A good message after `text`, which the stream must survive.
fn rejected(text: &str) -> (Head, Rejection) {
    let mut items =
        items(&format!("{text}<message from='a@b'><body>still here</body></message>"), 4_096);
    assert!(matches!(items.pop(), Some(Item::Stanza(_))));
    let Some(Item::Bad(head, why)) = items.pop() else { panic!("not rejected") };
    (head, why)
}

fn message(item: Item) -> Message {
    let Item::Stanza(stanza) = item else { panic!("no message: {item:?}") };
    Message::try_from(*stanza).unwrap()
}

fn broken(text: &str) -> Broken {
    let mut reader = reader();
    let whole = format!("{OPENING}{text}");
    let mut rest = whole.as_bytes();
    loop {
        match reader.next(&mut rest) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("not broken"),
            Err(broken) => return broken,
        }
    }
}

#[test]
fn input_may_be_split_at_every_byte() {
    let text = " <message from='a@b/c' type='chat' id='&quot;>'><body>x &gt; y <![CDATA[</b>]]]]>\
        \u{1f600}</body></message>\n<presence/><iq type='result' id='1'/>\
        <stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>\
        </stream:stream> ";
    for chunk in 1..=OPENING.len() + text.len() {
        let mut items = items(text, chunk).into_iter();
        let first = message(items.next().unwrap());
        assert_eq!(first.get_best_body(vec![]).unwrap().1, "x > y </b>]]\u{1f600}");
        assert_eq!(first.id.unwrap().0, "\">");
        assert!(
            matches!(items.next(), Some(Item::Stanza(stanza)) if matches!(*stanza, Stanza::Presence(_)))
        );
        assert!(
            matches!(items.next(), Some(Item::Stanza(stanza)) if matches!(*stanza, Stanza::Iq(_)))
        );
        assert!(matches!(items.next(), Some(Item::Nonza(e)) if e.is("features", ns::STREAM)));
        assert!(matches!(items.next(), Some(Item::Closed)));
        assert!(items.next().is_none());
    }
}

#[test]
fn languages_are_inherited() {
    let inherited = message(one("<message><body>hello</body></message>"));
    assert_eq!(inherited.bodies.keys().next().unwrap(), "en");

    let own = message(one("<message xml:lang='de'><body>hallo</body></message>"));
    assert_eq!(own.bodies.keys().next().unwrap(), "de");

    let inner = message(one("<message xml:lang='de'><body xml:lang='fr'>salut</body></message>"));
    assert_eq!(inner.bodies.keys().next().unwrap(), "fr");
}

#[test]
fn namespaces_are_those_of_the_stream_and_the_element() {
    let Item::Nonza(element) = one("<x xmlns='urn:x'><y/><q:z xmlns:q='urn:q'/></x>") else {
        panic!("a stanza");
    };
    assert!(element.has_child("y", "urn:x"));
    assert!(element.has_child("z", "urn:q"));

    let Item::Nonza(element) = one("<message xmlns='jabber:server'/>") else {
        panic!("a stanza of another namespace is none of ours");
    };
    assert!(element.is("message", "jabber:server"));
}

#[test]
fn a_long_attribute_is_fine_up_to_the_limit() {
    let name = "i".repeat(9_000);
    message(one(&format!("<message id='{}'><{name}/></message>", "x".repeat(60_000))));

    let (head, why) =
        rejected(&format!("<message zzz='{}' from='a@b/c' id='7'/>", "x".repeat(70_000)));

    assert_eq!(why, Rejection::TokenTooLong { limit: 65_536 });
    assert_eq!(head.from, Some(Jid::new("a@b/c").unwrap()));
    assert_eq!(head.id.as_deref(), Some("7"));
}

#[test]
fn deep_nesting_is_skipped() {
    for levels in [32, 4_000, 10_000, 100_000] {
        let text = format!(
            "<iq type='set' id='9' from='a@b/c'>{}{}</iq>",
            "<x>".repeat(levels),
            "</x>".repeat(levels)
        );

        let (head, why) = rejected(&text);

        let expected = if text.len() > 262_144 && levels < 32 {
            Rejection::TooBig { limit: 262_144 }
        } else {
            Rejection::TooDeep { limit: 32 }
        };
        assert_eq!(why, expected);
        assert_eq!(head.name, "iq");
        assert_eq!(head.type_.as_deref(), Some("set"));
        assert_eq!(head.id.as_deref(), Some("9"));
    }
}

#[test]
fn as_many_levels_as_allowed_are_read() {
    let levels = 31;
    let text = format!("<message>{}{}</message>", "<x>".repeat(levels), "</x>".repeat(levels));
    message(one(&text));
}

#[test]
fn many_nodes_are_skipped_but_not_of_the_own_server() {
    let many = "<x/>".repeat(2_500);

    let (_, why) = rejected(&format!("<message from='a@b/c'>{many}</message>"));
    assert_eq!(why, Rejection::TooManyNodes { limit: 2_000 });

    message(one(&format!("<message>{many}</message>")));
    message(one(&format!("<message from='localhost'>{many}</message>")));
    message(one(&format!("<message from='bot@localhost'>{many}</message>")));

    for stranger in ["bot@localhost/x", "other@localhost", "bot@elsewhere", "\u{1f600}@localhost"] {
        let (_, why) = rejected(&format!("<message from='{stranger}'>{many}</message>"));
        assert_eq!(why, Rejection::TooManyNodes { limit: 2_000 }, "{stranger}");
    }
}

#[test]
fn big_stanzas_are_skipped_without_being_kept() {
    let mut reader = reader();
    let mut opening = OPENING.as_bytes();
    assert!(matches!(reader.next(&mut opening), Ok(Some(Item::Opened))));
    let mut start: &[u8] = b"<message from='a@b/c' id='big'><body>";
    assert!(matches!(reader.next(&mut start), Ok(None)));
    let block = vec![b'x'; 65_536];

    for _ in 0..1_000 {
        assert!(matches!(reader.next(&mut block.as_slice()), Ok(None)));
        assert!(reader.piece.capacity() <= 1 << 20);
    }
    let mut end: &[u8] = b"</body></message>";

    let Ok(Some(Item::Bad(head, why))) = reader.next(&mut end) else { panic!("not rejected") };
    assert_eq!(why, Rejection::TooBig { limit: 262_144 });
    assert_eq!(head.id.as_deref(), Some("big"));
    assert_eq!(reader.piece.capacity(), 0);
}

#[test]
fn a_tag_without_an_end_is_skipped() {
    let (head, why) = rejected(&format!("<message from='a@b/c' z='{}'/>", "x".repeat(300_000)));
    assert_eq!(why, Rejection::TooBig { limit: 262_144 });
    assert_eq!(head.from, Some(Jid::new("a@b/c").unwrap()));
}

#[test]
fn faults_of_names_and_namespaces_do_not_end_the_stream() {
    for text in [
        "<message from='a@b/c'><foo xmlns='http://www.w3.org/XML/1998/namespace'/></message>",
        "<message from='a@b/c'><u:foo/></message>",
        "<message from='a@b/c'><a:b:c xmlns:a='urn:a'/></message>",
        "<message from='a@b/c'><x a='1' a='2'/></message>",
        "<message from='a@b/c'><x></y></message>",
        "<message from='a@b/c'>&nbsp;</message>",
        "<message from='a@b/c'>&#0;</message>",
        "<message from='a@b/c'><x a=1/></message>",
    ] {
        let (head, why) = rejected(text);
        assert_eq!(why, Rejection::Malformed, "{text}");
        assert_eq!(head.from, Some(Jid::new("a@b/c").unwrap()), "{text}");
    }
}

#[test]
fn invalid_stanzas_do_not_end_the_stream() {
    for text in [
        "<message type='bogus' from='a@b/c'/>",
        "<presence from='a@b/c'><priority/></presence>",
        "<presence from='a@b/c'><show>weird</show></presence>",
        "<iq type='get' from='a@b/c' id='1'/>",
        "<iq from='a@b/c' id='1'><x xmlns='urn:x'/></iq>",
    ] {
        let (_, why) = rejected(text);
        assert!(matches!(why, Rejection::Invalid(_)), "{text}: {why:?}");
    }
}

#[test]
fn what_xmpp_forbids_ends_the_stream() {
    assert_eq!(broken("<!-- a comment -->"), Broken::Restricted);
    assert_eq!(broken("<message><!-- a comment --></message>"), Broken::Restricted);
    assert_eq!(broken("<?php x ?>"), Broken::Restricted);
    assert_eq!(broken("<message><!DOCTYPE x></message>"), Broken::Restricted);
    assert_eq!(broken("text"), Broken::NotWellFormed);
    assert_eq!(broken("<message <body/>"), Broken::NotWellFormed);
    assert_eq!(broken("</stream:stream><message/>"), Broken::NotWellFormed);
}

#[test]
fn what_is_no_stream_is_refused() {
    for text in ["<html><body/>", "HTTP/1.1 400 Bad Request", "<stream:stream>", "<a/>"] {
        let mut rest = text.as_bytes();
        assert!(reader().next(&mut rest).is_err(), "{text}");
    }
}

proptest! {
    /// Whatever comes, in whatever pieces: no panic, and the pieces make no difference.
    #[test]
    fn any_bytes_are_survived(
        parts in prop::collection::vec(
            prop_oneof![
                Just(b"<message from='a@b'>".to_vec()),
                Just(b"</message>".to_vec()),
                Just(b"<body xml:lang='de'>".to_vec()),
                Just(b"</body>".to_vec()),
                Just(b"<![CDATA[".to_vec()),
                Just(b"]]>".to_vec()),
                Just(b"<?xml?>".to_vec()),
                Just(b"<x xmlns:y='u' y:z=\"'\"/>".to_vec()),
                Just(b"&lt;&#x10ffff;&bad;".to_vec()),
                prop::collection::vec(any::<u8>(), 0..8),
            ],
            0..24,
        ),
        chunk in 1_usize..40,
    ) {
        let mut bytes = OPENING.as_bytes().to_vec();
        bytes.extend(parts.concat());
        let outcome = |chunk: usize| {
            let mut reader = reader();
            let mut seen = Vec::new();
            for piece in bytes.chunks(chunk) {
                let mut rest = piece;
                loop {
                    match reader.next(&mut rest) {
                        Ok(Some(item)) => seen.push(format!("{item:?}")),
                        Ok(None) => break,
                        Err(broken) => {
                            seen.push(format!("{broken:?}"));
                            return seen;
                        }
                    }
                }
            }
            seen
        };
        prop_assert_eq!(outcome(chunk), outcome(usize::MAX));
    }
}
