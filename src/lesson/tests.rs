//! What parsing takes and refuses.

use super::*;

/// A lesson that is right, in the words of the module's own documentation.
fn documented() -> String {
    include_str!("mod.rs")
        .lines()
        .skip_while(|line| !line.contains("```yaml"))
        .skip(1)
        .take_while(|line| !line.contains("```"))
        .map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

fn faults(yaml: &str) -> Vec<String> {
    parse(yaml).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(yaml: &str, told: &[&str]) {
    let faults = faults(yaml);
    assert_eq!(faults.len(), told.len(), "{faults:#?}");
    for (fault, told) in faults.iter().zip(told) {
        assert!(fault.contains(told), "{fault}\ndoes not tell: {told}");
    }
}

#[test]
fn the_documented_lesson_is_taken() {
    let lesson = parse(&documented()).unwrap();

    assert_eq!(lesson.title(), "Saying hello");
    assert_eq!(lesson.topics()[0].words, "help, how, what");
    let texts: Vec<&str> = lesson.texts().iter().map(|text| text.msgid.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Saying hello",
            "help, how, what",
            "Hello, I am ${bot_alias}.",
            "Now we are private.",
            "I am a simple bot.",
            "Look for a padlock.",
        ]
    );
    let state = &lesson.graph().states()[0];
    assert_eq!(state.reactions.len(), 4);
    assert_eq!(state.reactions[1].trigger.to_string(), "otr_enabled if has_secret, not verified");
}

#[test]
fn all_faults_are_told_each_with_its_place() {
    let yaml = "\
titel: Typo
start: nowhere
states:
  a:
    enter:
      - say: Hello ${nobody}
      - dance
      - say: ''
    on:
      - when: otr_enabeld
        go: b
      - when: message_received
        about: nothing
        go: c
      - after: 5 minutes
        go: b
      - when: otr_enabled
        after: 5s
      - { when: smp_aborted, if: [not funny], go: b }
  b:
    end: maybe
";
    check(
        yaml,
        &[
            "1:1: unknown key `titel` (`title`?), expected one of: title, extends, includes,",
            "1:1: `title` is missing",
            "2:8: the lesson starts in `nowhere`, which is none of its states",
            "6:14: unknown variable `${nobody}`, expected one of: bot_alias,",
            "7:9: unknown action `dance`, expected one of: hush, start_smp,",
            "8:14: the text is empty",
            "10:15: unknown event `otr_enabeld` (`otr_enabled`?), expected one of:",
            "13:16: unknown topic `nothing`, expected one of: ",
            "14:13: there is no state `c`",
            "15:16: `5 minutes` is no time",
            "17:9: a reaction has either `when` or `after`",
            "19:35: unknown condition `funny`, expected one of: has_secret,",
            "21:10: expected `true` or `false`, found a text",
        ],
    );
}

#[test]
fn names_of_states_are_checked() {
    check(
        "title: T\nstart: helo\nstates:\n  hello:\n    on:\n      - when: otr_enabled\n        go: dne\n  done: { end: true }\n",
        &[
            "2:8: the lesson starts in `helo`, which is none of its states (`hello`?)",
            "7:13: there is no state `dne` (`done`?)",
        ],
    );
}

#[test]
fn states_without_a_way_in_or_out_are_told() {
    check(
        "title: T\nstart: a\nstates:\n  a: {}\n  b: { end: true }\n",
        &[
            "4:3: no way leads from `a` to a state with `end: true`",
            "5:3: no way leads from the start to `b`",
        ],
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place() {
    let told = faults("title: T\nstart: [a\nstates: {}\n");

    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("2:8: the bracket [ "), "{told:?}");
    check(
        "- a\n- b\n",
        &["1:1: expected keys and values, found a list; write them without `- ` in front"],
    );
    check(&"x".repeat(2 << 20), &["the file is larger than the 1 MiB"]);
}

#[test]
fn a_key_that_is_there_twice_is_told() {
    let told = faults("title: T\nstart: a\nstates:\n  a: { end: true }\n  a: { end: true }\n");

    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("5:3: ") && told[0].contains('a'), "{told:?}");
}

/// A lesson with two states: one in the clear, and `v`, which needs a verified conversation.
fn verified(v: &str, way_in: &str) -> String {
    format!(
        "title: T
start: a
states:
  a:
    on:
      - {way_in}
      - {{ when: message_received, go: end }}
  v:
    needs: verified
{v}
  end: {{ end: true }}
"
    )
}

const GUARDED: &str = "    on:
      - { when: otr_disabled, go: a }
      - { when: otr_enabled, if: [not verified], go: a }
      - { when: otr_enabled, if: [verified] }
      - { when: otr_enabled, go: a }";

#[test]
fn the_bot_secret_is_for_verified_conversations() {
    let secret = "    enter:\n      - say: It is ${bot_secret}\n";
    let way_in = "{ when: correct_secret_received, go: v }";
    assert!(parse(&verified(&format!("{secret}{GUARDED}"), way_in)).is_ok());

    let exposed = verified(GUARDED, way_in)
        .replace("  a:\n", "  a:\n    enter:\n      - say: It is ${bot_secret}\n");
    check(&exposed, &["6:14: this text carries the bot secret"]);
    let on_leaving = verified(&format!("{}{GUARDED}", secret.replace("enter", "leave")), way_in);
    check(&on_leaving, &["this text carries the bot secret"]);
    let in_reaction = verified(GUARDED, "{ when: smp_started, do: [say: '${bot_secret}'] }")
        .replace("message_received, go: end", "correct_secret_received, go: v")
        .replace("otr_disabled, go: a", "otr_disabled, go: end");
    check(&in_reaction, &["this text carries the bot secret"]);
}

#[test]
fn a_state_gets_what_it_needs_and_gives_up_when_it_is_gone() {
    for way_in in [
        "{ when: correct_secret_received, go: v }",
        "{ when: message_received, if: [verified], go: v }",
    ] {
        assert!(parse(&verified(GUARDED, way_in)).is_ok(), "{way_in}");
    }
    for way_in in [
        "{ when: otr_enabled, go: v }",
        "{ when: message_received, if: [not verified], go: v }",
        "{ when: message_received, if: [private], go: v }",
    ] {
        check(&verified(GUARDED, way_in), &["`v` needs a verified conversation, which is not"]);
    }
    let way_in = "{ when: correct_secret_received, go: v }";
    for (line, without) in [
        ("{ when: otr_disabled, go: a }", "otr_disabled"),
        ("{ when: otr_enabled, go: a }", "otr_enabled"),
    ] {
        let unguarded = GUARDED.replace(line, "{ when: message_received, go: a }");
        check(&verified(&unguarded, way_in), &[&format!("every `{without}` must lead to")]);
    }
    let stays = GUARDED.replace("otr_disabled, go: a", "otr_disabled");
    let stays = stays.replace("if: [verified] }", "if: [verified], go: a }");
    check(&verified(&stays, way_in), &["every `otr_disabled` must lead to"]);
}

#[test]
fn combinations_that_mean_nothing_are_told() {
    check(
        "title: T\nstart: a\nanywhere:\n  - { after: 5s, go: b }\nstates:\n  a:\n    on:\n      - \
         { when: otr_enabled, at_most_every: 5s, go: b }\n    hints:\n      - { after: 9s, do: [] }\n      \
         - { after: 3s, do: [] }\n  b: { end: true }\n",
        &["belong to a state", "does not go together with `go`", "must rise"],
    );
}

#[test]
fn parts_of_the_grade_rise_with_the_milestones() {
    let lesson = |credit: &str| {
        format!(
            "title: T\nstart: a\ncredit: {credit}\nstates:\n  a:\n    on:\n      - {{ when: message_received, go: b }}\n  b: {{ end: true }}\n"
        )
    };
    let given = parse(&lesson("{ verified: 75%, talking: 10% }")).unwrap();
    let credit = |milestone| given.credit(milestone);
    assert_eq!(credit(Milestone::Talking), Some(0.1));
    assert_eq!(credit(Milestone::Encrypted), Some(0.1), "no less than before");
    assert_eq!(credit(Milestone::Verified), Some(0.75));
    let late = parse(&lesson("{ encrypted: 40% }")).unwrap();
    assert_eq!(late.credit(Milestone::Talking), None);

    check(&lesson("{ talking: 50%, verified: 40% }"), &["must rise"]);
    for percent in ["0%", "100%", "40.5%", "-1%", "300%", "all"] {
        let fault = format!("3:20: `{percent}` is no part of a grade");
        check(&lesson(&format!("{{ talking: {percent} }}")), &[&fault]);
    }
    check(&lesson("{ done: 50% }"), &["milestone"]);
}

#[test]
fn a_round_of_states_that_always_leads_on_is_a_fault() {
    let lesson = |of_a: &str, of_b: &str| {
        format!(
            "title: T\nstart: a\nstates:\n  a:\n    on:\n{of_a}      - {{ when: otr_enabled, go: c }}\n  b:\n    \
             on:\n{of_b}      - {{ when: otr_enabled, go: c }}\n  c: {{ end: true }}\n"
        )
    };
    let go =
        |claims: &str, to: &str| format!("      - {{ when: entered, if: [{claims}], go: {to} }}\n");
    let to_a = go("", "a");
    let by_smp = "      - { when: smp_aborted, go: b }\n".to_owned();
    for (of_a, of_b, place) in [
        (go("", "b"), to_a.clone(), "6:9"),
        (by_smp.clone(), go("", "b"), "10:9"),
        (go("private", "b") + &go("not private", "b"), to_a.clone(), "7:9"),
        (go("private", "b") + &go("not verified", "a"), to_a.clone(), "6:9"),
    ] {
        let told = faults(&lesson(&of_a, &of_b));
        let is_told = told.iter().any(|fault| {
            fault.starts_with(&format!("{place}: ")) && fault.contains("by `entered` without end")
        });
        assert!(is_told, "{of_a}{told:?}");
    }
    for (of_a, of_b) in [
        (go("has_page", "b"), to_a.clone()),
        (go("has_page", "b"), go("not has_page", "a")),
        (go("has_page", "c") + &go("", "b"), to_a.clone()),
        (by_smp, to_a),
    ] {
        let parsed = parse(&lesson(&of_a, &of_b));
        assert!(parsed.is_ok(), "{of_a}{parsed:?}");
    }
}

#[test]
fn a_round_is_found_among_more_conditions_than_are_tried_together() {
    let conditions = [
        "has_secret",
        "bot_may_start_smp",
        "bot_secret_given",
        "passed",
        "speaking",
        "has_page",
        "keeps_key",
        "returning",
        "has_contact",
        "in_the_clear",
        "mismatched_often",
        "interrupted",
    ];
    let ways = conditions.map(|c| format!("      - {{ when: entered, if: [{c}], go: b }}\n"));
    let lesson = |last: &str| {
        format!(
            "title: T\nstart: a\nstates:\n  a:\n    on:\n{}{last}      - {{ when: otr_enabled, go: c }}\n  b:\n    \
             on:\n      - {{ when: entered, go: a }}\n  d:\n    on:\n      - {{ when: entered, go: e }}\n  e:\n    \
             on:\n      - {{ when: entered, go: d }}\n      - {{ when: otr_enabled, go: c }}\n  c: {{ end: true }}\n",
            ways.concat()
        )
    };
    let told = faults(&lesson("      - { when: smp_aborted, go: d }\n"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("without end: `d`, `e`, `d`"), "{told:?}");
}

/// A lesson with these lines about states that were moved.
fn with_moved(moved: &str) -> String {
    format!(
        "title: T\nstart: a\nmoved:\n{moved}states:\n  a:\n    on:\n      - when: otr_enabled\n        \
         go: bee\n  bee:\n    on:\n      - when: message_received\n        go: end\n  end:\n    end: true\n"
    )
}

#[test]
fn states_that_were_moved_are_found_by_their_old_names() {
    let lesson = parse(&with_moved("  one: two\n  two: bee\n  three: a\n")).unwrap();
    let name = |old: &str| Some(lesson.graph().state(lesson.moved(old)?)?.name.clone());

    assert_eq!(name("one").as_deref(), Some("bee"));
    assert_eq!(name("two").as_deref(), Some("bee"));
    assert_eq!(name("three").as_deref(), Some("a"));
    assert_eq!(name("bee"), None);
}

#[test]
fn what_is_wrong_with_a_moved_state_is_told_with_its_place() {
    for (moved, told) in [
        (
            "  one: be\n",
            &["4:8: `one` is moved to `be`, which is no state of this lesson (`bee`?)"][..],
        ),
        ("  a: bee\n", &["4:3: `a` is a state of this lesson, so nobody has to be moved"]),
        ("  one: end\n", &["4:8: `one` is moved to `end`, where the lesson ends"]),
        // A chain is told of where it breaks.
        ("  one: two\n  two: nowhere\n", &["5:8: `two` is moved to `nowhere`, which is no state"]),
        (
            "  one: two\n  two: one\n  three: one\n",
            &[
                "4:8: `moved` leads from `one` round to `one` again",
                "5:8: `moved` leads from `two`",
            ],
        ),
        ("  one: one\n", &["4:8: `moved` leads from `one` round to `one` again"]),
        ("  one: [a]\n", &["4:8: expected a text, found a list"]),
        ("  - one\n", &["4:3: expected keys and values, found a list"]),
        ("", &["3:1: expected keys and values, found nothing"]),
    ] {
        check(&with_moved(moved), told);
    }
}

#[test]
fn what_is_included_moves_no_states() {
    let shared = "topics: { help: help }\nmoved: { one: a }\n";
    let told = parse_shared(shared).unwrap_err().to_string();
    assert!(told.contains("unknown key `moved`"), "{told}");

    let bases = BTreeMap::from([("shared".to_owned(), shared.to_owned())]);
    let yaml = format!("includes: shared\n{}", with_moved("  one: bee\n"));
    let told = parse_in(&yaml, &[], &bases).unwrap_err().to_string();
    assert!(told.contains("1:11: what is included is no lesson"), "{told}");
}
