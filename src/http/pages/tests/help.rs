//! What helps a learner on every page: whom to turn to, their language, their chat program.

use super::*;

#[test]
fn every_page_of_a_learner_says_whom_they_can_turn_to_and_that_nobody_reads_along() {
    for page in pages(&frame()) {
        let is_teachers = page.contains("action=\"/course\"") || page.contains("class=\"lesson\"");
        let n_contacts = page.matches("id=\"contact\"").count();
        assert_eq!(n_contacts, usize::from(!is_teachers), "{page}");
        assert_eq!(page.contains("Nobody reads along"), !is_teachers, "{page}");
        assert_eq!(page.contains("&lt;help&gt;@school.example"), !is_teachers, "{page}");
    }
    let trouble = Trouble { kind: ProblemKind::Expired, reference: String::new(), other: None };
    let page = problem(&frame().house, &trouble).into_string();
    assert!(page.contains("id=\"contact\"") && page.contains("@school.example"), "{page}");
    let page = hello_world(&frame().house, "Tool").into_string();
    assert!(!page.contains("id=\"contact\""), "{page}");
}

#[test]
fn without_a_contact_the_page_names_those_that_everybody_has() {
    let house = House { contact: None, ..frame().house };

    let page = start(&Frame { house, ..frame() }).into_string();

    assert!(page.contains("id=\"contact\"") && page.contains("local emergency services"), "{page}");
    assert!(!page.contains("Contact: "), "{page}");
}

#[test]
fn the_languages_are_named_by_themselves_and_lead_to_the_same_page() {
    let page = ask_for_secret(&frame(), &status_of(None), None).into_string();
    let (_, form) = page.split_once("<nav class=\"languages\"").unwrap();
    let (form, _) = form.split_once("</nav>").unwrap();

    assert!(
        form.contains("action=\"/ask_for_secret\"") && form.contains("name=\"again\""),
        "{form}"
    );
    let arabic = "value=\"ar\" lang=\"ar\" dir=\"rtl\">العربية</button>";
    let english = "value=\"en-GB\" lang=\"en-GB\" dir=\"ltr\" aria-current=\"true\">English<";
    assert!(form.contains(arabic) && form.contains(english), "{form}");
    let page = start(&frame()).into_string();
    assert!(page.contains("name=\"start\" value=\"1\""), "{page}");
    let alone = Frame { languages: frame().languages.split_off(1), ..frame() };
    assert!(!start(&alone).into_string().contains("name=\"language\""));
    assert!(!teacher(&frame(), &course(1, 0), None).into_string().contains("name=\"language\""));
}

#[test]
fn who_begins_is_told_which_programs_can_be_used_and_which_cannot() {
    let page = start(&frame()).into_string();
    let (before, programs) = page.split_once("<details id=\"programs\">").unwrap();
    let (programs, after) = programs.split_once("</details>").unwrap();

    assert!(before.contains("What you need") && after.contains("How it goes"), "{page}");
    for name in [
        "Thunderbird",
        "Pidgin",
        "Psi+",
        "CoyIM",
        "Profanity",
        "mcabber",
        "BitlBee",
        "irssi",
        "WeeChat",
        "Signal, WhatsApp and Telegram cannot",
        "For telephones",
    ] {
        assert!(programs.contains(name), "{name}: {programs}");
    }
}

#[test]
fn in_a_language_from_right_to_left_names_and_commands_are_isolated() {
    let arabic = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
        msgid \"Type /otr theirfp in the conversation.\"\n\
        msgstr \"اكتب /otr theirfp في المحادثة.\"\n";
    let (arabic, _) = Catalog::parse_po("ar", "ar.po", arabic.as_bytes()).unwrap();
    let frame = Frame { house: House { catalog: Arc::new(arabic), ..frame().house }, ..frame() };
    let now = whereabouts(Progress::Encrypted);

    let page = enter_jid(&frame, &Asked::default()).into_string();
    let parts = status(&frame, LivePage::Chat, &status_of(Some(&now))).into_string();

    assert!(page.contains("dir=\"rtl\"") && page.contains("<bdi dir=\"ltr\">"), "{page}");
    let command = "اكتب <bdi dir=\"ltr\">/otr theirfp</bdi> في المحادثة.";
    assert!(parts.contains(command), "{parts}");
    for text in [page, parts] {
        let marks = ['\u{200e}', '\u{200f}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];
        assert!(!text.contains(marks), "invisible characters: {text}");
    }
}

#[test]
fn what_is_english_for_want_of_a_translation_says_so_in_every_language() {
    for (locale, own) in [("nl", "lang=\"nl\" dir=\"ltr\""), ("ar", "lang=\"ar\" dir=\"rtl\"")] {
        let po = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
            msgid \"Your Jabber ID\"\nmsgstr \"Hier\"\n\n\
            msgid \"Type /otr theirfp in the conversation.\"\nmsgstr \"Tik.\"\n";
        let (catalog, _) = Catalog::parse_po(locale, "x.po", po.as_bytes()).unwrap();
        let frame =
            Frame { house: House { catalog: Arc::new(catalog), ..frame().house }, ..frame() };
        let now = whereabouts(Progress::Encrypted);

        let page = enter_jid(&frame, &Asked::default()).into_string();
        let parts = status(&frame, LivePage::Chat, &status_of(Some(&now))).into_string();

        assert!(page.contains(&format!("<html {own}>")), "{page}");
        let english = "<span lang=\"en\" dir=\"ltr\">";
        assert!(page.contains(&format!("{english}Continue</span>")), "{page}");
        assert!(page.contains("<h1>Hier</h1>"), "{page}");
        assert!(parts.contains(english), "{parts}");
        assert!(parts.contains(">Tik.<"), "{parts}");
        for text in [page, parts] {
            assert!(!text.contains(['\u{fdd0}', '\u{fdd1}']), "{text}");
        }
    }
    let page = enter_jid(&frame(), &Asked::default()).into_string();
    assert!(!page.contains("lang=\"en\""), "English lacks nothing: {page}");
}
