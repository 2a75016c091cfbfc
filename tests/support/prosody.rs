//! A throw-away Prosody on loopback, with a certificate of its own authority.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::wait::{free_port, poll};

/// A server that is ready to be run: its folder, accounts and certificates are made.
#[derive(Debug)]
pub(crate) struct Prepared {
    folder: TempDir,
    port: u16,
}

/// A running server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Prosody {
    prepared: Prepared,
    child: Child,
}

impl Prosody {
    /// Starts a server on a free port, with these accounts (bare JID at `localhost`, password).
    pub(crate) fn start(accounts: &[(&str, &str)]) -> Self {
        Self::prepare(free_port(), accounts).run()
    }

    /// Makes everything that a server needs, and does not start it yet.
    pub(crate) fn prepare(port: u16, accounts: &[(&str, &str)]) -> Prepared {
        let folder = TempDir::new().unwrap();
        let root = folder.path();
        let users = root.join("data/localhost/accounts");
        fs::create_dir_all(&users).unwrap();
        for (jid, password) in accounts {
            let user = jid.strip_suffix("@localhost").expect("a JID at localhost");
            let record = format!("return {{ [\"password\"] = \"{password}\"; }};\n");
            fs::write(users.join(format!("{user}.dat")), record).unwrap();
        }
        openssl(
            root,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=authority of a test",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
            ],
        );
        openssl(
            root,
            &[
                "req",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-subj",
                "/CN=localhost",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
            ],
        );
        fs::write(root.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
        openssl(
            root,
            &[
                "x509",
                "-req",
                "-in",
                "server.csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                "names",
                "-out",
                "server.pem",
            ],
        );
        fs::write(root.join("prosody.cfg.lua"), config(root, port)).unwrap();
        Prepared { folder, port }
    }

    /// The port for clients.
    pub(crate) fn port(&self) -> u16 {
        self.prepared.port
    }

    /// The authority that signed the server's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.prepared.ca()
    }

    /// What the server wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.prepared.folder.path().join("log")).unwrap_or_default()
    }
}

impl Prepared {
    /// The authority that signed the server's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn run(self) -> Prosody {
        let log = fs::File::create(self.folder.path().join("output")).unwrap();
        let child = Command::new("prosody")
            .arg("--config")
            .arg(self.folder.path().join("prosody.cfg.lua"))
            .arg("-F")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("prosody is installed");
        let prosody = Prosody { prepared: self, child };
        let port = prosody.port();
        let up = poll(Duration::from_secs(20), || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(up.is_some(), "prosody does not listen: {}", prosody.log());
        prosody
    }
}

impl Drop for Prosody {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn config(root: &Path, port: u16) -> String {
    let root = root.display();
    format!(
        r#"run_as_root = true
pidfile = "{root}/pid"
data_path = "{root}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{}}
s2s_ports = {{}}
http_ports = {{}}
https_ports = {{}}
component_ports = {{}}
modules_enabled = {{ "roster", "saslauth", "tls", "disco", "ping", "pep", "vcard_legacy", "offline", "smacks", "carbons" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_plain"
c2s_require_encryption = true
log = {{ info = "{root}/log" }}
VirtualHost "localhost"
  ssl = {{ key = "{root}/server.key", certificate = "{root}/server.pem" }}
"#
    )
}
