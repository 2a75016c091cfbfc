//! A PostgreSQL server of its own, on a Unix socket in a folder of its own, and maybe with TLS on an
//! address that is not loopback; it ends with the test.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};

use crate::wait::free_port;

/// Runs a command, then removes a folder that the command itself may not be allowed to remove.
const CLEANER: &str = r#"dir=$1; shift; "$@"; rm -rf "$dir""#;
/// Runs the server until its standard input ends. The server refuses to run as root. `stop` and
/// `start` are commands on the standard input.
const KEEPER: &str = r#"
cd / && bin=$1 dir=$2 port=$3 more=$4
"$bin/initdb" --pgdata="$dir/data" --username=otrbot --auth=trust --no-sync --no-locale \
    --encoding=UTF8 >"$dir/log" 2>&1 || exit 1
if [ -e "$dir/server.key" ]; then
    install -m 0600 "$dir/server.key" "$dir/server.crt" "$dir/data" || exit 1
    echo "host all all all scram-sha-256" >>"$dir/data/pg_hba.conf"
fi
pg() {
    "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --wait --silent "$@" >>"$dir/log" 2>&1
}
start() { pg -o "-k $dir -p $port -c max_connections=200 -c shared_buffers=16MB $more" start; }
start || exit 1
touch "$dir/is_up"
while read -r command; do
    case $command in
    stop) pg --mode=immediate stop; rm -f "$dir/is_up" ;;
    start) start && touch "$dir/is_up" ;;
    esac
done
pg --mode=immediate stop
"#;

/// A server that runs.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    port: u16,
    keeper: Child,
    orders: Option<ChildStdin>,
}

/// The password of a server that is reached over the network.
pub const PASSWORD: &str = "password-of-the-database";

impl Postgres {
    /// Makes and starts one.
    pub fn start() -> Self {
        Self::start_in(new_folder(), 5432, "-c listen_addresses=")
    }

    /// One that is reached at [`own_address`] too, with [`PASSWORD`], and with TLS. Its certificate is
    /// for this name or address, by an authority of its own.
    pub fn start_elsewhere(name: &str) -> Self {
        let folder = new_folder();
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "authority of a database");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap());
        let authority = authority.unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.join("ca.crt"), authority.pem()).unwrap();
        std::fs::write(folder.join("server.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
        let more = format!(
            "-c listen_addresses={} -c ssl=on -c ssl_cert_file=server.crt -c ssl_key_file=server.key",
            own_address()
        );
        let server = Self::start_in(folder, free_port(), &more);
        server.psql(&["-c", &format!("ALTER ROLE otrbot PASSWORD '{PASSWORD}'")]);
        server
    }

    fn start_in(folder: PathBuf, port: u16, more: &str) -> Self {
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = Command::new("sh");
        command.args(["-c", CLEANER, "cleaner"]).arg(&folder);
        if is_root {
            command.args(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command.args(["sh", "-c", KEEPER, "postgres"]).arg(programs()).arg(&folder);
        command.args([&port.to_string(), more]);
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = keeper.stdin.take();
        let server = Self { folder, port, keeper, orders };
        server.wait(true);
        server
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = self.new_database();
        format!("postgres://otrbot@localhost/{name}?host={}", self.folder.display())
    }

    /// The same over the network, for a server that is there. The URL says nothing of TLS.
    pub fn database_elsewhere(&self) -> String {
        let host = SocketAddr::new(own_address(), self.port);
        format!("postgres://otrbot:{PASSWORD}@{host}/{}", self.new_database())
    }

    /// The authority of the certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// How many connections over the network there are to a database of a URL: with and without TLS.
    pub fn connections(&self, url: &str) -> (usize, usize) {
        let name = url.split('/').nth(3).and_then(|end| end.split('?').next()).unwrap();
        let select = format!(
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
             WHERE datname = '{name}' AND client_addr IS NOT NULL"
        );
        let said = self.psql(&["--tuples-only", "--no-align", "-c", &select]);
        let n = |word: &str| said.lines().filter(|line| *line == word).count();
        (n("t"), n("f"))
    }

    fn new_database(&self) -> String {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", LAST.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(programs().join("createdb"))
            .args(["--username=otrbot", "--host"])
            .arg(&self.folder)
            .args(["--port", &self.port.to_string(), &name])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        name
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// Whether it takes writes, as after a change to a server that only follows another.
    pub fn set_read_only(&self, is_read_only: bool) {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {is_read_only}");
        // What a server that is read-only was told may be taken back.
        let may_write = "SET default_transaction_read_only = off";
        self.psql(&["-c", may_write, "-c", &set, "-c", "SELECT pg_reload_conf()"]);
    }

    /// What PostgreSQL's own client says, by the socket.
    fn psql(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(programs().join("psql"));
        command.args([
            "--username=otrbot",
            "--dbname=postgres",
            "--quiet",
            "--no-psqlrc",
            "--host",
        ]);
        command.arg(&self.folder).args(["--port", &self.port.to_string()]).args(arguments);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Has the daemon's claim to a database end, and another one have it for as long as the process
    /// lives that this gives.
    pub fn take_over(database: &str) -> Child {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'";
        let take = "SELECT pg_advisory_lock(122545925943156)";
        let mut command = Command::new(programs().join("psql"));
        command.args(["--quiet", "--no-psqlrc", database]);
        command.args(["-c", end, "-c", take, "-c", "SELECT pg_sleep(300)"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// As if its machine had lost its power.
    pub fn kill(&mut self) {
        self.order("stop\n");
        self.wait(false);
    }

    /// Starts it again.
    pub fn revive(&mut self) {
        self.order("start\n");
        self.wait(true);
    }

    fn order(&mut self, order: &str) {
        std::io::Write::write_all(self.orders.as_mut().unwrap(), order.as_bytes()).unwrap();
    }

    fn wait(&self, is_up: bool) {
        let begun = Instant::now();
        while self.folder.join("is_up").exists() != is_up {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_mins(1), "PostgreSQL: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.keeper.wait().ok();
    }
}

/// A server of PostgreSQL's protocol that has no TLS, and takes down all that it is told. Who goes on
/// all the same is asked for a password in clear.
#[derive(Debug)]
pub struct PlainServer {
    address: SocketAddr,
    told: Arc<Mutex<Vec<u8>>>,
}

/// What a client says that wants TLS: a length and a number.
pub const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

impl PlainServer {
    /// Starts one at [`own_address`]. It ends with the process.
    pub fn start() -> Self {
        let listener = TcpListener::bind((own_address(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::<Mutex<Vec<u8>>>::default();
        let heard = Arc::clone(&told);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || Self::talk(client.unwrap(), &heard));
            }
        });
        Self { address, told }
    }

    fn talk(mut client: TcpStream, heard: &Mutex<Vec<u8>>) {
        let mut bytes = [0; 1024];
        // "No"; AuthenticationCleartextPassword; and that is enough.
        for answer in [&b"N"[..], b"R\0\0\0\x08\0\0\0\x03", b""] {
            let Ok(n @ 1..) = client.read(&mut bytes) else { return };
            heard.lock().unwrap().extend(&bytes[..n]);
            client.write_all(answer).ok();
        }
    }

    /// Where it is, with [`PASSWORD`] in it. The URL says nothing of TLS.
    pub fn url(&self) -> String {
        format!("postgres://otrbot:{PASSWORD}@{}/otrbot", self.address)
    }

    /// What it was told so far.
    pub fn told(&self) -> Vec<u8> {
        self.told.lock().unwrap().clone()
    }
}

/// An address of this machine that is not loopback. Where it has none, the one that stands for all.
pub fn own_address() -> IpAddr {
    // No packet is sent: it is looked up which address one would be sent from.
    let from = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    let from = from.map(|from| from.ip()).ok().filter(|from| !from.is_loopback());
    from.unwrap_or_else(|| Ipv4Addr::UNSPECIFIED.into())
}

fn new_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("otrbot-pg-").tempdir().unwrap().keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Where Debian keeps the newest server's programs; elsewhere they are in the path.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    let in_path = || {
        let found = Command::new("sh").args(["-c", "command -v initdb"]).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        Path::new(found.trim()).parent().map(Path::to_owned).expect("PostgreSQL is not installed")
    };
    versions.pop().unwrap_or_else(in_path)
}
