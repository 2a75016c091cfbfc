//! A server under the test's control, byte by byte: what no real one does when asked.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sasl::common::{
    Password,
    scram::{ScramProvider as _, Sha1},
};

use crate::daemon::Script;

/// The password of the bot's account there, and the secret of its component.
pub const PASSWORD: &str = "pw";
/// The component's address.
pub const COMPONENT: &str = "bot@lessons.localhost";
/// Longest wait for something of the bot.
const PATIENCE: Duration = Duration::from_secs(30);

const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' version='1.0' \
    xml:lang='en'>";
const COMPONENT_OPENING: &str = "<?xml version='1.0'?><stream:stream \
    xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' \
    from='lessons.localhost' id='abc'>";
const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";

/// A server that the bot connects to.
#[derive(Debug)]
pub struct Fake(TcpListener);

/// One connection of the bot.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    read: String,
}

impl Fake {
    /// Listens on a free port.
    pub fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// The script of a bot with an account here.
    pub fn script(&self, learners: &[&str]) -> Script {
        let port = self.0.local_addr().unwrap().port();
        let mut script = Script::new("bot@localhost", PASSWORD, port, &some_file());
        "enabled: false".clone_into(&mut script.tls);
        script.whitelist = learners.iter().map(|&learner| learner.to_owned()).collect();
        script.default_secret = Some("seven calm owls read 9 maps");
        script
    }

    /// The script of a bot that is a component here.
    pub fn component_script(&self, learners: &[&str]) -> Script {
        let mut script = self.script(learners);
        let server = self.address();
        script.component =
            format!("component: {{ jid: {COMPONENT}, secret: {PASSWORD}, server: {server:?} }}");
        script
    }

    /// The next connection.
    pub fn accept(&self) -> Line {
        self.0.set_nonblocking(true).unwrap();
        let stream = super::wait::poll(PATIENCE, || self.0.accept().ok()).expect("the bot comes").0;
        stream.set_nonblocking(false).unwrap();
        Line { stream, read: String::new() }
    }

    /// The next connection, with a login up to where the bot asks for a resource or an earlier
    /// stream.
    pub fn log_in(&self) -> Line {
        let mut line = self.accept();
        line.authenticate();
        line
    }

    /// The next connection, with a new stream that keeps counts.
    pub fn welcome(&self) -> Line {
        let mut line = self.log_in();
        line.bind();
        line.enable();
        line
    }

    /// The next connection, which has forgotten the earlier stream.
    pub fn welcome_anew(&self) -> Line {
        let mut line = self.log_in();
        line.until("<resume");
        line.until("</resume>");
        line.write(
            "<failed xmlns='urn:xmpp:sm:3'>\
             <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
        );
        line.bind();
        line.enable();
        line
    }

    /// The next connection of a component.
    pub fn welcome_component(&self) -> Line {
        let mut line = self.accept();
        line.until("to='lessons.localhost'>");
        line.write(COMPONENT_OPENING);
        line.until("</handshake>");
        line.write("<handshake/>");
        line
    }
}

impl Line {
    /// Sends XML as it is.
    pub fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Reads up to and including `mark`.
    pub fn until(&mut self, mark: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.read.find(mark) {
                let rest = self.read.split_off(at + mark.len());
                return std::mem::replace(&mut self.read, rest);
            }
            assert!(Instant::now() < deadline, "{mark} does not come: {}", self.read);
            assert!(self.fill(), "closed before {mark}: {}", self.read);
        }
    }

    /// Reads what comes within a time; whether the line is still open.
    fn fill(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut bytes = [0; 8_192];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(length) => {
                self.read.push_str(&String::from_utf8_lossy(&bytes[..length]));
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }

    /// Reads until nothing has come for so long; what came.
    pub fn quiet(&mut self, time: Duration) -> String {
        let mut last = Instant::now();
        let mut length = self.read.len();
        while last.elapsed() < time && self.fill() {
            if self.read.len() > length {
                length = self.read.len();
                last = Instant::now();
            }
        }
        std::mem::take(&mut self.read)
    }

    /// Whether the bot keeps the line for so long.
    pub fn stays(&mut self, time: Duration) -> bool {
        let end = Instant::now() + time;
        while Instant::now() < end {
            if !self.fill() {
                return false;
            }
        }
        true
    }

    /// Breaks it.
    pub fn cut(self) {
        self.stream.shutdown(Shutdown::Both).ok();
    }

    /// A learner says something.
    pub fn say(&mut self, from: &str, to: &str, body: &str) {
        self.write(&format!(
            "<message from='{from}' to='{to}' type='chat'><body>{body}</body></message>"
        ));
    }

    /// Acknowledges so many stanzas.
    pub fn acknowledge(&mut self, n: usize) {
        self.write(&format!("<a xmlns='urn:xmpp:sm:3' h='{n}'/>"));
    }

    fn authenticate(&mut self) {
        self.until("xml:lang='en'>");
        self.write(&format!(
            "{OPENING}<stream:features><mechanisms xmlns='{SASL}'>\
             <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>"
        ));
        let first = data(&self.until("</auth>"));
        let bare = first.splitn(3, ',').nth(2).unwrap();
        let nonce = bare.rsplit_once("r=").unwrap().1;
        let challenge = format!("r={nonce}more,s={},i=4096", BASE64.encode("salt"));
        self.write(&format!("<challenge xmlns='{SASL}'>{}</challenge>", BASE64.encode(&challenge)));
        let last = data(&self.until("</response>"));
        let without_proof = last.split_once(",p=").unwrap().0;
        let all = format!("{bare},{challenge},{without_proof}");
        let password = Password::Plain(PASSWORD.to_owned());
        let salted = Sha1::derive(&password, b"salt", 4_096).unwrap();
        let key = Sha1::hmac(b"Server Key", &salted).unwrap();
        let proof = BASE64.encode(Sha1::hmac(all.as_bytes(), &key).unwrap());
        self.write(&format!(
            "<success xmlns='{SASL}'>{}</success>",
            BASE64.encode(format!("v={proof}"))
        ));
        self.until("xml:lang='en'>");
        self.write(&format!(
            "{OPENING}<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
             <sm xmlns='urn:xmpp:sm:3'/></stream:features>"
        ));
    }

    /// Answers the request to bind a resource.
    pub fn bind(&mut self) {
        self.until("</iq>");
        self.write(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>bot@localhost/otrbot</jid></bind></iq>",
        );
    }

    /// Answers the request for stream management.
    pub fn enable(&mut self) {
        self.until("<enable ");
        self.until(">");
        self.write("<enabled xmlns='urn:xmpp:sm:3' id='s' resume='true'/>");
    }
}

/// What an element of SASL carries.
fn data(element: &str) -> String {
    let text = element.rsplit_once("</").unwrap().0.rsplit_once('>').unwrap().1;
    String::from_utf8(BASE64.decode(text).unwrap()).unwrap()
}

/// The parts of what was sent between two marks.
pub fn between<'a>(sent: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = sent.split(start).skip(1);
    parts.filter_map(|part| part.split_once(end).map(|(inner, _)| inner)).collect()
}

/// The bodies of messages.
pub fn bodies(sent: &str) -> Vec<&str> {
    between(sent, "<body>", "</body>")
}

/// How many stanzas these are.
pub fn n_stanzas(sent: &str) -> usize {
    ["<message", "<presence", "<iq"].iter().map(|start| sent.matches(start).count()).sum()
}

/// A file that is there: the settings name one, though nothing is secured here.
fn some_file() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")
}
