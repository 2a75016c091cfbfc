//! What no honest learner sends.

use otrbot::session::{Excess, Note};

use crate::bot::support::{A_WHILE, Class, SECRET, secs};

#[test]
fn a_flood_is_answered_once_and_then_now_and_then() {
    let mut class = Class::private();

    for _ in 0..1_000 {
        class.send_too_much(Excess::Messages);
        class.send_too_much(Excess::Length);
    }
    let told = class.heard();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0.contains("too fast") && told[0].1, "{told:?}");

    class.wait(secs(599));
    class.forget();
    class.send_too_much(Excess::Messages);
    assert_eq!(class.told(), "");
    class.wait(A_WHILE);
    class.send_too_much(Excess::Length);
    assert!(class.told().contains("too long"));
}

#[test]
fn a_flood_before_the_first_word_is_not_answered() {
    let mut class = Class::standard();

    class.send_too_much(Excess::Messages);

    assert!(class.effects.is_empty());
}

#[test]
fn texts_of_a_megabyte_are_answered_once() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    let big = "help me ".repeat(1 << 17);

    for _ in 0..20 {
        class.inject(&big);
    }

    let told = class.heard();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].0.contains("too long"), "{told:?}");
}

#[test]
fn ten_thousand_queries_are_answered_a_few_times() {
    let mut class = Class::standard();
    class.inject("hello");
    let n_sent = class.wire().len();

    for _ in 0..10_000 {
        class.inject("?OTRv23?");
        class.inject("?OTR?");
        class.inject("?OTR?v2?");
    }

    assert!(class.wire().len() - n_sent < 60, "{}", class.wire().len() - n_sent);
}

#[test]
fn otr_that_is_not_otr_is_survived_and_hardly_answered() {
    let mut class = Class::private();
    let n_sent = class.wire().len();
    for number in 0..2_000_u32 {
        class.inject(&format!("?OTR:{number}."));
        class.inject(&format!("?OTR:AAMC{number:08}."));
        class.inject(&format!("?OTR:AAMD{}.", "A".repeat(400)));
        class.inject(&format!("?OTR|{number:08x}|00000100,00001,00009,x,"));
        class.inject("?OTR Error: no");
        class.inject("?OTR,1,2,x,");
        class.inject("?OTR");
    }
    assert!(class.wire().len() - n_sent < 40, "{}", class.wire().len() - n_sent);

    class.wait(secs(120));
    class.enter_secret(SECRET);
    class.forget();
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn characters_that_cannot_be_seen_are_nothing_special() {
    let strange = [
        "\0\u{1}\u{7}\u{8}\u{1b}[2J",
        "\u{202e}pleh\u{202c}\u{2066}\u{2069}",
        "he\u{200b}lp\u{feff}\u{200d}",
        "\u{fffe}\u{ffff}\u{10ffff}",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        " \t\r\n\u{a0}\u{3000}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "${bot_secret} ${fingerprint} ${} ${",
        "%s%n{}{0}\\",
    ];
    let mut class = Class::verified();
    class.forget();

    for text in strange {
        class.say(text);
        class.inject(text);
        assert_ne!(format!("{:?}", class.enter_bot_secret(text)), "Right");
        class.enter_secret(text);
    }

    let told = class.told();
    assert!(!told.contains('\u{202e}') && !told.contains('\u{1b}'), "{told:?}");
    assert!(!class.notes().contains(&Note::Refused("line too long")));
    class.wait(secs(60));
    class.say("help");
    assert!(class.bot_secret().is_some());
}
