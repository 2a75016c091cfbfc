//! What packages take: manual pages and completions from the command line, settings, the unit.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use otrbot::cli::Cli;
use otrbot::settings::Settings;

fn otrbot(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_otrbot")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The names of all pages: `otrbot`, `otrbot-keys`, `otrbot-keys-generate` and so on.
fn names(command: &clap::Command, before: &str, found: &mut Vec<String>) {
    let name = format!("{before}{}", command.get_name());
    for subcommand in command.get_subcommands() {
        names(subcommand, &format!("{name}-"), found);
    }
    found.push(name);
}

#[test]
fn every_command_has_a_page_with_its_options() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man");
    otrbot(&["man", "--output", pages.to_str().unwrap()]);

    let mut expected = Vec::new();
    names(&Cli::command(), "", &mut expected);
    expected.sort();
    let mut found: Vec<_> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| name.strip_suffix(".1").unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, expected);

    for name in &found {
        let page = fs::read_to_string(pages.join(format!("{name}.1"))).unwrap();
        for part in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", "settings"] {
            assert!(page.contains(part), "{name}: no {part} in\n{page}");
        }
    }
    let first = fs::read_to_string(pages.join("otrbot.1")).unwrap();
    for part in ["EXIT STATUS", "SIGNALS", "FILES", "ENVIRONMENT", r"otrbot\-learner(1)"] {
        assert!(first.contains(part), "no {part} in\n{first}");
    }
}

/// What bash offers after these words.
fn completed(words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("otrbot.bash");
    fs::write(&file, otrbot(&["completions", "bash"])).unwrap();
    let current = words.last().unwrap();
    let script = format!(
        "source {file}\nCOMP_WORDS=({words})\nCOMP_CWORD={n}\n_otrbot otrbot '{current}' ''\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file = file.display(),
        words = words.join(" "),
        n = words.len() - 1,
    );
    let output = Command::new("bash").args(["--norc", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    assert_eq!(completed(&["otrbot", "ke"]), ["keys"]);
    assert_eq!(completed(&["otrbot", "keys", "gen"]), ["generate"]);
    assert_eq!(completed(&["otrbot", "run", "--no-l"]), ["--no-lti"]);
}

#[test]
fn other_shells_are_served() {
    assert!(otrbot(&["completions", "zsh"]).starts_with("#compdef otrbot"));
    assert!(otrbot(&["completions", "fish"]).contains("complete -c otrbot"));
}

#[test]
fn the_packages_settings_are_whole_once_the_secrets_are_there() {
    let folder = tempfile::tempdir().unwrap();
    for secret in ["xmpp-password", "lti-secret", "pages-key"] {
        fs::write(folder.path().join(secret), "0123456789abcdef".repeat(3)).unwrap();
    }
    for own in ["lessons", "locales", "static"] {
        fs::create_dir(folder.path().join(own)).unwrap();
    }
    let text = fs::read_to_string(root("packaging/settings.yaml")).unwrap();
    // The authorities of the system are not on every machine that runs tests.
    let text = format!("{text}\ntls: {{ ca_certs: lti-secret }}\n");

    let settings = Settings::parse(&folder.path().join("settings.yaml"), &text).unwrap();

    assert_eq!(settings.store, "sqlite:///var/lib/otrbot/otrbot.db");
    assert!(settings.lti.secret_key.is_some());
    assert_eq!(settings.lti.consumers.len(), 1);
}

#[test]
fn the_unit_starts_what_the_package_installs() {
    let unit = fs::read_to_string(root("packaging/otrbot.service")).unwrap();
    let package = fs::read_to_string(root("Cargo.toml")).unwrap();

    assert!(unit.contains("ExecStart=/usr/bin/otrbot --settings /etc/otrbot/settings.yaml run\n"));
    assert!(package.contains(r#""target/release/otrbot", "usr/bin/""#));
    assert!(package.contains(r#""etc/otrbot/settings.yaml", "640""#));
    // What a restart does not mend.
    assert!(unit.contains("RestartPreventExitStatus=2 3 4 5 6 127\n"));
}

#[test]
fn what_is_installed_has_no_tables_for_debuggers() {
    let makefile = fs::read_to_string(root("Makefile")).unwrap();
    let manual = fs::read_to_string(root("docs/install.md")).unwrap();
    let container = fs::read_to_string(root("Containerfile")).unwrap();
    let trial = fs::read_to_string(root("packaging/test-deb.sh")).unwrap();

    // A package of its own has them, `otrbot-dbgsym`.
    assert!(makefile.contains("deb --no-build --locked --quiet \\\n\t\t--dbgsym "));
    assert!(trial.contains("otrbot-dbgsym_*.ddeb"));
    assert!(manual.contains("\ninstall --strip target/release/otrbot "));
    assert!(container.contains("CARGO_PROFILE_RELEASE_STRIP=debuginfo "));
}
