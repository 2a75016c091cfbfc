//! The lines of a play: from a file, from a program, or from a person at a terminal.

use std::{
    io::{BufRead, Read as _},
    path::Path,
};

use super::command::{self, Command};
use crate::{
    failure::Failure,
    files::{self, Encoding, Unreadable},
    lesson::Lesson,
};

/// Longest script, and longest line of one that comes bit by bit, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Lines, with their numbers from 1.
pub(super) struct Lines<'s, R> {
    input: R,
    /// What the lines are of; `None`: a person types them.
    name: Option<&'s str>,
    n_read: u64,
    n_bytes: u64,
}

impl<'s, R: BufRead> Lines<'s, R> {
    pub(super) fn new(input: R, name: Option<&'s str>) -> Self {
        Self { input, name, n_read: 0, n_bytes: 0 }
    }

    /// The place of the line that was read last, for a message.
    pub(super) fn place(&self) -> String {
        match self.name {
            Some(name) => format!("{name}:{}", self.n_read),
            None => format!("line {}", self.n_read),
        }
    }

    /// The next line; `None` after the last.
    ///
    /// # Errors
    ///
    /// It cannot be read, is too long, or is no UTF-8.
    pub(super) fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.input).take(MAX_BYTES.saturating_add(1));
        let n_bytes = bounded.read_until(b'\n', &mut line).map_err(|error| {
            let name = self.name.unwrap_or("the terminal");
            Failure::MissingDependency(format!("{name} cannot be read: {error}"))
        })?;
        if n_bytes == 0 {
            return Ok(None);
        }
        let n_bytes = u64::try_from(n_bytes).unwrap_or(u64::MAX);
        let before = (self.n_read, self.n_bytes);
        self.n_read = self.n_read.saturating_add(1);
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        if n_bytes > MAX_BYTES {
            let most = format!("is longer than the {MAX_BYTES} bytes that a line may have");
            return Err(Failure::BadSetting(format!("{}: {most}", self.place())));
        }
        let line = files::text_of(line).map_err(|encoding| {
            let line = encoding.line.saturating_add(before.0);
            let byte = encoding.byte.saturating_add(before.1);
            let encoding = Encoding { line, byte, ..encoding };
            let name = self.name.unwrap_or("the terminal");
            Failure::BadSetting(format!("{name}:{line}: {encoding}"))
        })?;
        Ok(Some(line))
    }
}

/// A line as a command that this lesson can play; the error says what is known instead.
pub(super) fn command(line: &str, lesson: &Lesson) -> Result<Command, String> {
    let command = command::parse(line)?;
    if let Command::Expect(expectation) = &command {
        expectation.check(lesson)?;
    }
    Ok(command)
}

/// The text of a script, each line of which can be played.
///
/// # Errors
///
/// It cannot be read, there is nothing to play in it, or lines of it are wrong: all of them are told,
/// and nothing is played.
pub(super) fn read(path: &Path, lesson: &Lesson) -> Result<String, Failure> {
    let name = path.display();
    let text = files::read_text(path, MAX_BYTES).map_err(|error| {
        let is_missing = matches!(
            error,
            Unreadable::Absent | Unreadable::Forbidden { .. } | Unreadable::Other(_)
        );
        let told = error.told(&name.to_string());
        if is_missing { Failure::MissingDependency(told) } else { Failure::BadSetting(told) }
    })?;
    let mut faults = Vec::new();
    let mut is_empty = true;
    for (ix, line) in text.split('\n').enumerate() {
        match command(line, lesson) {
            Ok(command) => is_empty &= command == Command::Nothing,
            Err(what) => faults.push(format!("{name}:{}: {what}", ix.saturating_add(1))),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::InvalidArgument(faults.join("\n")));
    }
    if is_empty { Err(nothing(&name.to_string())) } else { Ok(text) }
}

/// That a script has no line that does something.
pub(super) fn nothing(name: &str) -> Failure {
    Failure::BadSetting(format!(
        "{name}: there is nothing to play in it; write what the learner writes and does, a line each, \
         such as `hello` or `/otr on`"
    ))
}
