//! Addresses among words, signs, and links.

use proptest::{prelude::*, string::string_regex};

use super::*;

#[test]
fn a_word_that_may_belong_to_an_address_is_not_cut_off_at_a_sign() {
    for text in [
        "ada@jabber. de",
        "ada@jabber .de",
        "ada@jabber . de",
        "ada@jabber\u{3002} de",
        "ada@jabber\u{2026} de",
        "ada@jabber.\nde",
        "ada. lovelace@localhost",
        "ada .lovelace@localhost",
        "ada . lovelace@localhost",
        "o' brien@localhost",
        "o 'brien@localhost",
        "o\u{2019} brien@localhost",
        "ada- lovelace@localhost",
        "ada-\nlovelace@localhost",
        "ada\u{2013} lovelace@localhost",
        "ada = lovelace@localhost",
        "ada= lovelace@localhost",
        "ada_ lovelace@localhost",
        "ada _ lovelace@localhost",
        "ada, lovelace@localhost",
        "ada; lovelace@localhost",
        "ada! lovelace@localhost",
        "ada ,lovelace@localhost",
        "ada \u{2192}lovelace@localhost",
        "ada@local- host",
        "ada@local -host",
        "ada@local\u{2014} host",
        "ada@local\u{2014}\nhost",
        "ada@local' host",
        "ada@localhost ,please",
        "\"ada@localhost is mine\"",
        "xmpp:ada@local- host",
        "xmpp://ada@local host",
        "xmpp:ada. lovelace@localhost",
        "ada@localhost. Thanks",
        "ada@localhost and o' ada@localhost",
    ] {
        check_refused(text, NoAddress::Words);
    }
    for text in [
        "ada@localhost.",
        "Lovelace (Ada) ada@localhost",
        "12:01 - ada@localhost",
        "Ada \u{2014} ada@localhost",
        "Ada \u{2192} ada@localhost",
        "Ada | ada@localhost | here",
        "ada@localhost - thanks",
        "ada@localhost \u{2013} thanks.",
        "ada@localhost .",
        "ada@localhost : mine",
        "- ada@localhost",
        "\u{2022} ada@localhost",
        "\u{2709} ada@localhost \u{2714}\u{fe0f}",
        "my jid is \"ada@localhost\", ok",
        "mon adresse est \u{ab} ada@localhost \u{bb}. Merci",
        "ada@localhost (home) or work",
        "see xmpp://ada@localhost?message thanks",
    ] {
        check(text, "ada@localhost");
    }
}

#[test]
fn a_link_is_one_only_before_the_address() {
    for text in [
        "ada@localhost/xmpp:ben@localhost",
        "ada@localhost?x=xmpp:ben@localhost",
        "ada@localhost#mailto:ben@localhost",
        "xmpp:ada@localhost?x=xmpp:ben@localhost",
        "ada@localhost ada@localhost",
        "ada@localhost, Ada@LOCALHOST",
        "[ada@localhost](xmpp:ada@localhost)",
        "[Ada](ada@localhost)",
        "[Ada](mailto:ada@localhost)",
        "<a href=\"mailto:ada@localhost\">Ada</a>",
        "<a href='xmpp:ada@localhost?message' class='jid'>Ada Lovelace</a>",
        "<a href=\"xmpp:ada@localhost\" class=\"jid\">ada@localhost</a>",
        "https://xmpp.link/#ada@localhost?join",
        "HTTPS://xmpp.link/#ada%40localhost?join",
        "write to https://xmpp.link/#ada@localhost?join thanks",
    ] {
        check(text, "ada@localhost");
    }
    for text in [
        "[ada@localhost](xmpp:ben@localhost)",
        "[ada@localhost](ben@localhost)",
        "<a href=\"xmpp:ben@localhost\">ada@localhost</a>",
        "ada@localhost,xmpp:ben@localhost",
    ] {
        check_refused(text, NoAddress::Several);
    }
    for text in [
        "https://localhost/#@ada@localhost",
        "https://localhost/#to=ada@localhost",
        "https://localhost/#/ada@localhost",
    ] {
        check_refused(text, NoAddress::Malformed);
    }
}

#[test]
fn signs_before_a_name_are_none_of_it() {
    for sign in [
        "\u{2014}",
        "\u{2013}",
        "\u{2010}",
        "\u{2192}",
        "\u{21d2}",
        "\u{2709}",
        "\u{2709}\u{fe0f}",
        "\u{1f4e7}",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\u{2192}\u{201e}",
        "\u{2022}",
        "\u{25b6}",
    ] {
        check(&format!("{sign}ada@localhost"), "ada@localhost");
    }
    for text in [
        // This may be a name, or an item of a list.
        "-ada@localhost",
        "--ada@localhost",
        "\u{2014}-ada@localhost",
        "xmpp:-ada@localhost",
        "xmpp:%28ada@localhost",
        "Marv\u{2014}ada@localhost",
        "Marv\u{2192}ada@localhost",
        "ada\u{2010}lovelace@localhost",
        "ada\u{1f600}@localhost",
        "Ada(ada@localhost)",
        "work)ada@localhost",
        "1\u{fe0f}\u{20e3}ada@localhost",
    ] {
        check_refused(text, NoAddress::Malformed);
    }
}

#[test]
fn a_domain_has_letters_and_digits() {
    for domain in [
        "localhost,ben",
        "localhost;ben",
        "localhost!ben",
        "localhost=x",
        "localhost\"ben",
        "localhost'ben",
        "localhost(work)",
        "localhost)x",
        "localhost&gt;",
        "localhost&x",
        "localhost+x",
        "localhost*x",
        "localhost$x",
        "localhost~x",
        "localhost`x",
        "localhost{x}",
        "localhost\u{1f600}",
        "localhost\u{2714}\u{fe0f}",
        "\u{2764}.example",
        "xn--qei.example",
        "local\u{2192}host",
        "localhost\u{2122}",
        "localhost\u{b2}",
        "localhost\u{2460}",
        "localhost\u{24c2}\u{fe0f}",
        "localhost\u{1f170}",
        "localhost1\u{fe0f}\u{20e3}",
        "local\u{ff0c}host",
        "local\u{2014}host",
        "local\u{2010}host",
        "\u{b7}.example",
        "_",
        "localhost\u{201d}x",
    ] {
        let text = format!("ada@{domain}");
        check_refused(&text, NoAddress::Malformed);
        assert_eq!(bare_jid(&text), None, "{text}");
        assert_eq!(bare_jid(domain), None, "{domain}");
    }
    for text in [
        "ada@my_server.lan",
        "ada@l\u{b7}l.example",
        "ada@\u{30ab}\u{30fb}\u{30ab}.example",
        "ada@[2001:db8::1]",
        "ada@\u{e44}\u{e17}\u{e22}.example",
        "ada@\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd}.example",
        "ada@1und1.example",
    ] {
        check(text, text);
        assert_eq!(bare_jid(text).unwrap().as_str(), text);
    }
}

/// Texts of pieces that mean something, in an order that means nothing.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = "([ad@.:/#?<>()\\[\\]{}\"'_*=~,;%0-9 \n-]|xmpp:|mailto:|https://|%40|%2[0-9A-F]|@local\
                 |\\]\\(|xn--|[\u{2014}\u{2192}\u{200d}\u{94d}\u{b7}\u{df}\u{3c2}\u{ff0e}\u{1f600}]|\\PC)";
    let regex = format!(
        "{piece}{{0,12}}@{piece}{{0,8}}|{piece}{{0,24}}|(xmpp:)?\\PC{{1,4}}@\\PC{{1,4}}\
         |(xmpp:)?{piece}{{1,3}}@[a-z]{piece}{{0,2}}"
    );
    string_regex(&regex).unwrap()
}

proptest! {
    #[test]
    fn what_is_accepted_is_itself_when_it_is_read_again(text in odd_text()) {
        if let Ok(Address { jid, .. }) = address(&text) {
            prop_assert_eq!(bare_jid(jid.as_str()), Some(jid.clone()));
            prop_assert_eq!(address(jid.as_str()), Ok(Address { jid, was_mended: false }));
        }
        if let Some(jid) = bare_jid(&text) {
            prop_assert_eq!(bare_jid(jid.as_str()), Some(jid));
        }
    }
}
