//! What is shown of the plays.

use std::{collections::BTreeMap, fmt};

use super::trial::{Failing, Outcome, Verdict};

use crate::drawing::words::counted;

/// How many lines that show what was wrong are shown of each learner.
const N_SHOWN: usize = 12;

/// A learner, and what they got.
#[derive(Debug)]
pub(super) struct Played {
    learner: String,
    /// The state in which they were difficult.
    state: String,
    outcome: Outcome,
}

impl Played {
    pub(super) fn of(learner: &str, state: &str, outcome: Outcome) -> Self {
        Self { learner: learner.to_owned(), state: state.to_owned(), outcome }
    }

    fn is_ok(&self) -> bool {
        self.outcome.failings.is_empty()
    }
}

/// All plays of a lesson.
#[derive(Debug)]
pub(super) struct Report(Vec<Played>);

impl Report {
    pub(super) fn of(plays: impl Iterator<Item = Played>) -> Self {
        Self(plays.collect())
    }

    /// How many plays there were.
    pub(super) fn n_plays(&self) -> usize {
        self.0.len()
    }

    /// In how many of them something was wrong.
    pub(super) fn n_failed(&self) -> usize {
        self.0.iter().filter(|played| !played.is_ok()).count()
    }

    /// A table: the learner, the verdict, and what was wrong. With `verbose`, whole transcripts.
    pub(super) fn show(&self, title: &str, verbose: bool) -> String {
        let Self(plays) = self;
        let mut shown = format!("{title}\n");
        if verbose {
            for played in plays {
                let Played { learner, state, outcome } = played;
                let verdict = if played.is_ok() { "ok" } else { "not ok" };
                add(&mut shown, format_args!("\n=== {learner}{}: {verdict}\n", within(state)));
                for line in &outcome.transcript {
                    add(&mut shown, format_args!("{line}\n"));
                }
            }
            shown.push('\n');
        }
        let mut by_learner: Vec<(&str, Vec<&Played>)> = Vec::new();
        for played in plays {
            match by_learner.last_mut().filter(|(learner, _)| *learner == played.learner) {
                Some((_, same)) => same.push(played),
                None => by_learner.push((&played.learner, vec![played])),
            }
        }
        for (learner, plays) in by_learner {
            shown.push_str(&row(learner, &plays, verbose));
        }
        shown.push_str(&self.summary());
        shown
    }

    fn summary(&self) -> String {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for failing in self.0.iter().flat_map(|played| &played.outcome.failings) {
            *counts.entry(failing.verdict).or_default() += 1;
        }
        let counts: Vec<String> =
            counts.iter().map(|(verdict, n)| format!("{n} {verdict}")).collect();
        let plays = counted(self.n_plays(), "play");
        if counts.is_empty() {
            return format!("{plays}: nobody was let down");
        }
        format!("{plays}, {} with failings: {}", self.n_failed(), counts.join(", "))
    }
}

fn within(state: &str) -> String {
    if state.is_empty() { String::new() } else { format!(" in {state}") }
}

/// A learner in all states.
fn row(learner: &str, plays: &[&Played], verbose: bool) -> String {
    let failings = || plays.iter().flat_map(|played| &played.outcome.failings);
    let worst = failings().map(|failing| failing.verdict).max();
    let states = counted(plays.len(), "state");
    if plays.iter().all(|played| played.outcome.is_skipped) {
        return format!("{learner:<30} -             there is nothing to play\n");
    }
    let Some(worst) = worst else { return format!("{learner:<30} ok            {states}\n") };
    let n_failed = plays.iter().filter(|played| !played.is_ok()).count();
    let mut row = format!("{learner:<30} {worst:<13} {n_failed} of {states}\n");
    let mut n_left = if verbose { usize::MAX } else { N_SHOWN };
    for played in plays {
        for Failing { verdict, state, lines } in &played.outcome.failings {
            if n_left == 0 {
                add(&mut row, format_args!("    …; -v shows all\n"));
                return row;
            }
            n_left -= 1;
            add(&mut row, format_args!("    {verdict} in {state}:\n"));
            for line in lines {
                add(&mut row, format_args!("      {line}\n"));
            }
        }
    }
    row
}

/// Adds a line to a text.
fn add(text: &mut String, line: fmt::Arguments<'_>) {
    text.push_str(&line.to_string());
}
