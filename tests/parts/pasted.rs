//! What people paste may be anything, and is read in no time.

use std::time::{Duration, Instant};

use otrbot::records::{ClaimNumber, address, bare_jid};

/// Much longer than any reading takes, and much shorter than one that takes the square of the length.
const LONG: Duration = Duration::from_millis(500);

#[track_caller]
fn check(what: &str, odd: &str, read: impl FnOnce()) {
    #[expect(clippy::disallowed_methods, reason = "the test is about the time that it takes")]
    let begin = Instant::now();
    read();
    let took = begin.elapsed();
    assert!(took < LONG, "{what} of many {odd:?}: {took:?}");
}

#[test]
fn long_texts_are_read_in_no_time() {
    for odd in [
        "a@b ",
        "a@b. ",
        "@",
        "a",
        "xmpp:",
        "](",
        "<",
        "-",
        "*",
        "_",
        "'",
        "[a@b](",
        " ",
        "\u{4e2d}",
        "(",
        "%40",
        "a@b,",
        "\u{1f600}",
        "im:",
        "https://#",
        ".",
        "\u{200d}",
        "=",
        "a.",
        "<a@b>",
        "\u{b9a}\u{bbf}.",
        "1",
        "123 ",
        "123456 ",
        "123,",
        "<b",
    ] {
        let many = odd.repeat(9_000 / odd.len());
        let texts = [
            many.clone(),
            format!("ada@{many}"),
            format!("{many}@localhost"),
            format!("{} ada@localhost {}", &odd.repeat(500), &odd.repeat(500)),
        ];
        for text in texts {
            check("an address", odd, || drop(address(&text)));
            check("a Jabber ID", odd, || drop(bare_jid(&text)));
            check("numbers", odd, || assert!(ClaimNumber::find(&text).iter().count() <= 8));
        }
    }
    // The longest text that is read at all, with an address in it.
    let text = "a@b ".repeat(2_500);
    check("an address", "a@b", || assert_eq!(address(&text).unwrap().jid.as_str(), "a@b"));
}
