//! Bodies as old, odd and rich programs send them.

use otr::{Policy, Version};
use otrbot::session::Effect;

use crate::bot::support::{Class, SECRET, config, secs};

/// The bot's words about the versions that it speaks.
fn is_about_versions(text: &str) -> bool {
    text.contains("has asked for a private conversation, but")
}

/// A class with this policy, in which the lesson has begun.
fn class(policy: Policy) -> Class {
    let mut class = Class::new(otrbot::session::SessionConfig { policy, ..config(Version::V3) });
    class.say("hello");
    class.forget();
    class
}

const BOTH: Policy = Policy {
    allow_v2: true,
    allow_v3: true,
    require_encryption: false,
    send_tag: false,
    whitespace_start_ake: false,
    error_start_ake: false,
};
const V2: Policy = Policy { allow_v3: false, ..BOTH };
const V3: Policy = Policy { allow_v2: false, ..BOTH };

#[test]
fn a_query_without_a_version_that_is_spoken_is_answered_in_words() {
    for (policy, bodies, spoken) in [
        (
            BOTH,
            &["?OTR?", "?OTRv?", "?OTRv4?", "?OTRv1?", "?OTR?v?", "?OTRv14x?"][..],
            "versions 2 and 3",
        ),
        (V3, &["?OTRv2?", "?OTR?v2?", "?OTRv4?"], "version 3"),
        (V2, &["?OTRv3?", "?OTRv34?\n<b>ada</b> has requested"], "version 2"),
    ] {
        for body in bodies {
            let mut class = class(policy);

            class.inject(body);

            let told = class.told();
            assert!(is_about_versions(&told), "{body}: {told}");
            assert!(told.contains(&format!("I speak {spoken}.")), "{body}: {told}");
            assert!(told.contains("Thunderbird, Pidgin with its OTR plugin"), "{body}: {told}");
            assert!(!told.contains("?OTR"), "the answer is no query: {told}");
        }
    }
}

#[test]
fn as_the_first_message_it_is_answered_too() {
    let mut class = Class::new(config(Version::V3));

    class.inject("?OTRv4?");

    let told = class.told();
    assert!(is_about_versions(&told), "{told}");
}

#[test]
fn a_flood_of_such_queries_is_answered_now_and_then() {
    let mut class = class(BOTH);

    for _ in 0..300 {
        class.inject("?OTRv4?");
        class.wait(secs(1));
    }

    let answers = class.heard().into_iter().filter(|(text, _)| is_about_versions(text)).count();
    assert_eq!(answers, 3);
    class.wait(secs(600));
    class.inject("?OTRv4?");
    assert!(is_about_versions(&class.told()));
}

/// The program that asks cannot read what is encrypted for another one.
#[test]
fn in_a_private_conversation_the_answer_goes_to_the_program_that_asks() {
    let mut class = Class::private();
    class.forget();

    class.inject("?OTRv4?");

    let told = class.heard();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(is_about_versions(&told[0].0) && !told[0].1, "{told:?}");
    class.say("help");
    assert!(class.heard().iter().all(|(_, encrypted)| *encrypted));
}

#[test]
fn a_quoted_query_leaves_the_private_conversation_alone() {
    let mut class =
        Class::new(otrbot::session::SessionConfig { policy: BOTH, ..config(Version::V3) });
    class.say("hello");
    class.start_otr();
    assert_eq!(class.learner.version(), Some(Version::V3));
    let ssid = class.learner.ssid();
    class.forget();

    class.inject("what does ?OTRv2? mean");

    assert!(class.told().contains("without encryption"), "it is a text in the clear");
    assert_eq!(class.learner.version(), Some(Version::V3));
    assert_eq!(class.learner.ssid(), ssid);
}

#[test]
fn an_older_version_is_never_taken_in_silence() {
    // Forged: who speaks the newer one goes on with that.
    let mut class =
        Class::new(otrbot::session::SessionConfig { policy: BOTH, ..config(Version::V3) });
    class.say("hello");
    class.start_otr();
    assert_eq!(class.learner.version(), Some(Version::V3));
    class.forget();
    class.inject("?OTRv2?");
    assert_eq!(class.learner.version(), Some(Version::V3));
    assert!(!class.told().contains("older version"));

    // Another program: it is understood, and the bot says what that means.
    class.change_program(V2);
    class.start_otr();
    assert_eq!(class.learner.version(), Some(Version::V2));
    let told = class.heard();
    assert!(
        told.iter()
            .any(|(text, is_encrypted)| *is_encrypted && text.contains("older version of OTR")),
        "{told:?}"
    );
}

/// Pidgin and Adium send HTML inside of OTR.
#[test]
fn markup_around_words_does_not_matter() {
    let style = "x".repeat(3_000);
    let html = |words: &str| {
        format!(
            "<html><body><div style=\"font-family: {style}\"><FONT COLOR='#000000' SIZE=\"3\">{words}</FONT></div></body></html>"
        )
    };
    for is_private in [false, true] {
        let class = || {
            let mut class = if is_private { Class::private() } else { class(V3) };
            class.forget();
            class
        };
        let answer = |words: &str| {
            let mut class = class();
            class.say(words);
            class.told()
        };
        for words in ["help", "where are we", "why", "human"] {
            let expected = answer(words);
            assert!(!expected.is_empty(), "{words}");
            assert_eq!(answer(&html(words)), expected, "{words}");
            let split = words.replacen('h', "<b>h</b>", 1).replace(' ', "&nbsp;");
            assert_eq!(answer(&format!("<span>{split}</span>")), expected, "{words}");
        }
    }
}

#[test]
fn a_secret_behind_markup_is_found() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.forget();
    let style = "x".repeat(3_000);

    class.inject(&format!("<p style='{style}'>{}</p>", SECRET.replace(' ', "&nbsp;<b></b>")));

    let told = class.told();
    assert!(told.contains("secret"), "{told}");
    assert!(!class.session.whereabouts().has_secret, "it is spent: {told}");
}

#[test]
fn what_was_read_is_known() {
    let mut class = Class::private();
    class.say("help");
    assert!(class.session.was_read());
    for (body, is_read) in [
        ("?OTR:AAMDgarbage.", false),
        ("?OTR:", false),
        ("?OTR,1,2", false),
        ("?OTR|00000100|00000101,00001,00002,?OTR:AAMD,", false),
        ("?OTRv4?", true),
        ("what is ?OTR: for", true),
        ("words", true),
    ] {
        class.inject(body);
        assert_eq!(class.session.was_read(), is_read, "{body}");
    }
    let is_otr =
        |effect: &&Effect| matches!(effect, Effect::Send { body, .. } if body.starts_with("?OTR:"));
    let own = class.effects.iter().rev().find(is_otr).cloned();
    let Some(Effect::Send { body, .. }) = own else { panic!("the bot said nothing in private") };
    class.inject(&body);
    assert!(!class.session.was_read(), "the bot's own message, reflected");
}

const DANGER: &str = "emergency";

/// What the bot says to this, in a lesson that has begun.
fn answer(body: &str) -> String {
    let mut class = class(V3);
    class.inject(body);
    class.told()
}

#[test]
fn people_in_danger_are_heard_whatever_stands_around_their_words() {
    for body in [
        "I am being arrested",
        "<I am being arrested>",
        "if a <b and I am being arrested> ok",
        "<title>I am being arrested</title>",
        "<title>I am being <b>arrested</b></title>help",
        "<!-- I am being arrested -->",
        "<b title='I am being arrested'>x</b>",
        "<b title=\"I&#32;am being&nbsp;arrested\">x</b>",
        "<blockquote>I am being arrested</blockquote>",
        "> I am being arrested",
        ">I am being arrested",
        "&gt; I am being arrested",
        "> write stop\rI am being arrested",
        "> write stop\u{2028}I am being arrested",
        "> write stop\u{2029}I am being arrested",
        "> write stop\u{85}I am being arrested",
        "I see ?OTR: in the chat. I am being arrested",
        "what is ?OTR:. I am being arrested",
        "and ?OTR,1,2,I am being arrested, please",
    ] {
        let told = answer(body);
        assert!(told.contains(DANGER), "{body:?}: {told}");
        let mut class = Class::private();
        class.say(body);
        let told = class.told();
        assert!(told.contains(DANGER), "{body:?} in private: {told}");
    }
}

#[test]
fn the_bot_is_not_alarmed_by_its_own_words() {
    let alarmed = || {
        let mut class = class(V3);
        class.say("I am being arrested");
        let lines: Vec<String> = class.heard().into_iter().map(|(text, _)| text).collect();
        assert!(lines.iter().any(|line| line.contains(DANGER)), "{lines:?}");
        (class, lines)
    };
    let after = |body: &str| {
        let (mut class, _) = alarmed();
        class.say(body);
        class.told()
    };
    let again = "turn to people who can be with you now";
    for line in alarmed().1 {
        let cut: String = line.chars().take(60).collect();
        for body in [
            format!("> {line}\nthank you"),
            format!("> {cut}\nthank you"),
            format!("<blockquote>{line}</blockquote>thank you"),
            format!("&gt; {line}"),
        ] {
            let told = after(&body);
            assert!(!told.contains(DANGER) && !told.contains(again), "{body}: {told}");
        }
        let told = after(&format!("> {line}\nI am being arrested"));
        assert!(told.contains(DANGER) || told.contains(again), "{line}: {told}");
    }
}

#[test]
fn words_in_angle_brackets_are_words() {
    for (body, same) in [
        ("<where are we>", "where are we"),
        ("<b>where are we</b>", "where are we"),
        ("<blockquote>write stop</blockquote>where are we", "where are we"),
        ("> write stop\r\nwhere are we", "where are we"),
        ("> write stop\u{2028}where are we", "where are we"),
    ] {
        let told = answer(body);
        assert!(!told.is_empty());
        assert_eq!(told, answer(same), "{body}");
    }
}

#[test]
fn a_secret_is_told_wherever_it_stands_in_a_body() {
    let words = SECRET.replace(' ', "&nbsp;");
    for body in [
        format!("> {SECRET}\nyes"),
        format!("<blockquote>{SECRET}</blockquote>yes"),
        format!("<title>{SECRET}</title>yes"),
        format!("<!-- {SECRET} -->yes"),
        format!("<b title='{SECRET}'>yes</b>"),
        format!("<b title='{words}'>yes</b>"),
        format!("<title>{}</title>", SECRET.replace(' ', " <b></b>")),
    ] {
        let mut class = Class::private();
        class.enter_secret(SECRET);
        class.inject(&body);
        assert!(!class.session.whereabouts().has_secret, "{body}");

        // The same before it is agreed on.
        let mut class = Class::private();
        class.say("hello");
        class.inject(&body);
        assert_eq!(class.enter_secret(SECRET), otrbot::session::SecretVerdict::Told, "{body}");
    }
    for question in [format!("is it <!-- {SECRET} -->?"), format!("<title>{SECRET}</title>?")] {
        let mut class = Class::private();
        class.enter_secret(SECRET);
        class.start_smp_with("x", Some(&question));
        assert!(!class.session.whereabouts().has_secret, "{question}");
    }
}

#[test]
fn what_a_program_marks_as_the_words_of_others_is_listened_to_for_secrets() {
    for own in ["yes", ""] {
        let mut class = Class::private();
        class.enter_secret(SECRET);
        class.forget();
        class.inject_marked(&format!("Ada: {SECRET}\nyes"), own);
        assert!(!class.session.whereabouts().has_secret, "{own:?}");
        assert!(class.told().contains("secret"), "{own:?}: they are told so");

        let mut class = Class::verified();
        let secret = class.bot_secret().unwrap();
        class.forget();
        class.inject_marked(&format!("Ada: {secret}\nyes"), own);
        assert_ne!(class.told(), "", "{own:?}");

        let mut class = self::class(V3);
        class.inject_marked("Ada: I am being arrested\nyes", own);
        assert!(!class.told().contains(DANGER), "{own:?}: it is not about them");
    }
    // Anything else in it is nobody's.
    let mut class = class(V3);
    class.inject_marked("write stop\nwhere are we", "where are we");
    assert_eq!(class.told(), answer("where are we"));
    class.inject_marked("\u{1f44d} where are we", "");
    assert_eq!(class.told(), "");
}

#[test]
fn who_must_encrypt_is_told_of_versions_in_words_that_can_be_read() {
    for body in ["?OTRv4?", "?OTRv1?"] {
        let mut class = class(Policy { require_encryption: true, ..V3 });

        class.inject(body);

        let heard = class.heard();
        assert!(
            heard.iter().any(|(text, is_private)| is_about_versions(text) && !is_private),
            "{body}: {heard:?}"
        );
    }
}
