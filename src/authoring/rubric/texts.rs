//! Which texts of a lesson a line of the bot is one of, in whatever language it is said.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use gettext::{Catalog, Catalogs, SOURCE_LOCALE, po::split_key};

use crate::{
    fsm::Reaction,
    lesson::{
        Lesson, Teaching, text,
        vocabulary::{Action, EventKind, Need, TopicIx},
    },
};

/// What stands for the value of a variable.
const HOLE: char = '\u{0}';

/// Some texts of a lesson, as they are said in a language.
#[derive(Debug, Default)]
pub(super) struct Said {
    whole: HashSet<String>,
    /// Those with variables: what stands before, between and behind them.
    pieces: Vec<Vec<String>>,
}

/// What a line tells of the lesson.
#[derive(Debug)]
pub(super) struct Texts {
    /// What is said to those in danger.
    urgent: Said,
    /// What is said in private conversations alone.
    private: Said,
    /// What learners are to do.
    tasks: Said,
    /// All texts, by language: those that are in this language, and those that it lacks.
    by_locale: BTreeMap<String, (Said, Said)>,
}

impl Texts {
    /// Those of a lesson in these languages.
    pub(super) fn of(lesson: &Lesson, catalogs: &Catalogs) -> Self {
        let mut all = catalogs.iter().map(Arc::clone).collect::<Vec<_>>();
        if !all.iter().any(|catalog| catalog.locale() == SOURCE_LOCALE) {
            all.push(Arc::new(Catalog::source()));
        }
        let [mut urgent, mut private, mut tasks] = [(); 3].map(|()| Said::default());
        let (in_danger, in_private, everything) = texts(lesson);
        let mut by_locale = BTreeMap::new();
        for catalog in all {
            for msgid in &in_danger {
                urgent.add(&catalog.text(msgid));
            }
            for msgid in &in_private {
                private.add(&catalog.text(msgid));
            }
            for task in tasks_of(lesson) {
                tasks.add(&catalog.text(task));
            }
            let (mut own, mut lacking) = (Said::default(), Said::default());
            for msgid in &everything {
                let said = catalog.text(msgid);
                if said == split_key(msgid).1 { lacking.add(&said) } else { own.add(&said) }
            }
            by_locale.insert(catalog.locale().to_owned(), (own, lacking));
        }
        Self { urgent, private, tasks, by_locale }
    }

    /// Whether a line is what those in danger are told.
    pub(super) fn is_urgent(&self, line: &str) -> bool {
        self.urgent.has(line)
    }

    /// Whether a line tells the learner what to do.
    pub(super) fn is_task(&self, line: &str) -> bool {
        self.tasks.has(line)
    }

    /// Whether a line belongs into a private conversation.
    pub(super) fn is_private(&self, line: &str) -> bool {
        self.private.has(line)
    }

    /// Whether a line is in this language, as far as the lesson is translated.
    pub(super) fn is_in(&self, line: &str, locale: &str) -> bool {
        let of = self.by_locale.get(locale);
        of.is_some_and(|(own, lacking)| own.has(line) || lacking.has(line))
    }
}

impl Said {
    fn add(&mut self, said: &str) {
        let mut buffer = [0; 4];
        let hole = HOLE.encode_utf8(&mut buffer);
        let said = plain(&text::substitute(said, |_| Some(hole)));
        let pieces: Vec<String> = said.split(HOLE).map(str::to_owned).collect();
        if pieces.len() == 1 {
            self.whole.insert(said);
        } else if pieces.iter().any(|piece| piece.chars().count() > 3) {
            self.pieces.push(pieces);
        }
    }

    fn has(&self, line: &str) -> bool {
        let line = plain(line);
        self.whole.contains(&line) || self.pieces.iter().any(|pieces| is_made_of(&line, pieces))
    }
}

/// Whether a line begins and ends with the first and the last of these, and has the others between.
fn is_made_of(line: &str, pieces: &[String]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    let Some((last, between)) = rest.split_last() else { return false };
    let inner = line.strip_prefix(first.as_str()).and_then(|l| l.strip_suffix(last.as_str()));
    let Some(mut inner) = inner else { return false };
    between.iter().all(|piece| match inner.split_once(piece.as_str()) {
        Some((_, after)) => {
            inner = after;
            true
        }
        None => false,
    })
}

/// A line without blanks and without the signs that keep directions apart.
fn plain(line: &str) -> String {
    let is_kept = |c: &char| {
        !c.is_whitespace() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}')
    };
    line.chars().filter(is_kept).collect()
}

/// The texts for those in danger, those that are said in private alone, and all.
fn texts(lesson: &Lesson) -> (BTreeSet<String>, BTreeSet<String>, BTreeSet<String>) {
    let (mut urgent, mut private, mut open) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut sort = |said: Vec<&String>, certain: Need, is_urgent: bool| {
        let of = if certain >= Need::Private { &mut private } else { &mut open };
        of.extend(said.iter().map(|said| (*said).clone()));
        if is_urgent {
            urgent.extend(said.into_iter().cloned());
        }
    };
    let is_urgent = |topic: &TopicIx| lesson.is_urgent(*topic);
    for (state, need) in lesson.graph().states().iter().zip(lesson.needs()) {
        let steady = state.enter.iter().chain(state.hints.iter().flat_map(|hint| &hint.actions));
        sort(says(steady), *need, false);
        sort(says(state.leave.iter()), Need::Nothing, false);
        for reaction in &state.reactions {
            let is_urgent = reaction.trigger.topics.iter().any(is_urgent);
            sort(of_reaction(reaction), reaction.trigger.certain(*need), is_urgent);
        }
    }
    for reaction in lesson.graph().everywhere() {
        let is_urgent = reaction.trigger.topics.iter().any(is_urgent);
        // It may come from anybody, and is answered where that is.
        let need = if reaction.trigger.event == EventKind::PlainMessageReceived {
            Need::Nothing
        } else {
            reaction.trigger.certain(Need::Nothing)
        };
        sort(of_reaction(reaction), need, is_urgent);
    }
    open.extend(tasks_of(lesson).map(str::to_owned));
    let all = private.union(&open).cloned().collect();
    private.retain(|text| !open.contains(text));
    (urgent, private, all)
}

fn tasks_of(lesson: &Lesson) -> impl Iterator<Item = &str> {
    let states = lesson.graph().states().iter();
    states.filter_map(|state| lesson.task(lesson.graph().find(&state.name)?))
}

fn of_reaction(reaction: &Reaction<Teaching>) -> Vec<&String> {
    says(reaction.actions.iter().chain(reaction.again.iter().flatten()))
}

fn says<'l>(actions: impl Iterator<Item = &'l Action>) -> Vec<&'l String> {
    let said = actions.filter_map(|action| match action {
        Action::Say(text) => Some(text),
        Action::Answer(_) | Action::Do(_) => None,
    });
    said.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::parse;

    const LESSON: &str = "\
title: T
start: a
topics:
  danger: danger
urgent: danger
anywhere:
  - when: message_received
    about: danger
    do:
      - say: Run, ${bot_alias} cannot help.
states:
  a:
    task: Go on.
    on:
      - when: otr_enabled
        go: b
  b:
    needs: private
    enter:
      - say: Psst.
      - say: Go on.
    on:
      - when: otr_disabled
        go: end
  end:
    end: true
";

    #[test]
    fn lines_are_known_with_their_variables_replaced() {
        let texts = Texts::of(&parse(LESSON).unwrap(), &Catalogs::default());

        assert!(texts.is_urgent("Run, Marvin cannot help."));
        assert!(texts.is_urgent("Run, \u{2066}Marvin+\u{2069}\ncannot help."));
        assert!(!texts.is_urgent("Run, Marvin can help.") && !texts.is_urgent("Psst."));
        assert!(texts.is_task("Go on.") && !texts.is_task("Psst."));
        assert!(texts.is_private("Psst.") && !texts.is_private("Go on."));
        assert!(texts.is_in("Psst.", SOURCE_LOCALE) && !texts.is_in("Pst.", SOURCE_LOCALE));
    }
}
