//! One account's XMPP stream: a plain tokio task, commands in, events out.
//!
//! [`start`] spawns the task and gives the two ends of its contract, [`Command`] and [`Event`].
//! The task finds the server, secures the stream, logs in, binds the resource, keeps the
//! connection alive, and comes back by itself with growing pauses whenever that can help.
//!
//! ```text
//!             +------------------------- Offline{retry_in: Some} <----------------+
//!             v                                                                    |
//!  start -> connect (SRV, TCP, TLS) -> login (SASL, bind) -> Online -> stanzas, acks
//!             |                                |                               |
//!             +--- Offline{retry_in: None} <---+          Stop ----------------+--> Stopped
//! ```
//!
//! Promises:
//!
//! - Nothing that a stranger sends ends the stream. Sizes, depth and numbers are bounded
//!   (module `xml`); what is over a bound or is no valid stanza becomes [`Event::Rejected`], and an
//!   `iq` request among them is answered with an error.
//! - Memory is bounded in both directions: the task stops reading from the network while its
//!   owner is slow or its own output is stuck, and stops taking commands while output is stuck.
//! - Where the server can (XEP-0198), stanzas are acknowledged and a broken stream is resumed, so
//!   that nothing is lost or doubled; where it cannot, or has forgotten, [`Event::Lost`] says so.
//!   A component's server acknowledges by sending back what the component has sent to itself.
//! - Where a server sends the stream to another one, that one is bound to the same certificate's name
//!   and to TLS, is no nearer to this machine, and is one of a bounded number (module `entrance`).
//! - The password leaves only by SCRAM, or by PLAIN inside TLS when that was asked for.
//! - No text of an event holds a secret.
//!
//! What it deliberately lacks: presence, roster, subscriptions, matching of `iq` answers, any
//! word about lessons. Its owner does these.

mod authorities;
mod avatar;
mod ciphers;
mod component;
mod connect;
mod dns;
mod down;
mod echo;
mod entrance;
mod ledger;
mod link;
mod login;
mod offer;
mod online;
mod outbox;
mod owner;
mod pace;
mod refusal;
mod scram;
mod session;
mod target;
mod tls;
mod trust;
mod xml;

use std::{path::PathBuf, time::Duration};

use jid::{BareJid, FullJid, Jid};
use rustls::CipherSuite;
use secrecy::SecretString;
use tokio::sync::mpsc;
use xmpp_parsers::stanza::Stanza;

pub use authorities::{MAX_AUTHORITIES_BYTES, check_authorities};
pub use avatar::{Avatar, AvatarError, MAX_AVATAR_BYTES};
pub use ciphers::{CipherProblem, has_cipher_for, parse_cipher, supported_ciphers};
pub use component::Component;
pub use down::{ConfigError, Down};
pub use pace::Pace;
pub use xml::Rejection;

/// Commands that may wait for the task before the owner must.
const COMMANDS: usize = 1024;

/// Events that may wait for the owner before the task stops reading from the network.
const EVENTS: usize = 256;

/// Who logs in, where, and how.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account; it must have a local part.
    pub jid: BareJid,
    /// The resource to bind. A fixed one replaces a stale session of an earlier run at once.
    pub resource: String,
    /// The password of the account.
    pub password: SecretString,
    /// `host:port` of the server, or `xmpps://host:port` where TLS begins with the first byte
    /// (XEP-0368). `None`: the SRV records of the domain name it, of both kinds; without any it is
    /// port 5222 of the domain itself.
    pub server: Option<String>,
    /// Whether SASL PLAIN may be used when the server offers nothing better; only inside TLS.
    pub allow_plain_text: bool,
    /// How the stream is secured.
    pub tls: Tls,
}

/// How the stream is secured.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Whether TLS is required. If not, it is not even tried.
    pub enabled: bool,
    /// The least version that is accepted.
    pub min_version: TlsVersion,
    /// The cipher suites that are accepted; empty for all that the library considers safe.
    pub cipher_suites: Vec<CipherSuite>,
    /// A PEM file of the authorities that may vouch for the server, or of its own certificate as it
    /// stands. `None`: no check, which is allowed only when the server's address is a loopback
    /// address.
    pub ca_certs: Option<PathBuf>,
}

/// A version of TLS that the library speaks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TlsVersion {
    /// TLS 1.2, RFC 5246.
    V1_2,
    /// TLS 1.3, RFC 8446.
    V1_3,
}

/// What the owner tells the task.
#[derive(Debug)]
pub enum Command {
    /// Send a stanza.
    ///
    /// Characters that XML cannot carry are left out. With a tag, exactly one [`Event::Acked`],
    /// [`Event::Lost`] or [`Event::Unsendable`] says what became of it. While offline nothing is kept for later and the tag
    /// is lost at once, unless the server may let the broken stream be resumed (XEP-0198): then
    /// the stanza waits for that.
    ///
    /// An owner that waits for room for a command must go on taking events meanwhile.
    Send {
        /// The stanza.
        stanza: Box<Stanza>,
        /// A number of the owner's choice, given back when it is known what became of it.
        tag: Option<u64>,
    },
    /// Say goodbye and end: unavailable presence, end of stream, at most [`Pace::stop`].
    ///
    /// Dropping the sender of commands does the same.
    Stop,
}

/// What the task tells its owner.
#[derive(Debug)]
pub enum Event {
    /// The stream is up and the resource bound. The initial presence is the owner's to send.
    Online {
        /// The full address that the server gave.
        jid: FullJid,
        /// Whether an earlier stream goes on: presence and roster are still known to the server.
        resumed: bool,
        /// What TLS agreed on; `None` without TLS.
        negotiated: Option<Negotiated>,
        /// The SASL mechanism that proved both sides.
        mechanism: String,
    },
    /// The stream is down, or could not be brought up.
    Offline {
        /// Why.
        why: Down,
        /// The pause before the next attempt; `None`: given up for good, only
        /// [`Command::Stop`] is of use now.
        retry_in: Option<Duration>,
    },
    /// A stanza arrived.
    Stanza(Box<Stanza>),
    /// Something arrived in place of a stanza and was dropped; the stream goes on.
    Rejected {
        /// Who sent it, where that could be read.
        from: Option<Jid>,
        /// What was wrong with it.
        why: Rejection,
    },
    /// The server has the stanza of this tag; or, where it does not support acknowledgements
    /// (XEP-0198) and is no component's, the network took it.
    Acked(u64),
    /// It is not known whether the stanzas of these tags arrived: the stream was lost before.
    Lost(Vec<u64>),
    /// The stanza of this tag was not sent, and never can be: it is too large, or no XML.
    Unsendable(u64),
    /// The task has ended. Always the last event.
    Stopped,
}

/// What TLS agreed on, in the names of IANA.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Negotiated {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher: String,
}

/// Starts the stream of `account` with the default [`Pace`].
///
/// Must be called inside a tokio runtime. The file of CA certificates is read here.
///
/// # Errors
///
/// [`ConfigError`] if the account can never work as it is.
pub fn start(
    account: Account,
) -> Result<(mpsc::Sender<Command>, mpsc::Receiver<Event>), ConfigError> {
    start_paced(account, Pace::default())
}

/// Starts the stream of `account` with waits and pauses of the caller's choice.
///
/// # Errors
///
/// [`ConfigError`] if the account can never work as it is.
pub fn start_paced(
    account: Account,
    pace: Pace,
) -> Result<(mpsc::Sender<Command>, mpsc::Receiver<Event>), ConfigError> {
    let server = connect::Place::new(&account)?;
    let login = login::Login::new(account)?;
    Ok(spawn(entrance::Entrance::Client(Box::new((server, login))), pace))
}

/// Starts the stream of a component, behind the same contract. It is never resumed, and nothing that
/// is sent to nobody in particular reaches anybody: presence is the owner's to send to each peer.
///
/// # Errors
///
/// [`ConfigError`] if it can never work as it is.
pub fn start_component(
    component: &Component,
    pace: Pace,
) -> Result<(mpsc::Sender<Command>, mpsc::Receiver<Event>), ConfigError> {
    Ok(spawn(entrance::Entrance::Component(component::Entrance::new(component)?), pace))
}

fn spawn(
    entrance: entrance::Entrance,
    pace: Pace,
) -> (mpsc::Sender<Command>, mpsc::Receiver<Event>) {
    let (commands, taken) = mpsc::channel(COMMANDS);
    let (told, events) = mpsc::channel(EVENTS);
    drop(tokio::spawn(session::run(entrance, pace, taken, told)));
    (commands, events)
}

/// The example of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
