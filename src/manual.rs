//! `otrbot man` and `otrbot completions`: what packages take from the types of the command line.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

use crate::{cli::Cli, failure::Failure};

/// What stands in the foot of every page.
const SOURCE: &str = concat!("otrbot ", env!("CARGO_PKG_VERSION"));

/// Entries of the first page that the command line does not know: heading, then terms and texts.
const MORE: &[(&str, &[(&str, &str)])] = &[
    (
        "SIGNALS",
        &[
            (
                "SIGTERM, SIGINT",
                "End within 10 seconds: learners are told, grades that still wait are kept.",
            ),
            ("SIGHUP", "Reads lessons and locales anew, for new sessions."),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            ("0", "Ended as asked."),
            ("1", "Something that nobody foresaw."),
            ("2", "An argument that cannot be."),
            ("3", "No settings."),
            ("4", "A setting that cannot be."),
            ("5", "Something that the settings name is not there."),
            (
                "6",
                "The XMPP server refused the account or its password, or has no login that is safe; not tried again.",
            ),
            ("127", "Wrong TLS version or cipher."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "OTRBOT_ENV",
                "Names the settings: settings/$OTRBOT_ENV.yaml, unless --settings does.",
            ),
            ("NO_COLOR", "Switches colours off, if it is set to anything."),
            (
                "NOTIFY_SOCKET, WATCHDOG_USEC",
                "Set by systemd, which is told when the bot is ready, and that it is alive.",
            ),
        ],
    ),
    (
        "FILES",
        &[
            ("/etc/otrbot/settings.yaml", "The settings of the Debian package's service."),
            ("/usr/share/doc/otrbot/sample.yaml", "All settings, each with its default."),
            ("/var/lib/otrbot/otrbot.db", "The store of the Debian package's service."),
        ],
    ),
];

/// Writes a page for the program and one for each command.
///
/// # Errors
///
/// What the system says of the folder.
pub fn write_pages(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    write_page(folder, &command, true)
}

fn write_page(folder: &Path, command: &Command, is_first: bool) -> Result<(), Failure> {
    for subcommand in command.get_subcommands() {
        write_page(folder, subcommand, false)?;
    }
    let man = Man::new(command.clone()).source(SOURCE).manual("otrbot");
    let path = folder.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page)
        .and_then(|()| if is_first { more().to_writer(&mut page) } else { Ok(()) })
        .and_then(|()| fs::write(&path, page))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

fn more() -> Roff {
    let mut roff = Roff::new();
    for (heading, entries) in MORE {
        roff.control("SH", [*heading]);
        for (term, text) in *entries {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(*text)]);
        }
    }
    roff
}

/// Writes what a shell needs to complete command lines to the standard output.
pub fn print_completions(shell: Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "otrbot", &mut text);
    // A closed pipe is no fault of ours.
    drop(io::stdout().write_all(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_statuses_are_those_of_the_failures() {
        let text = String::new;
        let failures = [
            Failure::Unknown(anyhow::anyhow!("")),
            Failure::InvalidArgument(text()),
            Failure::NoSettings(text()),
            Failure::BadSetting(text()),
            Failure::MissingDependency(text()),
            Failure::AuthenticationRefused(text()),
            Failure::WrongTls(text()),
        ];
        let (_, statuses) = MORE.iter().find(|(heading, _)| *heading == "EXIT STATUS").unwrap();
        let documented: Vec<_> = statuses.iter().map(|(code, _)| (*code).to_owned()).collect();

        let mut expected = vec!["0".to_owned()];
        expected.extend(failures.iter().map(|failure| failure.code().to_string()));

        assert_eq!(documented, expected);
    }
}
