//! The daemon under test: the real program, with settings of its own in a folder of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::oauth::Consumer;
use crate::wait::{INTERRUPTED, free_port, poll};
use crate::web;

/// What the settings file says, as far as tests differ.
#[derive(Clone, Debug)]
pub struct Script {
    /// Bare JID of the bot.
    pub jid: String,
    /// Its password.
    pub password: String,
    /// Host and port of the server.
    pub server: String,
    /// The authority of the server's certificate.
    pub ca_certs: PathBuf,
    /// The LMS that may launch.
    pub consumer: Consumer,
    /// More of them.
    pub more_consumers: Vec<Consumer>,
    /// The bot's long-term key in libotr's format; `None`: a fresh one for each learner.
    pub private_key: Option<String>,
    /// Whether the bot may begin SMP itself.
    pub may_start_smp: bool,
    /// Characters a second that the bot types; `None`: at once.
    pub typing_speed: Option<u32>,
    /// Port of the pages.
    pub lti_port: u16,
    /// Port of metrics and health.
    pub metrics_port: u16,
    /// The least that is logged.
    pub log_level: &'static str,
    /// The shared secret of who gave none.
    pub default_secret: Option<&'static str>,
    /// A picture for the bot.
    pub avatar_file: Option<PathBuf>,
    /// Learners who may talk to the bot without a launch.
    pub whitelist: Vec<String>,
    /// The key `component` of the section `xmpp`, on a line of its own.
    pub component: String,
    /// More of the section `tls`, on a line of its own.
    pub tls: String,
    /// URL of the database.
    pub store: String,
    /// More lines at the end of the file.
    pub more: String,
    /// More variables of the environment.
    pub environment: Vec<(&'static str, String)>,
}

impl Script {
    /// A script for an account of a server on loopback.
    pub fn new(jid: &str, password: &str, port: u16, ca_certs: &Path) -> Self {
        Self {
            jid: jid.to_owned(),
            password: password.to_owned(),
            server: format!("127.0.0.1:{port}"),
            ca_certs: ca_certs.to_owned(),
            consumer: Consumer::stage(),
            more_consumers: Vec::new(),
            private_key: None,
            may_start_smp: false,
            typing_speed: None,
            lti_port: free_port(),
            metrics_port: free_port(),
            log_level: "debug",
            default_secret: None,
            avatar_file: None,
            whitelist: Vec::new(),
            component: String::new(),
            tls: String::new(),
            store: "sqlite://otrbot.db".to_owned(),
            more: String::new(),
            environment: Vec::new(),
        }
    }

    /// The settings file.
    pub fn yaml(&self) -> String {
        let Self { jid, password, server, consumer, lti_port, metrics_port, .. } = self;
        format!(
            r#"default_locale: en_GB
xmpp:
  default_account: {jid}
  accounts:
    {jid}: {{ password: "{password}", server: "{server}", private_key: {private_key}, avatar_file: {avatar} }}
  whitelist: {{ {whitelist} }}
  {component}
tls:
  ca_certs: "{ca}"
  {tls}
otr: {{ may_start_smp: {may_start_smp}, default_secret: {default_secret} }}
typing: {{ scheduled: {scheduled}, speed: {speed} }}
lti:
  bind: 127.0.0.1:{lti_port}
  public_url: http://127.0.0.1:{lti_port}
  allow_private_outcomes: true
  secret_key_file: pages.key
  consumers:
    {key}: {{ secret: "{secret}" }}
{more_consumers}store: {store}
metrics: {{ bind: "127.0.0.1:{metrics_port}" }}
log: {{ level: {log_level} }}
{more}"#,
            private_key = if self.private_key.is_some() { "bot.keys" } else { "null" },
            ca = self.ca_certs.display(),
            may_start_smp = self.may_start_smp,
            scheduled = self.typing_speed.is_some(),
            speed = self.typing_speed.unwrap_or(20),
            key = consumer.key,
            secret = consumer.secret,
            more_consumers = self
                .more_consumers
                .iter()
                .map(|more| format!("    {}: {{ secret: {:?} }}\n", more.key, more.secret))
                .collect::<Vec<_>>()
                .concat(),
            log_level = self.log_level,
            default_secret =
                self.default_secret.map_or_else(|| "null".to_owned(), |s| format!("{s:?}")),
            avatar = self.avatar_file.as_ref().map_or_else(
                || "null".to_owned(),
                |path| format!("{:?}", path.display().to_string())
            ),
            whitelist = self
                .whitelist
                .iter()
                .map(|jid| format!("{jid}: {{}}"))
                .collect::<Vec<_>>()
                .join(", "),
            component = self.component,
            tls = self.tls,
            store = self.store,
            more = self.more,
        )
    }
}

/// The daemon, until it is dropped.
#[derive(Debug)]
pub struct Daemon {
    program: PathBuf,
    folder: TempDir,
    script: Script,
    child: Option<Child>,
}

impl Daemon {
    /// Starts `program` by `script` and waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// With its log, when it ends or is not ready in time.
    pub fn start(program: &Path, script: Script) -> Self {
        let mut daemon = Self::launch(program, script);
        daemon.wait_until_ready();
        daemon
    }

    /// Starts `program` and waits for nothing.
    pub fn launch(program: &Path, script: Script) -> Self {
        let mut daemon = Self::prepare(program, script);
        daemon.again();
        daemon
    }

    /// Writes the settings, and starts nothing yet.
    pub fn prepare(program: &Path, script: Script) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("settings.yaml"), script.yaml()).unwrap();
        fs::write(folder.path().join("pages.key"), crate::oauth::nonce().repeat(2)).unwrap();
        if let Some(key) = &script.private_key {
            fs::write(folder.path().join("bot.keys"), key).unwrap();
        }
        Self { program: program.to_owned(), folder, script, child: None }
    }

    /// Its folder, with the settings and the store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the program again, with the same settings and the same store.
    pub fn again(&mut self) {
        assert!(self.child.is_none(), "the daemon runs already");
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let child = Command::new(&self.program)
            .arg("--settings")
            .arg(self.settings())
            .arg("run")
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .envs(self.script.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the daemon can be started");
        self.child = Some(child);
    }

    /// Waits for `/readyz`.
    pub fn wait_until_ready(&mut self) {
        let url = format!("{}/readyz", self.metrics_url());
        let ready = poll(Duration::from_secs(30), || {
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().unwrap()) {
                return Some(Err(format!("it ended with {status}")));
            }
            (web::status_of(&url) == Some(200)).then_some(Ok(()))
        });
        match ready {
            Some(Ok(())) => {}
            Some(Err(why)) => panic!("the daemon is not ready: {why}; its log:\n{}", self.log()),
            None => panic!("the daemon is not ready in time; its log:\n{}", self.log()),
        }
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the daemon runs").id()
    }

    /// What launches are posted to, and signed for.
    pub fn launch_url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.script.lti_port)
    }

    /// Where metrics and health are served.
    pub fn metrics_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.script.metrics_port)
    }

    /// The bot's bare JID.
    pub fn jid(&self) -> &str {
        &self.script.jid
    }

    /// The settings file.
    pub fn settings(&self) -> PathBuf {
        self.folder.path().join("settings.yaml")
    }

    /// All that the daemon wrote, over all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Waits until the log holds `words`.
    pub fn wait_for_log(&self, words: &str, patience: Duration) {
        let found = poll(patience, || self.log().contains(words).then_some(()));
        assert!(found.is_some(), "{words:?} is not in the log:\n{}", self.log());
    }

    /// Waits for the daemon to end by itself.
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        if let Some(status) = poll(patience, || child.try_wait().unwrap()) {
            return status;
        }
        drop(child.kill());
        drop(child.wait());
        panic!("the daemon did not end within {patience:?}; its log:\n{}", self.log());
    }

    /// Asks the daemon to end, as a service manager does, and tells how and how fast it did.
    pub fn terminate(&mut self) -> (ExitStatus, Duration) {
        let pid = self.child.as_ref().expect("the daemon runs").id().to_string();
        let began = Instant::now();
        let sent = Command::new("sh").args(["-c", "kill -TERM $0", &pid]).status().unwrap();
        assert!(sent.success(), "the daemon is gone already");
        let status = self.wait(Duration::from_secs(30));
        (status, began.elapsed())
    }

    /// Has the daemon read lessons and locales anew.
    pub fn hang_up(&self) {
        let pid = self.child.as_ref().expect("the daemon runs").id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -HUP $0", &pid]).status().unwrap();
        assert!(sent.success(), "the daemon is gone already");
    }

    /// Takes the daemon away, as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() && !INTERRUPTED.load(Ordering::Relaxed) {
            eprintln!("--- the daemon's log:\n{}", self.log());
        }
    }
}
