#![warn(clippy::arithmetic_side_effects)]
//! The OTR engine: versions 2 and 3, sans-IO.
//!
//! A [`Conversation`] takes in what a peer sent and what the host wants, and gives back what is to
//! be sent and what happened. It reads no clock, takes no randomness from the air, opens no socket
//! and no file, and logs nothing: time and randomness are arguments, everything else is returned.
//! The same inputs give the same outputs, byte for byte.
//!
//! ```text
//! receive -> plaintext -> fragment -> armor -> message -> ake | data -> tlv -> smp
//!                                                 |        |
//!                                                 wire     key_management -> kdf -> secret, dh -> group
//! ```
//!
//! # What it promises
//!
//! 1. No input makes it panic, or allocate more than a small multiple of the input. What it keeps
//!    for a conversation is bounded by [`limits`].
//! 2. A message that is malformed, out of turn, for somebody else or not authentic changes nothing
//!    and is reported as [`Event::Refused`]. The exceptions are those of the specification: the
//!    first two messages of a key exchange carry no proof of who sent them, so a forged one can
//!    make that exchange fail. It cannot harm a private conversation that is going on.
//! 3. A text is given to the host once, and as encrypted only if it came under the keys of a
//!    private conversation. After the peer has ended one, nothing is sent in the clear until the
//!    host has ended it too.
//! 4. Private does not mean verified. [`Event::GoneSecure`] names the peer's key; whose it is, SMP
//!    or a comparison of fingerprints must show. A change of key is always a
//!    [`Event::GoneSecure`], never a [`Event::StillSecure`].
//! 5. What anyone can cause by unauthenticated messages (key exchanges, queries, error messages,
//!    texts sent again) is limited in rate, and no error message is answered by an error message.
//!
//! # What it does not do
//!
//! Version 1 is never spoken (Di Raimondo, Gennaro and Krawczyk 2005: its key exchange can be made
//! to name a wrong peer). Conversations are not stored. Lengths of texts are not hidden. Keys
//! rotate when messages go both ways, not by time.
//!
//! # Security assumptions
//!
//! 1. The generator of random numbers that the host passes is fit for keys, and never repeats
//!    itself. A repeated nonce of a signature gives the long-term key away.
//! 2. Diffie-Hellman in the 1536-bit group of RFC 3526 with 320-bit exponents, DSA with 1024-bit
//!    p, AES-128, SHA-256 and HMAC-SHA-1 hold. That is what these versions of the protocol fix;
//!    none of it withstands a quantum computer.
//! 3. `now` does not run backwards by much. If it does, limits hold longer; nothing is revealed.
//! 4. The host calls [`Conversation::receive`] in the order of arrival, sends what is returned in
//!    the order given, and uses one conversation for each peer and account.
//! 5. The memory of the process is its own. Secrets are wiped when they are dropped, but the
//!    compiler may have left copies of small ones on the stack, and the texts given to the host are
//!    the host's.
//! 6. Operations on secrets take constant time as far as `crypto-bigint`, `aes`, `sha1`, `sha2` and
//!    `subtle` do, and as far as the processor multiplies in constant time. The arithmetic of the
//!    D-H group is our own; its module says what is done for speed and what is not given up for it.
//! 7. Whoever controls the network can stop any message and so the conversation.
//!
//! # Faults of other implementations, and what prevents each here
//!
//! | Fault | Here |
//! |---|---|
//! | Both commit at once, and both wait for ever (otr3, libotr) | states carry their data: the commitment is there to be compared and sent again ([`ake`]) |
//! | A forged message with the highest counter ends a direction (otr3, otr.js) | [`data::open`] checks the MAC before the counter, and keeps counters with the pair of keys |
//! | The first message after a rotation can be replayed (otrr) | a counter lives as long as its pair; an old pair is unknown |
//! | The next D-H key is not checked (all) | [`data::open`] checks its range, and that it is not ours |
//! | g^x of 0 is accepted in the Reveal Signature Message (potr) | [`dh::DhPublic`] exists in range only |
//! | The last text is sent again to an attacker's key (libotr, otr3) | it lives in the private conversation with one client, and is sent again under the same key only |
//! | Errors and queries answer each other for ever (libotr, CoyIM) | token buckets ([`limits`]) |
//! | An error message inside other text starts an exchange | it counts at the start only ([`plaintext`]) |
//! | A count or length from the network is allocated (otr3, libotr) | [`wire::Reader`] checks lengths against what is left |
//! | Fragments and instances without bound (all) | [`limits::MAX_PARTIALS`], [`limits::MAX_INSTANCES`] |
//! | A message cut inside its MAC, a fragment number over 65,535, a malformed query: a crash (otr3, otrr) | no slicing, indexing or unchecked arithmetic in this module; lints hold that |
//! | MAC keys revealed that were not used, or sending keys (otr3, arlolra/otr) | only receiving keys that verified a MAC, when their pair is forgotten ([`key_management`]) |
//! | Key ids equal, keys different: old keys used (arlolra/otr) | every key exchange begins with new keys |
//! | Key id 0 accepted (otr3, otr.js) | refused ([`ake`]) |
//! | The extra key of the wrong pair (potr) | that of the message which asks ([`data::Opened`]) |
//! | An abort of SMP with a body kills the peer (potr) | bodies of aborts are not read ([`smp`]) |

pub mod ake;
pub mod armor;
pub mod conversation;
pub mod data;
pub mod dh;
pub mod error;
pub mod event;
pub mod fragment;
mod group;
pub mod identity;
pub mod instance;
pub mod kdf;
pub mod key_management;
pub mod limits;
pub mod message;
mod peers;
pub mod plaintext;
pub mod policy;
mod receive;
pub mod secret;
mod session;
pub mod smp;
pub mod tlv;
pub mod version;
pub mod wire;

pub use conversation::{Conversation, MessageState};
pub use event::{Event, Output};
pub use identity::{Fingerprint, SigningKey};
pub use instance::InstanceTag;
pub use policy::Policy;
pub use version::Version;
