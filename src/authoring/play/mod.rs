//! `otrbot lesson play`: a lesson in the terminal, without a server.
//!
//! The bot's side is a real [`Session`](crate::session::Session); the learner's side is the OTR
//! engine, told what to do by commands. Time is a number: nothing is waited for, and `/wait` moves
//! the clock, so that hints and timeouts come at once.

mod command;
mod stage;

use std::{
    io::{self, BufRead, IsTerminal as _, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gettext::Catalog;
use otr::Policy;

use self::{
    command::{Command, HELP},
    stage::Stage,
};
use super::{
    read_text,
    sources::{Sources, warn},
};

use crate::{
    cli,
    failure::Failure,
    i18n,
    session::{Seal, SessionConfig, Typing},
};

/// Plays a lesson.
///
/// # Errors
///
/// There is no such lesson or language, the lesson has faults, or a script an unknown command.
pub fn run(arguments: &cli::PlayLesson, settings: Option<PathBuf>) -> Result<(), Failure> {
    let mut sources = Sources::load(settings)?;
    let (source, lesson) = sources.open(arguments.lesson.as_deref())?;
    let config = SessionConfig {
        lesson,
        catalog: catalog(arguments, sources.locales.as_deref())?,
        variables: Arc::new(sources.variables.clone()),
        policy: Policy { send_tag: false, ..Policy::default() },
        may_start_smp: arguments.may_start_smp || sources.may_start_smp,
        default_secret: None,
        seal: Seal::from_secret(&rand::random::<[u8; 32]>()),
        typing: Typing::default(),
        keeps_key: false,
        warning_timeout: Duration::from_mins(25),
        session_timeout: Duration::from_mins(30),
    };
    let out = io::stdout();
    if let Some(file) = arguments.script.as_ref().filter(|file| file.as_os_str() != "-") {
        let script = read_text(file)?;
        return play(
            &source.name,
            config,
            script.as_bytes(),
            Some(&file.display().to_string()),
            out,
        );
    }
    let stdin = io::stdin();
    let is_script = arguments.script.is_some() || !stdin.is_terminal();
    let script = is_script.then_some("standard input");
    play(&source.name, config, stdin.lock(), script, out)
}

fn catalog(arguments: &cli::PlayLesson, usual: Option<&Path>) -> Result<Arc<Catalog>, Failure> {
    let (catalogs, problems) = i18n::load(arguments.locales.as_deref().or(usual));
    for problem in problems {
        warn(&problem.to_string());
    }
    let Some(locale) = &arguments.locale else { return Ok(Arc::new(Catalog::source())) };
    let found = catalogs.find(locale);
    let language = |locale: &str| gettext::locale::language(locale);
    if language(found.locale()) == language(locale) {
        return Ok(found);
    }
    let known: Vec<&str> = catalogs.iter().map(|catalog| catalog.locale()).collect();
    Err(Failure::InvalidArgument(format!(
        "--locale {locale}: there are no texts in this language; there are {}",
        known.join(", ")
    )))
}

/// Plays a lesson with what `lines` say; `script` is the name of these if they are no person.
///
/// # Errors
///
/// An unknown command in a script, with its line; input that cannot be read.
pub fn play(
    name: &str,
    config: SessionConfig,
    lines: impl BufRead,
    script: Option<&str>,
    out: impl Write,
) -> Result<(), Failure> {
    let title = config.lesson.title().to_owned();
    let locale = config.catalog.locale().to_owned();
    let mut stage = Stage::new(config, out);
    stage.note(&format!("{name}: {title} ({locale}). /help lists the commands."));
    let mut lines = lines.lines();
    let mut n_read = 0_usize;
    loop {
        stage.prompt(script.is_none());
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
                perform(&mut stage, command);
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
                stage.note(&format!("what is left of the script is not played: {n_left} lines"));
            }
            return Ok(());
        }
    }
    stage.note("the input has ended before the lesson");
    Ok(())
}

fn perform<W: Write>(stage: &mut Stage<W>, command: Command) {
    match command {
        Command::Nothing | Command::Quit => {}
        Command::Say(text) => stage.say(&text),
        Command::Plain(text) => stage.plain(&text),
        Command::Tell => stage.tell_code(),
        Command::OtrOn => stage.start_otr(),
        Command::OtrOff => stage.end_otr(),
        Command::OtrRefresh => stage.refresh_otr(),
        Command::SmpRight => stage.smp(true),
        Command::SmpWrong => stage.smp(false),
        Command::SmpQuestion { question, answer } => stage.ask(&question, answer.as_deref()),
        Command::SmpAbort => stage.abort_smp(),
        Command::Secret(text) => stage.enter_secret(&text),
        Command::Code(text) => stage.enter_code(text.as_deref()),
        Command::Wait(time) => stage.wait(time),
        Command::Client => stage.change_client(),
        Command::Arrive => stage.arrive(),
        Command::State => stage.show_state(),
        Command::Help => {
            for (command, what) in HELP {
                stage.note(&format!("{command:<28} {what}"));
            }
        }
    }
}
