//! `otrbot lesson play`: a lesson in the terminal, without a server.
//!
//! The bot's side is a real [`Session`](crate::session::Session); the learner's side is the OTR
//! engine, told what to do by commands. Time is a number: nothing is waited for, and `/wait` moves
//! the clock, so that hints and timeouts come at once.

mod command;
mod expect;
mod script;

use std::{
    fmt::Display,
    io::{self, BufRead, IsTerminal as _, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use gettext::Catalogs;
use rand::{SeedableRng as _, rngs::StdRng};

use self::{
    command::{Command, HELP},
    expect::Expectation,
    script::Lines,
};
use super::{
    language, languages,
    sources::Sources,
    stage::{self, Keys, Seen, Stage, Terminal, Witness},
};

use crate::{
    cli, drawing::words::counted, failure::Failure, lesson::Lesson, session::SessionConfig,
};

/// Plays a lesson.
///
/// # Errors
///
/// There is no such lesson or language, the lesson has faults, the script has a line that is none, or
/// the play did not go as the script says.
pub fn run(arguments: &cli::PlayLesson, settings: Option<PathBuf>) -> Result<(), Failure> {
    let mut sources = Sources::load(settings)?;
    let (source, lesson) = sources.open(arguments.lesson.as_deref())?;
    let folder = arguments.locales.as_deref().or(sources.locales.as_deref());
    let (catalogs, catalog) = languages(arguments.locale.as_deref(), folder)?;
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut rng = StdRng::seed_from_u64(seed);
    let circumstances = &arguments.circumstances;
    let config = stage::config(&sources, lesson, &catalogs, catalog, circumstances, &mut rng);
    let lesson = Arc::clone(&config.lesson);
    let play = Play { name: source.name, config, secret: circumstances.secret.clone(), catalogs };
    let out = io::stdout();
    if let Some(file) = arguments.script.as_ref().filter(|file| file.as_os_str() != "-") {
        let text = script::read(file, &lesson)?;
        let name = file.display().to_string();
        return play.run_seeded(seed, text.as_bytes(), Some(&name), out).map(drop);
    }
    let stdin = io::stdin();
    let is_script = arguments.script.is_some() || !stdin.is_terminal();
    let name = is_script.then_some("standard input");
    let n_played = play.run_seeded(seed, stdin.lock(), name, out)?;
    match name.filter(|_| n_played == 0 && arguments.script.is_some()) {
        Some(name) => Err(script::nothing(name)),
        None => Ok(()),
    }
}

/// A lesson that is to be played.
#[derive(Debug)]
pub struct Play {
    /// What it is called.
    pub name: String,
    /// What the session is made of.
    pub config: SessionConfig,
    /// The shared secret that the learner knows from the start.
    pub secret: Option<String>,
    /// The languages among which a learner can choose on the page.
    pub catalogs: Catalogs,
}

impl Play {
    /// Plays it with what `lines` say; `script` is the name of these if they are no person.
    ///
    /// # Errors
    ///
    /// Those of [`run_seeded`](Self::run_seeded).
    pub fn run(
        self,
        lines: impl BufRead,
        script: Option<&str>,
        out: impl Write,
    ) -> Result<(), Failure> {
        self.run_seeded(rand::random(), lines, script, out).map(drop)
    }

    /// The same, where all that is made at random comes of a seed; how many lines were played.
    ///
    /// # Errors
    ///
    /// A line of a script is no command, or input cannot be read; at the end, everything that was not as
    /// expected, and what of a script could not be done. Each with its place.
    pub fn run_seeded(
        self,
        seed: u64,
        lines: impl BufRead,
        script: Option<&str>,
        out: impl Write,
    ) -> Result<usize, Failure> {
        let Self { name, config, secret, catalogs } = self;
        let title = config.lesson.title().to_owned();
        let locale = config.catalog.locale().to_owned();
        let lesson = Arc::clone(&config.lesson);
        let mut rng = StdRng::seed_from_u64(seed);
        let keys = Keys::generate(&mut rng);
        let observer = Observer { terminal: Terminal(out), since: Vec::new() };
        let mut stage = Stage::new(config, secret, &keys, seed, observer);
        stage.note(&format!("{name}: {title} ({locale}). /help lists the commands."));
        let score = Score::default();
        let mut play = Playing { stage, catalogs, lesson, is_person: script.is_none(), score };
        play.go(&mut Lines::new(lines, script))?;
        play.finish(seed)
    }
}

/// Who sees what happens: the terminal; and what has happened since the learner's last line is kept.
struct Observer<W> {
    terminal: Terminal<W>,
    since: Vec<Seen>,
}

impl<W: Write> Witness for Observer<W> {
    fn see(&mut self, at: Duration, seen: Seen) {
        if matches!(seen, Seen::Bot { .. } | Seen::Page(_) | Seen::PageNow(_)) {
            self.since.push(seen.clone());
        }
        self.terminal.see(at, seen);
    }
}

/// What has come of the lines.
#[derive(Default)]
struct Score {
    n_played: usize,
    n_held: usize,
    n_failed: usize,
    /// All that was not as it should be, with places.
    faults: Vec<String>,
}

/// A play that is going on.
struct Playing<W> {
    stage: Stage<Observer<W>>,
    catalogs: Catalogs,
    lesson: Arc<Lesson>,
    is_person: bool,
    score: Score,
}

impl<W: Write> Playing<W> {
    /// Plays the lines until there are no more, or nothing can be played any more.
    fn go<R: BufRead>(&mut self, lines: &mut Lines<'_, R>) -> Result<(), Failure> {
        loop {
            self.prompt();
            let Some(line) = lines.next()? else { break };
            let command = match script::command(&line, &self.lesson) {
                Ok(Command::Nothing) => continue,
                Ok(command) => command,
                Err(what) if self.is_person => {
                    self.stage.note(&what);
                    continue;
                }
                Err(what) => {
                    return Err(Failure::InvalidArgument(format!("{}: {what}", lines.place())));
                }
            };
            if command == Command::Quit {
                return self.leave(lines, 0, "`/quit` stands before the end");
            }
            if self.stage.is_over() && !command.only_looks() {
                let why = format!("the lesson has ended before `{}`", line.trim());
                return self.leave(lines, 1, &why);
            }
            if !self.is_person {
                self.stage.echo(line.trim());
            }
            self.score.n_played = self.score.n_played.saturating_add(1);
            if !command.only_looks() {
                self.stage.witness().since.clear();
            }
            self.perform(command, lines);
            let undone = self.stage.take_undone().filter(|_| !self.is_person);
            if let Some(why) = undone {
                self.fault(lines.place(), &format!("`{}` could not be done: {why}", line.trim()));
            }
            if self.is_person && self.stage.is_over() {
                return Ok(());
            }
        }
        if !self.stage.is_over() {
            self.stage.note("the input has ended before the lesson");
        }
        Ok(())
    }

    /// Leaves the rest of a script unplayed, and so many lines of it that were read. That there are any
    /// is a fault of the script.
    fn leave<R: BufRead>(
        &mut self,
        lines: &mut Lines<'_, R>,
        n_read: usize,
        why: &str,
    ) -> Result<(), Failure> {
        if self.is_person {
            return Ok(());
        }
        let place = lines.place();
        let mut n_left = n_read;
        while let Some(line) = lines.next()? {
            let is_something = command::parse(&line) != Ok(Command::Nothing);
            n_left = n_left.saturating_add(usize::from(is_something));
        }
        if n_left > 0 {
            let left = format!("what is left of the script is not played: {n_left} lines");
            self.stage.note(&left);
            self.fault(place, &format!("{why}; {left}"));
        }
        Ok(())
    }

    /// Notes that something is not as it should be.
    fn fault(&mut self, place: impl Display, what: &str) {
        self.score.faults.push(format!("{place}: {what}"));
    }

    /// Asks a person for a line.
    fn prompt(&mut self) {
        if self.is_person {
            let Terminal(out) = &mut self.stage.witness().terminal;
            drop(write!(out, "> "));
        }
        self.flush();
    }

    fn flush(&mut self) {
        let Terminal(out) = &mut self.stage.witness().terminal;
        drop(out.flush());
    }

    /// Sums the play up; how many lines were played.
    fn finish(mut self, seed: u64) -> Result<usize, Failure> {
        let Score { n_played, n_held, n_failed, .. } = self.score;
        let state = self.stage.state_name(self.stage.state());
        let where_it_is = match (self.stage.is_over(), self.stage.is_passed()) {
            (true, true) => "the lesson has ended, passed".to_owned(),
            (true, false) => "the lesson has ended, not passed".to_owned(),
            (false, _) if self.stage.state().is_none() => "the lesson has not begun".to_owned(),
            (false, _) => format!("the lesson is in {state}"),
        };
        let grade = match self.stage.percent() {
            _ if !self.stage.has_page() => "no page, and so no grade".to_owned(),
            0 => "no grade".to_owned(),
            percent => format!("the grade is {percent}%"),
        };
        let expected = match (n_held, n_failed) {
            (0, 0) => "nothing was expected".to_owned(),
            (held, 0) => format!("{} held", counted(held, "expectation")),
            (held, failed) => format!("{} held, {failed} failed", counted(held, "expectation")),
        };
        let played = counted(n_played, "line");
        self.stage.note(&format!(
            "{played} played, {expected}; {where_it_is}; {grade}; --seed {seed} plays it again"
        ));
        // What was shown stands before what is said about it.
        self.flush();
        if self.score.faults.is_empty() {
            return Ok(n_played);
        }
        let faults = self.score.faults.join("\n");
        Err(Failure::BadSetting(format!("the play did not go as it should:\n{faults}")))
    }

    fn perform<R: BufRead>(&mut self, command: Command, lines: &Lines<'_, R>) {
        let stage = &mut self.stage;
        match command {
            Command::Nothing | Command::Quit => {}
            Command::Say(text) => {
                stage.say(&text);
            }
            Command::Plain(text) => stage.plain(&text),
            Command::Tell => stage.tell_code(),
            Command::OtrOn => stage.start_otr(),
            Command::OtrOff => stage.end_otr(),
            Command::OtrRefresh => stage.refresh_otr(),
            Command::SmpRight => stage.smp(true),
            Command::SmpWrong => stage.smp(false),
            Command::SmpQuestion { question, answer } => stage.ask(&question, answer.as_deref()),
            Command::SmpAbort => stage.abort_smp(),
            Command::Secret(text) => {
                stage.enter_secret(&text);
            }
            Command::Code(text) => {
                stage.enter_code(text.as_deref());
            }
            Command::Wait(time) => stage.wait(time),
            Command::Client(name) => stage.change_client(name.as_deref()),
            Command::Away => stage.go_away(),
            Command::Back => stage.come_back(),
            Command::Page => stage.show_page(),
            Command::Language(locale) => match language(&locale, &self.catalogs) {
                Ok(catalog) => stage.set_language(catalog),
                Err(what) => stage.cannot(&what),
            },
            Command::Arrive => stage.arrive(),
            Command::State => stage.show_state(),
            Command::Expect(expectation) => self.expect(&expectation, lines),
            Command::Help => {
                for (command, what) in HELP {
                    stage.note(&format!("{command:<28} {what}"));
                }
            }
        }
    }

    /// Looks whether something is as it was expected.
    fn expect<R: BufRead>(&mut self, expectation: &Expectation, lines: &Lines<'_, R>) {
        match expectation.hold(&self.stage, &self.stage.seen().since) {
            Ok(()) => {
                self.score.n_held = self.score.n_held.saturating_add(1);
                self.stage.note("as expected");
            }
            Err(what) => {
                self.score.n_failed = self.score.n_failed.saturating_add(1);
                // What a script should have got stands at the end, with its place.
                let first = what.lines().next().filter(|_| !self.is_person).unwrap_or(&what);
                self.stage.note(&format!("NOT as expected: {first}"));
                self.fault(lines.place(), &what);
            }
        }
    }
}
