//! Reactions that are never taken, and conditions that say nothing.

use super::*;

#[test]
fn reactions_that_others_always_go_before_are_told() {
    check(&[
        (
            on(
                "      - when: message_received\n      - when: message_received\n        if: [private]\n",
            ),
            &["18:9 `message_received` is never taken in `a`: the one in line 17 always goes"],
        ),
        (
            on(
                "      - when: message_received\n        if: [private]\n      - when: message_received\n",
            ),
            &[],
        ),
        // What follows from a condition, from the event, and from what the state needs.
        (
            on(
                "      - when: message_received\n        if: [private]\n      - when: message_received\n        if: [verified]\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
        (
            on("      - when: otr_enabled\n        if: [private]\n      - when: otr_enabled\n"),
            &[
                "18:14 `private` says nothing: it always holds when there is `otr_enabled`",
                "19:9 the one in line 17 always goes before it",
            ],
        ),
        (
            Written {
                verified: "      - when: message_received\n        if: [private]\n        about: help\n      - when: message_received\n        about: help\n",
                ..Written::default()
            },
            &[
                "26:14 `private` says nothing: it always holds in `b`",
                "28:9 the one in line 25 always goes before it",
            ],
        ),
        // Several that together take everything.
        (
            on(
                "      - when: smp_aborted\n        if: [has_page]\n      - when: smp_aborted\n        if: [not has_page]\n      - when: smp_aborted\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        (
            on(
                "      - when: smp_aborted\n        if: [has_page]\n      - when: smp_aborted\n        if: [not has_contact]\n      - when: smp_aborted\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: secret_received\n        if: [not verified]\n      - when: secret_received\n        if: [private]\n      - when: secret_received\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        // Lists of events and of topics.
        (
            on("      - when: [smp_aborted, smp_started]\n      - when: smp_started\n"),
            &["18:9 this reaction to `smp_started` is never taken in `a`: the one in line 17"],
        ),
        (
            on("      - when: smp_started\n      - when: [smp_aborted, smp_started]\n"),
            &["18:9 this reaction to `smp_started` is never taken in `a`: the one in line 17"],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: more\n      - when: message_received\n        about: [help, more]\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        (
            on(
                "      - when: message_received\n        about: [help, more]\n      - when: message_received\n        about: more\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: [more, help]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: message_received\n      - when: message_received\n        about: help\n",
            ),
            &[],
        ),
    ]);
}

#[test]
fn the_order_of_reactions_is_that_in_which_they_are_tried() {
    check(&[
        // Those that ask for rest are tried first.
        (
            on(
                "      - when: message_received\n      - when: message_received\n        if: [resting]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: help\n        if: [resting]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: smp_aborted\n      - when: smp_aborted\n        if: [resting]\n      - when: smp_aborted\n        if: [not resting]\n",
            ),
            &["17:9 one of those in lines 18, 20 always goes before it"],
        ),
        // What is done at most every so often takes the event all the same.
        (
            on(
                "      - when: smp_aborted\n        at_most_every: 20s\n      - when: smp_aborted\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
    ]);
}

#[test]
fn what_comes_by_waiting_or_by_coming_in_can_come_too_late() {
    check(&[
        (
            on("      - after: 1m\n        go: end\n      - after: 2m\n        go: end\n"),
            &["19:9 this reaction to waiting is never taken in `a`: the one in line 17"],
        ),
        (
            on("      - after: 2m\n        go: end\n      - after: 1m\n        go: end\n"),
            &["17:9 this reaction to waiting is never taken in `a`: the one in line 19"],
        ),
        (
            on("      - after: 1m\n        go: end\n      - after: 1m\n"),
            &["19:9 this reaction to waiting is never taken"],
        ),
        (on("      - after: 1m\n      - after: 2m\n        go: end\n"), &[]),
        // What does not hold after a minute may hold after two.
        (
            on(
                "      - after: 1m\n        if: [private]\n        go: end\n      - after: 2m\n        if: [private]\n",
            ),
            &[],
        ),
        (
            on(
                "      - after: 1m\n        if: [private]\n        go: end\n      - after: 1m\n        if: [private]\n",
            ),
            &["20:9 this reaction to waiting is never taken"],
        ),
        (on("      - when: entered\n      - when: entered\n        if: [private]\n"), &[]),
        (
            on(
                "      - when: entered\n        if: [private]\n        go: end\n      - when: entered\n        if: [verified]\n",
            ),
            &["20:9 this reaction to `entered` is never taken"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 30s\n        do: [tell_task]\n      - after: 2m\n        do: [hush]\n",
                ..on("      - after: 1m\n        go: end\n")
            },
            &["19:9 this hint never comes: the reaction in line 22"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 2m\n        do: [hush]\n",
                ..on(
                    "      - after: 1m\n        go: end\n      - when: smp_aborted\n        hint: true\n",
                )
            },
            &[],
        ),
        (
            Written {
                state: "    hints:\n      - after: 2m\n        do: [tell_task]\n      - after: 2m\n        do: [hush]\n",
                ..Written::default()
            },
            &["19:9 this hint comes at the same time as the one before"],
        ),
    ]);
}

#[test]
fn what_a_state_says_in_the_place_of_anywhere_is_meant_so() {
    check(&[
        (on("      - when: message_received\n        about: [help, more]\n"), &[]),
        (
            Written {
                top: Some(
                    "topics: { danger: danger }\nurgent: danger\nanywhere:\n  - when: message_received\n    about: danger\n  - when: message_received\n  - when: message_received\n",
                ),
                ..on("      - when: message_received\n")
            },
            &["9:5 this reaction to `message_received` is never taken: the one in line 8"],
        ),
    ]);
}

#[test]
fn conditions_that_never_or_always_hold_are_told() {
    check(&[
        (
            on("      - when: smp_aborted\n        if: [verified, not verified]\n"),
            &[
                "18:24 this reaction is never taken: `not verified` never holds together with `verified`",
            ],
        ),
        (
            on("      - when: smp_aborted\n        if: [verified, not private]\n"),
            &["18:24 `not private` never holds together with `verified`"],
        ),
        (
            on("      - when: smp_aborted\n        if: [not private, has_page, verified]\n"),
            &["18:37 `verified` never holds together with `not private`"],
        ),
        (
            on("      - when: otr_enabled\n        if: [not private]\n"),
            &["18:14 `not private` never holds when there is `otr_enabled`"],
        ),
        (
            on("      - when: otr_disabled\n        if: [verified]\n"),
            &["18:14 `verified` never holds when there is `otr_disabled`"],
        ),
        (
            on("      - when: bot_secret_accepted\n        if: [not passed]\n"),
            &["18:14 `not passed` never holds when there is `bot_secret_accepted`"],
        ),
        (
            Written {
                verified: "      - when: message_received\n        if: [has_page, not private]\n",
                ..Written::default()
            },
            &["26:24 `not private` never holds in `b`, which needs a verified conversation"],
        ),
        (
            Written {
                verified: "      - after: 1m\n        if: [verified]\n",
                ..Written::default()
            },
            &["26:14 the condition `verified` says nothing: it always holds in `b`"],
        ),
        (
            on("      - when: smp_aborted\n        if: [has_page, has_page]\n"),
            &["18:24 the condition `has_page` stands in this list twice"],
        ),
        (
            on("      - when: [smp_aborted, smp_aborted]\n"),
            &["17:29 the event `smp_aborted` stands in this list twice"],
        ),
        (
            on("      - when: message_received\n        about: [help, help]\n"),
            &["18:23 the topic `help` stands in this list twice"],
        ),
        (
            on("      - when: smp_aborted\n        if: [private, not verified]\n"),
            &["18:14 `private` says nothing"],
        ),
        (on("      - when: message_received\n        if: [private, not verified]\n"), &[]),
        // Where there are other events, too, it says something.
        (on("      - when: [otr_enabled, otr_trouble]\n        if: [private]\n"), &[]),
    ]);
}
