//! `otrbot lesson play` as a test of lessons: what is expected, what cannot be done, and how it ends.

use crate::authoring::support::{Folder, Said};

/// Bot and page, in a few states; all parts of the grade.
const LESSON: &str = "title: T\nstart: a\ncredit: { talking: 10%, encrypted: 40%, verified: 75% }\nstates:
  a:
    on:
      - { when: message_received, do: [{ say: \"Hello there, it’s \\\"me\\\".\" }, { say: Good day. }] }
      - { when: otr_enabled, go: b }
  b:
    needs: private
    enter: [{ say: Now we are private. }]
    on:
      - { when: smp_started, do: [answer_smp] }
      - { when: correct_secret_received, go: c }
      - { when: otr_disabled, go: a }
  c:
    needs: verified
    enter: [{ say: \"${bot_secret}\" }]
    on:
      - { when: bot_secret_accepted, go: e }
      - { when: [otr_enabled, otr_disabled], go: a }
  e: { end: true, enter: [{ say: Bye. }] }
";

const SECRET: &str = "/secret purple walrus ironing kettles";

/// Plays a script from a file.
fn play(lines: &[&str]) -> Said {
    let folder = Folder::new();
    folder.write("t.yaml", LESSON);
    folder.write("s.txt", &lines.join("\n"));
    folder.play(&["--script", "s.txt", "t.yaml"], &[])
}

#[test]
fn what_is_as_expected_holds() {
    let said = play(&[
        "hi",
        "/expect hello   THERE, it's “me”",
        // What several messages say is one text, and looking at it changes nothing.
        "/state",
        "/expect \"me\". good day.",
        "/expect not private",
        "/expect state a",
        "/expect grade 10%",
        "/expect page step: talking",
        "/otr on",
        "/expect not hello",
        "/expect not page talking",
        "/expect state b",
        "/expect grade 40%",
        // A grade that was earned does not fall.
        "/otr off",
        "/expect grade 40%",
        "/otr on",
        SECRET,
        "/expect page a shared secret is kept",
        "/smp right",
        "/expect grade 75%",
        "/expect not end",
        "/page",
        "/expect page nobody is named whom you can ask",
        "/code",
        "/expect bye",
        "/expect end",
        "/expect grade 100%",
        "/page",
        "/expect page step: done",
    ]);

    assert_eq!(said.code, 0, "{said:?}");
    let summary = said.out.lines().last().unwrap_or_default();
    let parts =
        "29 lines played, 19 expectations held; the lesson has ended, passed; the grade is 100%";
    assert!(summary.contains(parts), "{summary}");
    for shown in [
        "-- the page shows now: step: encrypted",
        "-- step: talking; the grade so far: 10%",
        "-- step: verified; the grade so far: 75%",
    ] {
        assert_eq!(
            said.out.matches(shown).count(),
            1 + usize::from(shown.contains("page")),
            "{shown}"
        );
    }
}

#[test]
fn what_is_not_as_expected_is_told_with_its_place_and_what_is_so_instead() {
    for (lines, told) in [
        (
            &["hi", "/expect good-bye"][..],
            "s.txt:2: the bot has not said \"good-bye\" since the learner's last line, but this:\n    \
             Hello there, it’s \"me\".\n    Good day.\n",
        ),
        (&["hi", "/wait 1s", "/expect hello"], "since the learner's last line, but nothing\n"),
        (
            &["hi", "", "/expect not Hello"],
            "s.txt:3: the bot has said \"Hello\", which it should not",
        ),
        (&["hi", "/expect state b"], "s.txt:2: the lesson is in a, not in b"),
        (&["hi", "/expect not state a"], "s.txt:2: the lesson is in a, where it should not be"),
        (&["hi", "/expect grade 40%"], "s.txt:2: the grade is 10%, not 40%"),
        (&["hi", "/expect not grade 10%"], "s.txt:2: the grade is 10%, which it should not be"),
        (&["hi", "/expect end"], "s.txt:2: the lesson has not ended: it is in a"),
        (&["hi", "/expect page passed"], "s.txt:2: the page has not shown \"passed\" since"),
        (
            &["hi", "/expect not page step"],
            "s.txt:2: the page has shown \"step\", which it should not",
        ),
        (
            &["/otr on", SECRET, "/smp right", "/code", "/expect not end"],
            "s.txt:5: the lesson has ended, which it should not have",
        ),
    ] {
        let said = play(lines);

        assert_eq!(said.code, 4, "{lines:?}: {said:?}");
        assert!(said.err.contains(told), "{lines:?}: {}", said.err);
        assert!(said.out.contains("-- NOT as expected: "), "{}", said.out);
    }
    // All of it is told, and the play goes on.
    let said =
        play(&["hi", "/expect a", "/expect xyz", "/otr on", "/expect uvw", "/expect state b"]);
    assert!(said.err.contains("s.txt:3: ") && said.err.contains("s.txt:5: "), "{}", said.err);
    assert!(said.out.contains("2 expectations held, 2 failed"), "{}", said.out);
}

#[test]
fn what_cannot_be_done_fails_the_script() {
    for (lines, why) in [
        (
            &["/smp right"][..],
            "s.txt:1: `/smp right` could not be done: there is no shared secret yet",
        ),
        (&["hi", "/smp wrong"], "s.txt:2: `/smp wrong` could not be done: "),
        (&["hi", "/smp question a = b"], "s.txt:2: "),
        (&["hi", "/smp abort"], "s.txt:2: "),
        (&["/otr off"], "there is no private conversation to end"),
        (&["/otr refresh"], "the chat is not private"),
        (
            &["/otr on", "/otr on"],
            "s.txt:2: `/otr on` could not be done: the chat is private already",
        ),
        (&["/code"], "the bot has not said its secret yet"),
        (&["/tell"], "the bot has not said its secret yet"),
        (&["/away", "hi"], "s.txt:2: `hi` could not be done: the learner is away"),
        (&["/back"], "the learner is not away"),
        (&["hi", "/arrive"], "the learner is there already"),
        (&["/language xx"], "there are no texts in this language"),
        (
            &["/otr on", SECRET, "/smp right", "/code", "# note", "hi", "/wait 1s", ""],
            "s.txt:6: the lesson has ended before `hi`; what is left of the script is not played: 2 lines",
        ),
        (&["hi", "/quit", "", "hi"], "s.txt:2: `/quit` stands before the end; what is left of"),
    ] {
        let said = play(lines);

        assert_eq!(said.code, 4, "{lines:?}: {said:?}");
        assert!(said.err.contains(why), "{lines:?}: {}", said.err);
    }
    assert_eq!(play(&["hi", "/quit", "# note"]).code, 0);
    let folder = Folder::new();
    folder.write("t.yaml", LESSON);
    for command in ["/page", SECRET, "/code x"] {
        let said = folder.play(&["--no-page", "t.yaml"], &["/otr on", command]);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains("standard input:2: "), "{}", said.err);
        assert!(said.out.contains("no page, and so no grade"), "{}", said.out);
    }
}

#[test]
fn wrong_lines_are_all_told_before_anything_is_played() {
    let said =
        play(&["hi", "/expect state hello", "/dance", "/expect", "/expect grade 4", "/wait"]);

    assert_eq!((said.code, said.out.as_str()), (2, ""));
    for told in [
        "s.txt:2: the lesson has no state `hello`",
        "s.txt:3: unknown command /dance; /help lists the commands",
        "s.txt:4: write /expect TEXT, ",
        "s.txt:5: `4` is no grade; write /expect grade and a part such as 0%, 40% or 100%",
        "s.txt:6: write /wait and a time",
    ] {
        assert!(said.err.contains(told), "{told}: {}", said.err);
    }
    let said = play(&["/expect state gretting", "/expct x"]);
    assert!(said.err.contains("(/expect?)"), "{}", said.err);
}

#[test]
fn the_same_seed_plays_the_same() {
    let folder = Folder::new();
    folder.write("t.yaml", LESSON);
    let lines = ["hi", "/otr on", "/client", "/otr on", SECRET, "/smp right", "/page", "/code"];
    let play = |seed: &str| folder.play(&["--seed", seed, "t.yaml"], &lines).out;

    assert_eq!(play("7"), play("7"));
    assert_ne!(play("7"), play("8"));
    // What was played without one can be played again.
    let said = folder.play(&["t.yaml"], &lines).out;
    let (_, seed) = said.rsplit_once("--seed ").unwrap_or_default();
    let seed = seed.split(' ').next().unwrap_or_default();
    assert_eq!(play(seed), said);
    assert_eq!(folder.play(&["--seed", "x", "t.yaml"], &[]).code, 2);
}

#[test]
fn scripts_of_other_systems_are_read_and_other_encodings_told() {
    let folder = Folder::new();
    folder.write("t.yaml", LESSON);
    let play = |bytes: &[u8]| {
        std::fs::write(folder.path("s.txt"), bytes).unwrap_or_default();
        folder.play(&["--script", "s.txt", "t.yaml"], &[])
    };

    let said = play("\u{feff}hi\r\n\r\n# note\r\n/expect hello\r\n".as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("> hi\n"), "{}", said.out);
    for (bytes, code, told) in [
        (&b"hi\ncaf\xe9\n"[..], 4, "s.txt:2: is not in UTF-8: byte 7, in line 2, is 0xE9"),
        (b"\xff\xfeh\0i\0", 4, "s.txt:1: is in UTF-16; save it as UTF-8"),
        (b"", 4, "s.txt: there is nothing to play in it; write what the learner writes"),
        (b"# note\n\n", 4, "s.txt: there is nothing to play in it"),
    ] {
        let said = play(bytes);
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(told), "{}", said.err);
    }
    let large = play(&vec![b'a'; (1 << 20) + 1]);
    assert!(large.code == 4 && large.err.contains("s.txt: is larger than"), "{}", large.err);
    for (script, code, told) in
        [("none.txt", 5, "none.txt: is not there"), (".", 4, ".: is a folder")]
    {
        let said = folder.play(&["--script", script, "t.yaml"], &[]);
        assert_eq!(said.code, code, "{said:?}");
        assert!(said.err.contains(told), "{}", said.err);
    }
}

#[test]
fn lines_of_another_program_are_played_as_they_come() {
    let folder = Folder::new();
    folder.write("t.yaml", LESSON);

    // Nobody has written anything: somebody has closed it at once.
    let said = folder.play(&["t.yaml"], &[]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("0 lines played, nothing was expected; the lesson has not begun"));
    // A script that tests nothing is a slip.
    let said = folder.play(&["--script", "-", "t.yaml"], &["# note"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("standard input: there is nothing to play"), "{}", said.err);
    let said = folder.play(&["--script", "-", "t.yaml"], &["hi", "/expect hello", "/expect no"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("standard input:3: "), "{}", said.err);
    let said = folder.play(&["t.yaml"], &["hi\r", "/expect hello\r", "/expect state x"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("standard input:3: the lesson has no state `x`"), "{}", said.err);
    assert!(said.out.contains("-- as expected"), "{}", said.out);
}

#[test]
fn a_lesson_is_found_by_its_file_or_its_name() {
    let folder = Folder::new();
    folder.write("mine/t.yaml", LESSON);
    for named in ["mine/t.yaml", "mine/t", "./mine/t"] {
        let said = folder.play(&[named], &["hi"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("-- t: T (en_GB)"), "{}", said.out);
    }
    folder.write("here.yaml", LESSON);
    assert_eq!(folder.lesson(&["check", "here", "basics"]).code, 0);
    for (named, code, told) in [
        ("t", 2, "there is no lesson named \"t\" (`mine/t.yaml`?)"),
        ("mine", 5, "mine: is a folder; give a file of it, such as mine/t.yaml"),
        (
            "basics.yaml",
            5,
            "basics.yaml: is not there; the lesson `basics` is called by its name alone",
        ),
        ("mine/x.yaml", 5, "mine/x.yaml: is not there\n"),
        ("mine/x", 5, "mine/x: is not there\n"),
    ] {
        for command in ["check", "graph", "play", "rubric"] {
            let said = folder.lesson(&[command, named]);
            assert_eq!(said.code, code, "{command} {named}: {said:?}");
            assert!(said.err.contains(told), "{command} {named}: {}", said.err);
        }
    }
}
