//! SIGHUP: languages, lessons and the files of the pages are read anew while the bot goes on.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::Daemon;
use support::stage;
use support::wait::{PATIENCE, poll};
use support::web;

/// A lesson of one state, with this title and this way out.
fn lesson(way_out: &str) -> String {
    format!(
        "title: Short\nstart: here\nstates:\n  here:\n    on:\n      - when: message_received\n        \
         go: {way_out}\n  there:\n    end: true\n"
    )
}

fn write_dutch(folder: &Path, hello: &str) {
    let folder = folder.join("locales/nl_NL/LC_MESSAGES");
    fs::create_dir_all(&folder).unwrap();
    let po = format!(
        "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
         msgid \"Hello, world!\"\nmsgstr \"{hello}\"\n"
    );
    fs::write(folder.join("otrbot.po"), po).unwrap();
}

#[test]
fn a_hang_up_brings_new_translations_and_a_faulty_lesson_leaves_all_as_it_was() {
    let folder = TempDir::new().unwrap();
    write_dutch(folder.path(), "Hallo daar!");
    fs::create_dir(folder.path().join("lessons")).unwrap();
    fs::create_dir(folder.path().join("static")).unwrap();
    let sheet = folder.path().join("static/otrbot.css");
    fs::write(&sheet, "/* One. */").unwrap();
    let file = folder.path().join("lessons/short.yaml");
    fs::write(&file, lesson("there")).unwrap();
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.log_level = "info";
    let root = folder.path().display().to_string();
    script.more = format!(
        "locales_folder: {root}/locales\nstatic_folder: {root}/static\nlessons: {{ folder: {root}/lessons }}\n"
    );
    let daemon = Daemon::start(program(), script);
    let url = format!("{}hello_world", daemon.launch_url());
    let says = |words: &str| {
        let page = web::get_in(&url, "nl");
        // The rest of the language is the one that the program carries.
        assert!(page.html.contains("lang=\"nl-NL\""), "{}", page.html);
        page.text().contains(words).then_some(())
    };
    assert_eq!(says("Hallo daar!"), Some(()));
    let css = || web::get_in(&format!("{}static/otrbot.css", daemon.launch_url()), "nl").html;
    assert_eq!(css(), "/* One. */");

    write_dutch(folder.path(), "Dag wereld!");
    fs::write(&sheet, "/* Two. */").unwrap();
    daemon.hang_up();

    assert_eq!(poll(PATIENCE, || says("Dag wereld!")), Some(()), "{}", daemon.log());
    assert_eq!(poll(PATIENCE, || (css() == "/* Two. */").then_some(())), Some(()));

    fs::write(&file, lesson("nowhere")).unwrap();
    write_dutch(folder.path(), "Tot ziens!");
    daemon.hang_up();
    daemon.wait_for_log("the old lessons and locales stay", PATIENCE);
    assert!(daemon.log().contains("short.yaml"), "{}", daemon.log());
    assert_eq!(says("Dag wereld!"), Some(()));
}

#[test]
fn a_language_whose_file_breaks_stays_as_it_was_and_a_new_one_is_there_at_once() {
    let folder = TempDir::new().unwrap();
    write_dutch(folder.path(), "Hallo daar!");
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.log_level = "info";
    let root = folder.path().display().to_string();
    script.more = format!("locales_folder: {root}/locales\n");
    let daemon = Daemon::start(program(), script);
    let url = format!("{}hello_world", daemon.launch_url());
    let says = |locale: &str, words: &str| {
        let page = web::get_in(&url, locale);
        page.text().contains(words).then_some(page)
    };
    assert!(says("nl", "Hallo daar!").is_some());

    // A translator begins a language, and translates one text of it.
    let otrbot = |arguments: &[&str]| {
        let output = std::process::Command::new(program())
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("OTRBOT_ENV")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    otrbot(&["extract", "-o", "messages.pot"]);
    otrbot(&["init", "messages.pot", "pt_BR"]);
    let po = folder.path().join("locales/pt_BR/LC_MESSAGES/otrbot.po");
    let begun = fs::read_to_string(&po).unwrap();
    let text = "msgid \"Hello, world!\"\nmsgstr \"\"";
    assert!(begun.contains(text));
    fs::write(&po, begun.replace(text, &text.replace("msgstr \"\"", "msgstr \"Bom dia!\"")))
        .unwrap();
    otrbot(&["compile", "-l", "pt_BR"]);
    // The Dutch file is broken meanwhile.
    let dutch = folder.path().join("locales/nl_NL/LC_MESSAGES/otrbot.po");
    let mut broken = fs::read_to_string(&dutch).unwrap().replace("Hallo daar!", "Dag wereld!");
    broken.push_str("\nmsgid \"a\"\nmsgstr \"\\q\"\n");
    fs::write(&dutch, broken).unwrap();
    daemon.hang_up();

    let page = poll(PATIENCE, || says("pt-BR", "Bom dia!"));
    let page = page.unwrap_or_else(|| panic!("{}", daemon.log()));
    assert!(page.html.contains("lang=\"pt-BR\""), "{}", page.html);
    assert!(page.html.contains("<span lang=\"en\" dir=\"ltr\">"), "{}", page.html);
    assert!(says("nl", "Hallo daar!").is_some(), "the older texts go on");
    let log = daemon.log();
    let told = log.lines().find(|line| line.contains("the older texts go on")).unwrap();
    assert!(told.contains("nl_NL") && told.contains("otrbot.po:8: "), "{told}");

    write_dutch(folder.path(), "Tot ziens!");
    daemon.hang_up();
    assert!(poll(PATIENCE, || says("nl", "Tot ziens!")).is_some(), "{}", daemon.log());
}
