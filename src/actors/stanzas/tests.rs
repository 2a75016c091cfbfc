use super::*;
use crate::session::Meaning;

/// 2026-01-02, at noon.
const NOW: i64 = 1_767_355_200;

fn bot() -> Bot {
    Bot { alias: "Marvin".into(), title: "OTR Bot".into() }
}

fn own() -> BareJid {
    BareJid::new("bot@localhost").unwrap()
}

fn read_now(stream: Stream, stanza: Stanza) -> Reading {
    let (own, bot) = (own(), bot());
    read(Reader { own: &own, bot: &bot, stream, is_component: false, now: NOW }, stanza)
}

/// What a component reads.
fn read_there(xml: &str) -> Reading {
    let (own, bot) = (BareJid::new("bot@lessons.localhost").unwrap(), bot());
    let reader = Reader { own: &own, bot: &bot, stream: Stream::New, is_component: true, now: NOW };
    read(reader, parse(xml))
}

fn parse(xml: &str) -> Stanza {
    let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
    xso::from_bytes(xml.as_bytes()).unwrap()
}

#[track_caller]
fn check_ignored(xml: &str, why: &str) {
    assert_eq!(read_now(Stream::New, parse(xml)), Reading::Ignored(why.to_owned().leak()));
}

#[test]
fn a_chat_message_is_received_with_its_full_address() {
    let xml = "<message from='a@b/c' type='chat' xml:lang='en'><body>hi</body></message>";

    let reading = read_now(Stream::New, parse(xml));

    let from = Jid::new("a@b/c").unwrap();
    assert_eq!(reading, Reading::Received(Incoming::Chat("hi".into()), from));
}

#[test]
fn what_must_not_be_answered_is_not() {
    check_ignored("<message from='a@b' type='error'><body>x</body></message>", "error");
    check_ignored("<message from='a@b' type='groupchat'><body>x</body></message>", "groupchat");
    check_ignored("<message from='a@b' type='headline'><body>x</body></message>", "headline");
    check_ignored("<message from='bot@localhost/x'><body>x</body></message>", "own account");
    check_ignored("<message from='a@b'></message>", "no body");
    for copy in [
        "<received xmlns='urn:xmpp:carbons:2'/>",
        "<sent xmlns='urn:xmpp:carbons:2'/>",
        "<forwarded xmlns='urn:xmpp:forward:0'/>",
        "<x xmlns='http://jabber.org/protocol/muc#user'/>",
    ] {
        check_ignored(&format!("<message from='a@b/c'>{copy}<body>x</body></message>"), "copy");
    }
}

#[test]
fn what_the_server_kept_for_a_broken_line_is_read_when_the_stream_goes_on() {
    let xml = "<message from='a@b/c'><body>?OTR:AAM=.</body><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>";

    let reading = read_now(Stream::Resumed, parse(xml));

    assert!(matches!(reading, Reading::Received(Incoming::Chat(_), _)), "{reading:?}");
}

#[test]
fn an_error_tells_at_most_that_a_client_is_gone() {
    let error = |from: &str, condition: &str| {
        let xml = format!(
            "<message from='{from}' type='error'><body>x</body><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
        );
        read_now(Stream::New, parse(&xml))
    };

    let gone = Reading::Received(Incoming::Unavailable, Jid::new("a@b/c").unwrap());
    assert_eq!(error("a@b/c", "service-unavailable"), gone);
    assert_eq!(error("a@b/c", "recipient-unavailable"), gone);
    assert_eq!(error("a@b", "service-unavailable"), Reading::Ignored("error"));
    assert_eq!(error("a@b/c", "not-acceptable"), Reading::Ignored("error"));
    assert_eq!(error("bot@localhost/x", "service-unavailable"), Reading::Ignored("error"));
}

#[test]
fn a_roster_push_is_taken_from_the_own_account_alone() {
    let push = |from: &str| {
        let xml = format!(
            "<iq {from} id='1' type='set'><query xmlns='jabber:iq:roster'><item jid='eve@x' subscription='both'/></query></iq>"
        );
        let reading = read_now(Stream::New, parse(&xml));
        let Reading::Reply(reply) = reading else { panic!("{reading:?}") };
        matches!(*reply, Stanza::Iq(Iq::Result { .. }))
    };

    assert!(push("to='bot@localhost/otrbot'") && push("from='bot@localhost'"));
    for forger in ["from='eve@x/y'", "from='localhost'", "from='bot@localhost/other'"] {
        assert!(!push(forger), "{forger}");
    }
}

#[test]
fn chat_states_go_to_those_who_know_them() {
    let sent = |what: Outgoing, states: Support| -> String {
        let to = Jid::new("a@b/c").unwrap();
        deliver(&bot(), Deliver { to, what }, states, None, || "1".into())
            .iter()
            .map(|stanza| String::from_utf8(xso::to_vec(stanza).unwrap()).unwrap())
            .collect()
    };
    let chat = |otr| Outgoing::Chat { body: "x".into(), otr, meaning: Meaning::Nothing };

    assert!(sent(Outgoing::Composing(true), Support::Yes).contains("<composing"));
    assert_eq!(sent(Outgoing::Composing(true), Support::Unknown), "");
    assert_eq!(sent(Outgoing::Composing(false), Support::No), "");
    assert!(sent(chat(true), Support::Yes).contains("<active"));
    assert!(!sent(chat(true), Support::Unknown).contains("<active"));
    assert!(sent(chat(false), Support::Unknown).contains("<active"));
    assert!(!sent(chat(false), Support::No).contains("<active"));
}

#[test]
fn the_hash_of_the_capabilities_is_that_of_the_specification() {
    let example: Element = "<query xmlns='http://jabber.org/protocol/disco#info'>\
        <identity category='client' name='Exodus 0.9.1' type='pc'/>\
        <feature var='http://jabber.org/protocol/disco#items'/>\
        <feature var='http://jabber.org/protocol/caps'/>\
        <feature var='http://jabber.org/protocol/muc'/>\
        <feature var='http://jabber.org/protocol/disco#info'/></query>"
        .parse()
        .unwrap();

    let caps = caps_of(&DiscoInfoResult::try_from(example).unwrap());

    assert!(caps_node(&caps).ends_with("#QgayPKawpkPSDYmwT/WM94uAlu0="), "{caps:?}");
}

#[test]
fn a_ping_is_answered_and_an_unknown_request_refused() {
    let ping = "<iq from='a@b/c' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>";
    let unknown = "<iq from='a@b/c' id='2' type='set'><query xmlns='jabber:iq:roster'/></iq>";

    let replies = [ping, unknown].map(|xml| read_now(Stream::New, parse(xml)));

    let [Reading::Reply(answer), Reading::Reply(refusal)] = replies else { panic!() };
    assert!(matches!(*answer, Stanza::Iq(Iq::Result { .. })));
    assert!(matches!(*refusal, Stanza::Iq(Iq::Error { .. })));
}

#[test]
fn an_otr_message_carries_its_hints() {
    let to = Jid::new("a@b/c").unwrap();
    let what =
        Outgoing::Chat { body: "?OTR:AAM\u{1}=.".into(), otr: true, meaning: Meaning::Nothing };

    let stanzas = deliver(&bot(), Deliver { to, what }, Support::Yes, None, || "1".into());

    let xml = String::from_utf8(xso::to_vec(&stanzas[0]).unwrap()).unwrap();
    for part in
        ["no-copy", "no-permanent-store", "urn:xmpp:eme:0", "urn:xmpp:carbons:2", "?OTR:AAM=."]
    {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
}

#[test]
fn words_that_waited_on_the_server_are_read_and_old_otr_messages_are_not() {
    let read = |body: &str, delay: &str| {
        let xml = format!("<message from='a@b/c'><body>{body}</body>{delay}</message>");
        match read_now(Stream::New, parse(&xml)) {
            Reading::Received(Incoming::Chat(_), _) => true,
            Reading::Ignored("delayed") => false,
            other @ (Reading::Received(..)
            | Reading::Receipted(..)
            | Reading::Reply(_)
            | Reading::Ignored(_)) => panic!("{other:?}"),
        }
    };
    let since = |stamp: &str| format!("<delay xmlns='urn:xmpp:delay' stamp='{stamp}'/>");
    let just_now = since("2026-01-02T11:58:30Z");
    let an_hour_ago = since("2026-01-02T11:00:00Z");
    let last_year = since("2025-01-02T12:00:00Z");
    let future = since("2026-01-02T12:05:00Z");

    assert!(read("hi", &just_now) && read("hi", &an_hour_ago) && read("hi", &future));
    assert!(!read("hi", &last_year));
    assert!(read("?OTR:AAM=.", &just_now) && read("?OTR:AAM=.", &future));
    assert!(!read("?OTR:AAM=.", &an_hour_ago));
    assert!(!read("?OTR:AAM=.", &format!("{just_now}{an_hour_ago}")));
    // Without a time that can be read.
    for delay in ["<x xmlns='jabber:x:delay'/>", "<delay xmlns='urn:xmpp:delay' stamp='x'/>"] {
        assert!(read("hi", delay) && !read("?OTR:AAM=.", delay), "{delay}");
    }
}

#[test]
fn a_component_answers_from_the_address_that_was_asked() {
    let disco = |to: &str| {
        let xml = format!(
            "<iq from='a@b/c' to='{to}' id='1' type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        );
        let Reading::Reply(reply) = read_there(&xml) else { panic!() };
        String::from_utf8(xso::to_vec(&*reply).unwrap()).unwrap()
    };

    for to in ["bot@lessons.localhost", "bot@lessons.localhost/otrbot", "lessons.localhost"] {
        let answer = disco(to);
        assert!(answer.contains(&format!("from='{to}'")), "{answer}");
        assert!(answer.contains("type='result'"), "{answer}");
    }
    let nobody = disco("nobody@lessons.localhost");
    assert!(nobody.contains("from='nobody@lessons.localhost'"), "{nobody}");
    assert!(nobody.contains("item-not-found"), "{nobody}");
}

#[test]
fn nobody_else_lives_in_the_domain_of_a_component() {
    let replied = |xml: &str| {
        let Reading::Reply(reply) = read_there(xml) else { panic!("{xml}") };
        String::from_utf8(xso::to_vec(&*reply).unwrap()).unwrap()
    };

    let bounced = replied(
        "<message from='a@b/c' to='nobody@lessons.localhost' id='7'><body>hi</body></message>",
    );
    for part in ["type='error'", "from='nobody@lessons.localhost'", "id='7'", "item-not-found"] {
        assert!(bounced.contains(part), "{part} is not in {bounced}");
    }
    let refused = replied("<presence from='a@b' to='nobody@lessons.localhost' type='subscribe'/>");
    for part in ["type='unsubscribed'", "from='nobody@lessons.localhost'", "to='a@b'"] {
        assert!(refused.contains(part), "{part} is not in {refused}");
    }
    for silent in [
        "<message from='a@b/c' to='nobody@lessons.localhost' type='error'><body>hi</body></message>",
        "<presence from='a@b/c' to='nobody@lessons.localhost'/>",
        "<iq from='a@b/c' to='nobody@lessons.localhost' type='result' id='1'/>",
    ] {
        assert!(matches!(read_there(silent), Reading::Ignored(_)), "{silent}");
    }
    let own = "<message from='a@b/c' to='bot@lessons.localhost'><body>hi</body></message>";
    assert!(matches!(read_there(own), Reading::Received(Incoming::Chat(_), _)));
}

#[test]
fn a_contact_request_that_comes_back_tells_why() {
    let error = |condition: &str| {
        let xml = format!(
            "<presence from='a@b' type='error'><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"
        );
        read_now(Stream::New, parse(&xml))
    };
    let because = |why| Reading::Received(Incoming::Unreachable(why), Jid::new("a@b").unwrap());

    assert_eq!(error("remote-server-not-found"), because(Unreachable::NoServer));
    assert_eq!(error("item-not-found"), because(Unreachable::NoAddress));
    assert_eq!(error("service-unavailable"), because(Unreachable::NoAddress));
    assert_eq!(error("not-acceptable"), Reading::Ignored("presence"));
}

#[test]
fn a_reply_is_read_without_what_it_quotes_and_a_reaction_is_no_message() {
    let reading = |body: &str, payload: &str| {
        let xml = format!(
            "<message from='a@b/c' id='7'><body>{body}</body><request xmlns='urn:xmpp:receipts'/>{payload}</message>"
        );
        read_now(Stream::New, parse(&xml))
    };
    let fallback = |what: &str, range: &str| {
        format!("<fallback xmlns='urn:xmpp:fallback:0' for='{what}'><body {range}/></fallback>")
    };
    let from = Jid::new("a@b/c").unwrap();
    let received = |what: Incoming| Reading::Receipted(what, from.clone(), "7".to_owned());
    let marked = |body: &str, own: &str| {
        received(Incoming::Marked { body: body.to_owned(), own: own.to_owned() })
    };

    let quote = fallback("urn:xmpp:reply:0", "start='0' end='15'");
    assert_eq!(reading("&gt; write \"stop\"\nyes", &quote), marked("> write \"stop\"\nyes", "yes"));
    // What is measured is what is left.
    let longest = "x".repeat(LONGEST_BODY);
    let long = format!("{longest}yes");
    let range = format!("start='0' end='{LONGEST_BODY}'");
    let rest = reading(&long, &fallback("urn:xmpp:reply:0", &range));
    assert_eq!(rest, marked(&longest, "yes"));
    let thumb = reading("&gt; a\n\u{1f44d}", &fallback("urn:xmpp:reactions:0", ""));
    assert_eq!(thumb, marked("> a\n\u{1f44d}", ""));
    for whole in
        [reading("?OTR:AAMC=.", &quote), reading("?OTR:AAMC=.", &fallback("urn:xmpp:sfs:0", ""))]
    {
        assert_eq!(whole, received(Incoming::Chat("?OTR:AAMC=.".to_owned())));
    }
    let file = reading("https://x.org/a.png", &fallback("urn:xmpp:sfs:0", ""));
    assert_eq!(file, received(Incoming::Chat("https://x.org/a.png".to_owned())));
}

#[test]
fn an_address_is_one_however_its_domain_is_written() {
    let from = |xml: &str| match read_now(Stream::New, parse(xml)) {
        Reading::Received(_, from) => from.to_string(),
        other @ (Reading::Receipted(..) | Reading::Reply(_) | Reading::Ignored(_)) => {
            panic!("{other:?}")
        }
    };

    for domain in ["xn--bcher-kva.example", "b\u{fc}cher.example"] {
        let unicode = "a@b\u{fc}cher.example/c";
        assert_eq!(
            from(&format!("<message from='a@{domain}/c'><body>hi</body></message>")),
            unicode
        );
        assert_eq!(from(&format!("<presence from='a@{domain}/c'/>")), unicode);
    }
}
