//! A learner with profanity, the terminal client that Debian ships, driven in a tmux of its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wait::{PATIENCE, poll};

/// Columns of the terminal: wide, so that few lines are wrapped.
const COLUMNS: &str = "400";

/// Rows of the terminal: tall, so that a whole lesson stays in sight.
const ROWS: &str = "400";

/// profanity, logged in, until it is dropped.
#[derive(Debug)]
pub struct Profanity {
    home: TempDir,
    jid: String,
    /// How often words were already waited for: the next wait is for one more.
    heard: RefCell<HashMap<String, usize>>,
}

impl Profanity {
    /// Starts profanity with an account of a server on loopback, logs in, and makes the OTR key.
    pub fn start(jid: &str, password: &str, port: u16) -> Self {
        let home = TempDir::new().unwrap();
        let program = prepare(home.path(), jid, password, port);
        let profanity = Self { home, jid: jid.to_owned(), heard: RefCell::default() };
        let program = format!("exec env -u TMUX {program}");
        let size = ["-x", COLUMNS, "-y", ROWS];
        profanity.tmux(&[&["new-session", "-d"][..], &size[..], &[program.as_str()]].concat());
        profanity.wait_for("logged in successfully");
        profanity.command("/otr gen");
        profanity.wait_for("Private key generation complete");
        profanity
    }

    /// The learner's bare JID.
    pub fn jid(&self) -> &str {
        &self.jid
    }

    /// Types a line and presses Enter.
    pub fn command(&self, line: &str) {
        // tmux takes a `;` at the end of an argument as its own.
        let typed = match line.strip_suffix(';') {
            Some(start) => format!("{start}\\;"),
            None => line.to_owned(),
        };
        self.tmux(&["send-keys", "-l", "--", &typed]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// Accepts the invitation of `contact`, asks for theirs, and opens the window of the chat.
    pub fn befriend(&self, contact: &str) {
        self.wait_for(&format!("Received authorization request from {contact}"));
        self.command(&format!("/sub allow {contact}"));
        self.command(&format!("/sub request {contact}"));
        self.open_chat(contact);
    }

    /// Opens the window of the chat with `contact`.
    pub fn open_chat(&self, contact: &str) {
        self.command(&format!("/msg {contact}"));
        let title = format!(" {contact}");
        let shown = poll(PATIENCE, || self.screen().starts_with(&title).then_some(()));
        assert!(shown.is_some(), "no window of {contact}:\n{}", self.screen());
    }

    /// What the terminal shows, rows that profanity wrapped made one line again.
    pub fn screen(&self) -> String {
        let shown = self.tmux(&["capture-pane", "-p"]);
        let mut lines: Vec<String> = Vec::new();
        for row in String::from_utf8_lossy(&shown.stdout).lines() {
            let text = row.trim();
            if text.is_empty() {
                continue;
            }
            // Below the time and the mark of a line, profanity indents what it wraps.
            match (row.starts_with("           "), lines.last_mut()) {
                (true, Some(line)) => {
                    line.push(' ');
                    line.push_str(text);
                }
                _ => lines.push(row.trim_end().to_owned()),
            }
        }
        lines.join("\n")
    }

    /// The lines of the chat and of what profanity says about it, oldest first.
    pub fn transcript(&self) -> Vec<String> {
        let timed = |line: &&str| line.as_bytes().get(2) == Some(&b':') && line.is_char_boundary(9);
        self.screen().lines().filter(timed).map(|line| line[9..].trim().to_owned()).collect()
    }

    /// Waits until `words` were shown once more than at the last wait for them.
    ///
    /// # Panics
    ///
    /// With the screen, when they do not come.
    pub fn wait_for(&self, words: &str) {
        let seen = self.heard.borrow().get(words).copied().unwrap_or(0);
        let count = poll(PATIENCE, || {
            let count = self.screen().matches(words).count();
            (count > seen).then_some(count)
        });
        let Some(count) = count else {
            panic!("profanity did not show {words:?}; it shows:\n{}", self.screen());
        };
        self.heard.borrow_mut().insert(words.to_owned(), count);
    }

    /// Waits for a line of the transcript that `pick` makes something of.
    pub fn find<T>(&self, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        let found = poll(PATIENCE, || self.transcript().iter().find_map(|line| pick(line)));
        found.unwrap_or_else(|| panic!("profanity did not show {what}:\n{}", self.screen()))
    }

    /// What a terminal of a size shows of the window that is open, with escape sequences for its
    /// colours, and without the times of day.
    ///
    /// Nothing else can be asked afterwards: what was said is found by the times beside it.
    pub fn picture(&self, columns: u16, rows: u16) -> String {
        for place in ["chat", "statusbar"] {
            self.command(&format!("/time {place} off"));
        }
        let size = [columns.to_string(), rows.to_string()];
        self.tmux(&["set-option", "-g", "status", "off"]);
        self.tmux(&["set-option", "-g", "window-size", "manual"]);
        self.tmux(&["resize-window", "-x", &size[0], "-y", &size[1]]);
        let shown = || self.tmux(&["capture-pane", "-e", "-N", "-p"]).stdout;
        let mut last = shown();
        // It draws anew, in pieces.
        let settled = poll(PATIENCE, || {
            std::thread::sleep(Duration::from_millis(500));
            let before = std::mem::replace(&mut last, shown());
            (before == last).then_some(())
        });
        assert!(settled.is_some(), "profanity goes on drawing:\n{}", self.screen());
        String::from_utf8_lossy(&last).into_owned()
    }

    /// Whether `words` show up within `patience`.
    pub fn shows(&self, words: &str, patience: Duration) -> bool {
        poll(patience, || self.screen().contains(words).then_some(())).is_some()
    }

    fn tmux(&self, args: &[&str]) -> Output {
        let output = Command::new("tmux")
            .args(["-u", "-f", "/dev/null", "-S"])
            .arg(self.socket())
            .args(args)
            .env_remove("TMUX")
            .env("LANG", "C.UTF-8")
            .env("TERM", "screen-256color")
            .stdin(Stdio::null())
            .output()
            .expect("tmux is installed");
        assert!(
            output.status.success(),
            "tmux {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    fn socket(&self) -> PathBuf {
        self.home.path().join("tmux")
    }
}

impl Drop for Profanity {
    fn drop(&mut self) {
        // By hand and not by `tmux`: a failing assertion here would abort a failing test.
        drop(Command::new("tmux").arg("-S").arg(self.socket()).arg("kill-server").output());
    }
}

/// Makes the folders of a profanity with an account of a server on loopback whose certificate it
/// trusts, and gives the command that starts it.
pub fn prepare(home: &Path, jid: &str, password: &str, port: u16) -> String {
    let config = home.join("config/profanity");
    let data = home.join("data/profanity");
    fs::create_dir_all(&config).unwrap();
    fs::create_dir_all(&data).unwrap();
    fs::write(config.join("profrc"), PROFRC).unwrap();
    fs::write(
        data.join("accounts"),
        format!(
            "[{jid}]\nenabled=true\njid={jid}\nserver=127.0.0.1\nport={port}\n\
             resource=profanity\npassword={password}\ntls.policy=trust\n\
             presence.last=online\npresence.login=online\npriority.online=0\n"
        ),
    )
    .unwrap();
    let home = home.display();
    format!(
        "env HOME={home} XDG_CONFIG_HOME={home}/config XDG_DATA_HOME={home}/data LANG=C.UTF-8 \
         profanity --account {jid}"
    )
}

/// Settings of profanity: no greeting, no notices of typing, and everything of a chat in sight.
const PROFRC: &str = "\
[connection]
reconnect=5
[ui]
splash=false
enc.warn=false
[notifications]
typing=false
[logging]
chlog=true
[otr]
log=on
policy=manual
";
