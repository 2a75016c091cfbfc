//! A throw-away Prosody on loopback: its own folder, certificates, port and accounts.
//!
//! ```text
//! let server = Prosody::start(&[("bot", "secret"), ("alice", "pw")]);
//! account.server = Some(server.c2s_addr());
//! account.tls.ca_certs = Some(server.ca_file());
//! ```
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it, and wait by the clock"
)]

use std::{
    fmt::Write as _,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

/// Longest wait for the server to come up; other tests may keep the machine busy.
const START: Duration = Duration::from_mins(1);

/// What a component and the server both know.
pub const COMPONENT_SECRET: &str = "secret of the component";

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct Prosody {
    folder: TempDir,
    port: u16,
    component_port: u16,
    direct_port: u16,
    options: Options,
    process: Option<Child>,
}

/// What may differ from the usual server.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Lua of the section `ssl` of the host, such as `protocol = "tlsv1_2"`.
    pub ssl: Vec<String>,
    /// Further Lua before the host, such as `c2s_stanza_size_limit = 10000`.
    pub global: String,
    /// Further modules.
    pub modules: Vec<String>,
    /// Further Lua after the host, such as another component.
    pub after: String,
    /// Domain of an external component (XEP-0114), whose secret is [`COMPONENT_SECRET`].
    pub component: Option<&'static str>,
    /// Without acknowledgements and resumption (XEP-0198).
    pub without_acks: bool,
    /// With a port whose TLS begins with the first byte (XEP-0368).
    pub direct_tls: bool,
}

impl Prosody {
    /// Starts a server that has these accounts: names and passwords.
    pub fn start(accounts: &[(&str, &str)]) -> Self {
        Self::start_with(accounts, Options::default())
    }

    /// Starts a server with options.
    pub fn start_with(accounts: &[(&str, &str)], options: Options) -> Self {
        let folder = TempDir::with_prefix("otrbot-prosody-").unwrap();
        make_certificates(folder.path(), "localhost");
        let mut server =
            Self { folder, port: 0, component_port: 0, direct_port: 0, options, process: None };
        for (name, password) in accounts {
            server.add_account(name, password);
        }
        for _ in 0..5 {
            server.port = free_port();
            server.component_port = free_port();
            server.direct_port = free_port();
            if server.launch() {
                return server;
            }
        }
        panic!("prosody finds no free port: {}", server.log());
    }

    /// Makes or changes an account; the server may be running.
    pub fn add_account(&self, name: &str, password: &str) {
        let record = format!("return {{\n\t[\"password\"] = {password:?};\n}};\n");
        self.keep_account(name, &record);
    }

    /// Makes an account whose password nobody knows, derived with so many rounds, for a server whose
    /// `authentication` is `internal_hashed`.
    pub fn add_derived_account(&self, name: &str, rounds: u64) {
        let key = "0123456789abcdef0123456789abcdef01234567";
        let record = format!(
            "return {{\n\t[\"iteration_count\"] = {rounds};\n\t[\"salt\"] = \"salt of a test\";\n\
             \t[\"stored_key\"] = {key:?};\n\t[\"server_key\"] = {key:?};\n}};\n"
        );
        self.keep_account(name, &record);
    }

    /// Writes what the server keeps of an account.
    fn keep_account(&self, name: &str, record: &str) {
        let accounts = self.folder.path().join("data/localhost/accounts");
        fs::create_dir_all(&accounts).unwrap();
        fs::write(accounts.join(format!("{}.dat", encoded(name))), record).unwrap();
    }

    /// The domain of the accounts.
    pub fn domain(&self) -> &'static str {
        "localhost"
    }

    /// The port for clients.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// `host:port` for components.
    pub fn component_addr(&self) -> String {
        format!("127.0.0.1:{}", self.component_port)
    }

    /// `host:port` for clients.
    pub fn c2s_addr(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `host:port` for clients whose TLS begins with the first byte.
    pub fn direct_addr(&self) -> String {
        format!("127.0.0.1:{}", self.direct_port)
    }

    /// The folder with the server's certificate and key, `localhost.crt` and `localhost.key`.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The certificate of the authority that vouches for the server.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("prosody.log")).unwrap_or_default()
    }

    /// Ends the server at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Lets the server shut down in order.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let pid = process.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            process.wait().unwrap();
        }
    }

    /// Deletes all rosters, as a server does that was restored without them.
    pub fn forget_rosters(&self) {
        let rosters = self.folder.path().join("data/localhost/roster");
        if rosters.exists() {
            fs::remove_dir_all(rosters).unwrap();
        }
    }

    /// Starts the server again on the same port with the same data.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "the server is still running");
        let begin = Instant::now();
        while begin.elapsed() < START {
            if self.launch() {
                return;
            }
        }
        panic!("prosody does not get its port back: {}", self.log());
    }

    /// Starts the process; `false` if something else has the port.
    fn launch(&mut self) -> bool {
        let folder = self.folder.path();
        fs::write(folder.join("prosody.cfg.lua"), self.configuration()).unwrap();
        fs::write(folder.join("prosody.log"), "").unwrap();
        let output = fs::File::create(folder.join("output.log")).unwrap();
        let process = Command::new("prosody")
            .arg("--config")
            .arg(folder.join("prosody.cfg.lua"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(output.try_clone().unwrap())
            .stdout(output)
            .spawn();
        let process = match process {
            Ok(process) => self.process.insert(process),
            Err(error) => panic!("cannot run prosody ({error}); install Debian's package prosody"),
        };
        let begin = Instant::now();
        loop {
            let log = fs::read_to_string(folder.join("prosody.log")).unwrap();
            let is_direct = log.contains("Activated service 'c2s_direct_tls' on [127.0.0.1]");
            if log.contains("Activated service 'c2s' on [127.0.0.1]")
                && (is_direct || !self.options.direct_tls)
            {
                return true;
            }
            let ended = process.try_wait().unwrap();
            if log.contains("Failed to open server port") || log.contains("address already in use")
            {
                self.kill();
                return false;
            }
            let output = fs::read_to_string(folder.join("output.log")).unwrap();
            assert!(ended.is_none(), "prosody ended: {output}\n{log}");
            assert!(begin.elapsed() < START, "prosody does not come up: {output}\n{log}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        let mut modules = "\"roster\", \"saslauth\", \"tls\", \"disco\", \"ping\", \"offline\", \
             \"carbons\", \"vcard_legacy\", \"pep\""
            .to_owned();
        if !self.options.without_acks {
            modules.push_str(", \"smacks\"");
        }
        for module in &self.options.modules {
            write!(modules, ", {module:?}").unwrap();
        }
        let mut ssl =
            format!("key = \"{folder}/localhost.key\"; certificate = \"{folder}/localhost.crt\"; ");
        for line in &self.options.ssl {
            write!(ssl, "{line}; ").unwrap();
        }
        format!(
            "run_as_root = true\n\
             daemonize = false\n\
             pidfile = \"{folder}/prosody.pid\"\n\
             data_path = \"{folder}/data\"\n\
             log = {{ info = \"{folder}/prosody.log\" }}\n\
             interfaces = {{ \"127.0.0.1\" }}\n\
             c2s_ports = {{ {port} }}\n\
             s2s_ports = {{ }}\n\
             s2s_direct_tls_ports = {{ }}\n\
             {direct}\n\
             http_ports = {{ }}\n\
             https_ports = {{ }}\n\
             modules_enabled = {{ {modules} }}\n\
             modules_disabled = {{ \"s2s\" }}\n\
             authentication = \"internal_plain\"\n\
             storage = \"internal\"\n\
             c2s_require_encryption = false\n\
             allow_unencrypted_plain_auth = true\n\
             {global}\n\
             component_ports = {{ {component_port} }}\n\
             component_interfaces = {{ \"127.0.0.1\" }}\n\
             VirtualHost \"localhost\"\n\
             \tssl = {{ {ssl} }}\n\
             {component}{after}",
            port = self.port,
            direct = if self.options.direct_tls {
                format!(
                    "c2s_direct_tls_ports = {{ {} }}\n\
                     c2s_direct_tls_ssl = {{ key = \"{folder}/localhost.key\"; \
                     certificate = \"{folder}/localhost.crt\" }}",
                    self.direct_port
                )
            } else {
                "c2s_direct_tls_ports = { }".to_owned()
            },
            component_port = self.component_port,
            after = self.options.after,
            component = self.options.component.map_or_else(String::new, |domain| format!(
                "Component {domain:?}\n\tcomponent_secret = {COMPONENT_SECRET:?}\n"
            )),
            global = self.options.global,
        )
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A name as Prosody writes it into file names.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02x}").unwrap();
        }
    }
    out
}

/// Makes an authority, `ca.crt`, and with it a certificate for `domain`: `localhost.crt` and
/// `localhost.key`.
pub fn make_certificates(folder: &Path, domain: &str) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, "Authority of a test");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.crt"), authority.pem()).unwrap();

    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![domain.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, domain);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("localhost.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("localhost.key"), key.serialize_pem()).unwrap();
}
