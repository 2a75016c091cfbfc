use super::*;

mod among;

#[track_caller]
fn check(text: &str, expected: &str) {
    let read = address(text).map(|address| address.jid.to_string());
    assert_eq!(read.as_deref(), Ok(expected), "{text:?}");
}

#[track_caller]
fn check_refused(text: &str, why: NoAddress) {
    assert_eq!(address(text), Err(why), "{text:?}");
}

#[test]
fn signs_of_the_sentence_and_signs_that_nobody_sees_are_no_part_of_an_address() {
    for text in [
        "ada@localhost",
        " Ada@LocalHost\r\n",
        "ada@localhost,",
        "ada@localhost)",
        "ada@localhost.",
        "ada@localhost...",
        "ada@localhost/",
        "ada@localhost/desk top, 2",
        "ada@localhost/x@y",
        "ada@localhost?",
        "ada@localhost!).\u{201d}",
        "ada@localhost -",
        "ada@localhost\u{2026}",
        "(ada@localhost)",
        "[ada@localhost]",
        "{ada@localhost}",
        "<ada@localhost>",
        "\"ada@localhost\"",
        "'ada@localhost'",
        "`ada@localhost`",
        "**ada@localhost**",
        "_ada@localhost_",
        "\u{201e}ada@localhost\u{201c}",
        "\u{ab}\u{a0}ada@localhost\u{a0}\u{bb}",
        "\u{300c}ada@localhost\u{300d}\u{3002}",
        "ada@localhost\u{60c}",
        "ada@localhost\u{61b}",
        "ada@localhost\u{6d4}",
        "ada@localhost\u{61f}",
        "\u{200e}ada@localhost",
        "\u{200f}ada@localhost\u{200f}",
        "\u{202a}ada@localhost\u{202c}",
        "\u{2066}ada@localhost\u{2069}",
        "\u{feff}ada@localhost\u{2060}",
        "a\u{ad}da\u{200b}@\u{200b}local\u{ad}host",
        "a\u{200d}da@local\u{200c}host\u{200d}",
        "\u{a0}ada@localhost\u{3000}",
        "\u{2028}ada@localhost\u{2029}",
        "ada\u{ff20}localhost",
        "ada\u{fe6b}localhost\u{ff0f}desk",
        "\u{ff41}\u{ff44}\u{ff41}\u{ff20}\u{ff4c}ocalhost",
        "ada%40localhost",
    ] {
        check(text, "ada@localhost");
    }
    check("ada@example\u{3002}org", "ada@example.org");
    check("ada@example\u{ff0e}org\u{ff61}", "ada@example.org");
}

#[test]
fn a_uri_is_read_as_its_specification_says() {
    for text in [
        "xmpp:ada@localhost",
        "XMPP:ada@localhost",
        "Xmpp:Ada@localhost/desk",
        "xmpp:ada@localhost?message",
        "xmpp:ada@localhost?message;subject=Hi;body=to%20eve@localhost",
        "xmpp:ada@localhost/desk?message#top",
        "xmpp:ada@localhost#top",
        "<xmpp:ada@localhost?roster;name=Ada>",
        "\u{200e}xmpp:ada@localhost?omemo-sid-1=00ff",
        "xmpp\u{ff1a}ada\u{ff20}localhost",
        "xmpp:a%64a@local%68ost",
        "xmpp:ada@localhost%E2%80%8E",
        "xmpp://ada@localhost",
        "xmpp://ada@localhost/",
        "xmpp://eve@localhost/ada@localhost?message",
        "xmpp://eve@localhost/ada@localhost/desk#x",
        "mailto:ada@localhost",
        "MAILTO:ada@localhost?subject=x",
        "jabber:ada@localhost",
        "[Ada](xmpp:ada@localhost)",
        "href=\"xmpp:ada@localhost?join\"",
    ] {
        check(text, "ada@localhost");
    }
    // The examples of RFC 5122.
    check(
        "xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com",
        "nasty!#$%()*+,-.;=?[\\]^_`{|}~node@example.com",
    );
    check(
        "xmpp:node@example.com/repulsive%20!%23%22$%25&'()*+,-.%2F:;%3C=%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~resource",
        "node@example.com",
    );
    check("xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze", "ji\u{159}i@\u{10d}echy.example");
    for text in
        ["xmpp:", "xmpp:@localhost", "xmpp:ada@", "xmpp:a%FFda@localhost", "xmpp:a%40b@localhost"]
    {
        assert!(address(text).is_err(), "{text}");
    }
    for text in ["https://ada@localhost", "sip:ada@localhost", "http://localhost/@ada"] {
        check_refused(text, NoAddress::Malformed);
    }
}

#[test]
fn one_address_among_words_is_found_where_it_is_clear_where_it_begins() {
    for text in [
        "Ada <ada@localhost>",
        "Ada<ada@localhost>",
        "Ada Lovelace <xmpp:ada@localhost>",
        "my jid is: ada@localhost",
        "Jabber-ID: ada@localhost (home)",
        "(12:01:33) Ada: ada@localhost.",
        "my address is xmpp:ada@localhost?message thanks",
        "ada@localhost, please",
        "ada@localhost <xmpp:ada@localhost>",
    ] {
        check(text, "ada@localhost");
        assert!(address(text).unwrap().was_mended, "{text}");
    }
    for text in [
        "ada lovelace@localhost",
        "my jid is ada@localhost",
        "ada@local host",
        "ada@localhost is mine",
    ] {
        check_refused(text, NoAddress::Words);
    }
    for text in [
        "ada@localhost, ben@localhost",
        "ada@localhost ben@localhost",
        "ada@localhost,ben@localhost",
        "ada@localhost;ben@localhost",
        "Ada <ada@localhost>, Ben <ben@localhost>",
    ] {
        check_refused(text, NoAddress::Several);
    }
}

#[test]
fn what_cannot_be_an_address_is_none() {
    for text in ["", "  \u{200e}\n", "...", "\"\""] {
        check_refused(text, NoAddress::Empty);
    }
    for text in ["ada", "localhost", "ada at localhost", "ada#localhost", "%ff"] {
        check_refused(text, NoAddress::NoAt);
    }
    let long_name = format!("{}@localhost", "a".repeat(1_024));
    let long_label = format!("ada@{}.org", "a".repeat(64));
    let long_domain = format!("ada@{}org", "abcdefg.".repeat(32));
    let long_text = format!("ada@localhost/{}", "x".repeat(20_000));
    for text in [
        "@localhost",
        "ada@",
        "ada@.",
        "ada@@localhost",
        "a@b@c",
        "ada @localhost",
        "ada@ localhost",
        "ada/x@localhost",
        "o'brien@localhost",
        "a&b@localhost",
        "a:b@localhost",
        "a\"b@localhost",
        "ada@localhost:5222",
        "ada@loc%61lhost",
        "ada@-localhost",
        "ada@local..host",
        "ada@.localhost",
        "ada@256.0.0.1",
        "ada@1.2.3",
        "ada@[::1",
        "ada@[::g]",
        "ada@::1",
        "ada@xn--zzzzzzzz99999999.example",
        "ada@local\u{7}host",
        "ada\u{0}@localhost",
        "\u{1f600}@localhost",
        &long_name,
        &long_label,
        &long_domain,
        &long_text,
    ] {
        assert!(address(text).is_err(), "{text:?} is {:?}", address(text));
    }
    check(&format!("{}@localhost", "a".repeat(1_023)), &format!("{}@localhost", "a".repeat(1_023)));
}

#[test]
fn what_can_be_an_address_stays_one() {
    for text in [
        "o\u{2019}brien@localhost",
        "a.b-c_d~e!f+g@localhost",
        "_ada@localhost",
        "*ada@localhost",
        "juliet@[::1]",
        "juliet@127.0.0.1",
        "juliet@3com.example",
        "\u{e4}da@b\u{fc}cher.example",
        "\u{3b1}\u{3b4}\u{3b1}@\u{3c0}\u{3b1}\u{3c1}\u{3ac}\u{3b4}\u{3b5}\u{3b9}\u{3b3}\u{3bc}\u{3b1}.example",
        // The name of a domain that ends in a sign which is no letter.
        "ada@\u{b9a}\u{bbf}\u{b99}\u{bcd}\u{b95}\u{baa}\u{bcd}\u{baa}\u{bc2}\u{bb0}\u{bcd}",
    ] {
        let read = address(text).unwrap();
        assert_eq!(read.jid.as_str(), text);
        assert!(!read.was_mended, "{text}");
    }
}

#[test]
fn spellings_of_one_address_are_one() {
    let check = |text: &str, expected: &str| {
        assert_eq!(bare_jid(text).map(|jid| jid.to_string()).as_deref(), Some(expected), "{text}");
        check(text, expected);
    };
    for text in [
        "anna@example.org",
        "Anna@Example.ORG",
        "anna@example.org.",
        "anna@example.org./desk",
        "anna@example.org/desk",
        "\u{ff41}nna@example.org",
        "anna@example.org\u{3002}",
    ] {
        check(text, "anna@example.org");
    }
    check("anna@b\u{fc}cher.example", "anna@b\u{fc}cher.example");
    check("anna@B\u{dc}CHER.example", "anna@b\u{fc}cher.example");
    check("anna@bu\u{308}cher.example", "anna@b\u{fc}cher.example");
    check("anna@xn--bcher-kva.example", "anna@b\u{fc}cher.example");
    check("anna@XN--BCHER-KVA.example/x", "anna@b\u{fc}cher.example");
    // Names that the preparation of addresses would make others of.
    check("anna@xn--strae-oqa.example", "anna@xn--strae-oqa.example");
    check("anna@stra\u{df}e.example", "anna@xn--strae-oqa.example");
    let persian = "\u{646}\u{627}\u{645}\u{647}\u{200c}\u{627}\u{6cc}.example";
    check(&format!("anna@{persian}"), "anna@xn--mgba3gch31f060k.example");
    // Letters that become large ones, and those small ones.
    check("\u{1d400}nna@example.org", "anna@example.org");
    assert_eq!(bare_jid("\u{1f110}@example.org").unwrap().as_str(), "(a)@example.org");
    check("anna@[::1]", "anna@[::1]");
    check("anna@[0:0::1]", "anna@[::1]");
    check("anna@127.0.0.1.", "anna@127.0.0.1");
    for text in ["", "anna@", "an na@example.org", "anna@example.org..", "a@b@c"] {
        assert_eq!(bare_jid(text), None, "{text}");
    }
    assert_eq!(bare_jid("Example.org").unwrap().as_str(), "example.org");
}

#[test]
fn the_address_of_a_stanza_keeps_its_resource() {
    let one = |text: &str| one_form(Jid::new(text).unwrap()).to_string();

    assert_eq!(one("anna@xn--bcher-kva.example/Desk"), "anna@b\u{fc}cher.example/Desk");
    assert_eq!(one("anna@xn--bcher-kva.example"), "anna@b\u{fc}cher.example");
    assert_eq!(one("anna@example.org/xn--x"), "anna@example.org/xn--x");
}

#[test]
fn why_a_text_is_no_address_is_told_with_what_to_give() {
    assert_eq!(argument("xmpp:ada@localhost?message").unwrap().as_str(), "ada@localhost");
    for text in ["", "ada", "ada b@c", "a@b@c"] {
        assert!(argument(text).unwrap_err().to_string().contains("name@host"), "{text}");
    }
    assert!(argument("a@b, c@d").unwrap_err().to_string().ends_with("give one"));
}
