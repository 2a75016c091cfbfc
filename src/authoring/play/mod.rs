//! `otrbot lesson play`: a lesson in the terminal, without a server.
//!
//! The bot's side is a real [`Session`](crate::session::Session); the learner's side is the OTR
//! engine, told what to do by commands. Time is a number: nothing is waited for, and `/wait` moves
//! the clock, so that hints and timeouts come at once.

mod command;

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    path::PathBuf,
};

use gettext::Catalogs;
use rand::rngs::StdRng;

use self::command::{Command, HELP};
use super::{
    language, languages, read_text,
    sources::Sources,
    stage::{self, Keys, Stage, Terminal},
};

use crate::{cli, failure::Failure, session::SessionConfig};

/// Plays a lesson.
///
/// # Errors
///
/// There is no such lesson or language, the lesson has faults, or a script an unknown command.
pub fn run(arguments: &cli::PlayLesson, settings: Option<PathBuf>) -> Result<(), Failure> {
    let mut sources = Sources::load(settings)?;
    let (source, lesson) = sources.open(arguments.lesson.as_deref())?;
    let folder = arguments.locales.as_deref().or(sources.locales.as_deref());
    let (catalogs, catalog) = languages(arguments.locale.as_deref(), folder)?;
    let config = stage::config(&sources, lesson, &catalogs, catalog, &arguments.circumstances);
    let play = Play {
        name: source.name,
        config,
        secret: arguments.circumstances.secret.clone(),
        catalogs,
    };
    let out = io::stdout();
    if let Some(file) = arguments.script.as_ref().filter(|file| file.as_os_str() != "-") {
        let script = read_text(file)?;
        return play.run(script.as_bytes(), Some(&file.display().to_string()), out);
    }
    let stdin = io::stdin();
    let is_script = arguments.script.is_some() || !stdin.is_terminal();
    let script = is_script.then_some("standard input");
    play.run(stdin.lock(), script, out)
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
    /// An unknown command in a script, with its line; input that cannot be read.
    pub fn run(
        self,
        lines: impl BufRead,
        script: Option<&str>,
        out: impl Write,
    ) -> Result<(), Failure> {
        let Self { name, config, secret, catalogs } = self;
        let title = config.lesson.title().to_owned();
        let locale = config.catalog.locale().to_owned();
        let mut rng: StdRng = rand::make_rng();
        let keys = Keys::generate(&mut rng);
        let mut stage = Stage::new(config, secret, &keys, rand::random(), Terminal(out));
        stage.note(&format!("{name}: {title} ({locale}). /help lists the commands."));
        let mut lines = lines.lines();
        let mut n_read = 0_usize;
        loop {
            prompt(&mut stage, script.is_none());
            let Some(line) = lines.next() else { break };
            let line = line.map_err(|error| {
                Failure::InvalidArgument(format!("{}: {error}", script.unwrap_or("the terminal")))
            })?;
            n_read += 1;
            match command::parse(&line) {
                Ok(Command::Nothing) => {}
                Ok(Command::Quit) => return Ok(()),
                Ok(command) => {
                    if script.is_some() {
                        stage.echo(line.trim());
                    }
                    perform(&mut stage, command, &catalogs);
                }
                Err(what) => match script {
                    Some(script) => {
                        return Err(Failure::InvalidArgument(format!("{script}:{n_read}: {what}")));
                    }
                    None => stage.note(&what),
                },
            }
            if stage.is_over() {
                let n_left = script.map_or(0, |_| {
                    let left = lines.by_ref().map_while(Result::ok);
                    left.filter(|line| command::parse(line) != Ok(Command::Nothing)).count()
                });
                if n_left > 0 {
                    let left = "what is left of the script is not played";
                    stage.note(&format!("{left}: {n_left} lines"));
                }
                return Ok(());
            }
        }
        stage.note("the input has ended before the lesson");
        Ok(())
    }
}

/// Asks a person for a line.
fn prompt<W: Write>(stage: &mut Stage<Terminal<W>>, is_person: bool) {
    let Terminal(out) = stage.witness();
    if is_person {
        drop(write!(out, "> "));
    }
    drop(out.flush());
}

fn perform<W: Write>(stage: &mut Stage<Terminal<W>>, command: Command, catalogs: &Catalogs) {
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
        Command::Language(locale) => match language(&locale, catalogs) {
            Ok(catalog) => stage.set_language(catalog),
            Err(what) => stage.note(&what),
        },
        Command::Arrive => stage.arrive(),
        Command::State => stage.show_state(),
        Command::Help => {
            for (command, what) in HELP {
                stage.note(&format!("{command:<28} {what}"));
            }
        }
    }
}
