//! The Socialist Millionaires' Protocol: do two people know the same secret? (OTRv3, "Socialist
//! Millionaires' Protocol (SMP)").
//!
//! ```text
//! Alice, who asks                                             Bob, who is asked
//! start     Expect1 -> Expect2    -- message 1 (question) -->   Expect1 -> Asked
//!           Expect2 -> Expect4    <-- message 2 -------------   Asked   -> Expect3   answer
//!                                 -- message 3 ------------->   Expect3 -> Expect1   result
//! result    Expect4 -> Expect1    <-- message 4 -------------
//! ```
//!
//! The specification lets Bob answer at once. People need time to think, so there is one more
//! state, Asked, in which the proofs of message 1 have been checked and the user is
//! being asked. A new message 1 then takes the place of the old one.
//!
//! Every message that cannot be used ends the run and is answered with an abort: one out of turn,
//! as [`SmpEvent::Aborted`]; one that is malformed or proves nothing, as [`SmpEvent::Cheated`].
//! Neither is a statement about the secret; only [`SmpEvent::Succeeded`] and [`SmpEvent::Failed`]
//! are, and both come at the end of a whole exchange. Aborts are never answered, so two engines
//! cannot keep each other busy.
//!
//! Whether the conversation is private, and with whom, is not known here: drop the [`Smp`] when the
//! private conversation ends.

mod exponent;
mod message;
mod proof;

use core::fmt;

use crypto_bigint::{U256, U1536};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use self::exponent::{Exponent, Generator, Generators};
use self::message::{Message1, Message2, Message3, Message4};
use self::proof::{Coordinates, Knowledge, LogEquality, Place};
use super::declassify::declassify;
use super::dh::{DhPublic, public_from_element};
use super::error::WireError;
use super::group::{Comb, Element};
use super::identity::Fingerprint;
use super::tlv::{Tlv, TlvType};

/// What both sides compare: x or y, a hash that binds the secret of the users to their keys and
/// their session (OTRv3, "Secret information").
#[derive(ZeroizeOnDrop)]
pub struct SmpSecret {
    x: Box<U256>,
}

impl SmpSecret {
    /// The version of SMP: 1.
    const VERSION: u8 = 1;

    /// SHA-256 of version, fingerprints, session id and the users' secret. `initiator` is the one
    /// who sends message 1.
    pub fn compute(
        initiator: &Fingerprint,
        responder: &Fingerprint,
        ssid: &[u8; 8],
        secret: &[u8],
    ) -> Self {
        let hash = Sha256::new()
            .chain_update([Self::VERSION])
            .chain_update(initiator.as_bytes())
            .chain_update(responder.as_bytes())
            .chain_update(ssid)
            .chain_update(secret)
            .finalize();
        let hash = Zeroizing::new(<[u8; 32]>::from(hash));
        Self { x: Box::new(U256::from_be_slice(hash.as_ref())) }
    }

    /// The secret as an exponent.
    fn exponent(&self) -> Zeroizing<U1536> {
        Zeroizing::new(self.x.resize())
    }
}

impl fmt::Debug for SmpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmpSecret").finish_non_exhaustive()
    }
}

/// What the user is told.
#[derive(Clone, PartialEq, Eq)]
pub enum SmpEvent {
    /// The peer wants to compare secrets: call [`Smp::answer`].
    Asked {
        /// The peer's hint. Bytes that are no UTF-8 are replaced.
        question: Option<String>,
    },
    /// The secrets are the same.
    Succeeded,
    /// The secrets differ.
    Failed,
    /// The run was given up before there was a result.
    Aborted,
    /// A message of the peer was malformed, or a proof in it did not hold.
    Cheated,
}

/// Shows no words of the peer.
impl fmt::Debug for SmpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked { question } => {
                f.debug_struct("Asked").field("has_question", &question.is_some()).finish()
            }
            Self::Succeeded => f.write_str("Succeeded"),
            Self::Failed => f.write_str("Failed"),
            Self::Aborted => f.write_str("Aborted"),
            Self::Cheated => f.write_str("Cheated"),
        }
    }
}

/// What follows from an input.
#[derive(Debug, Default)]
#[must_use]
pub struct Reaction {
    /// Records to send, in this order.
    pub send: Vec<Tlv>,
    /// What the user is told.
    pub event: Option<SmpEvent>,
}

impl Reaction {
    fn send(kind: TlvType, value: Vec<u8>) -> Self {
        Self { send: vec![Tlv { kind, value }], event: None }
    }

    fn abort(event: Option<SmpEvent>) -> Self {
        Self { send: vec![Tlv::empty(TlvType::SMP_ABORT)], event }
    }

    fn with(self, event: SmpEvent) -> Self {
        Self { event: Some(event), ..self }
    }
}

/// One side of SMP within a private conversation.
#[derive(Debug, Default)]
pub struct Smp {
    state: State,
}

impl Smp {
    /// The longest question that is sent, in bytes: message 1 and it must fit one record.
    pub const QUESTION_LEN_MAX: usize = 60_000;

    /// Nothing is going on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a run has begun and has no result yet.
    pub fn is_running(&self) -> bool {
        !matches!(self.state, State::Expect1)
    }

    /// Begins a run; one that was going on is aborted first (OTRv3, "User requests to begin SMP").
    ///
    /// `secret` is made with our fingerprint as the initiator's. The question ends at its first
    /// NUL, which would end it on the wire, and is cut at [`Self::QUESTION_LEN_MAX`].
    pub fn start(
        &mut self,
        rng: &mut dyn CryptoRng,
        secret: SmpSecret,
        question: Option<&str>,
    ) -> Reaction {
        let mut reaction = if self.is_running() { self.abort() } else { Reaction::default() };
        let Some((state, message)) = Expect2::start(rng, secret) else {
            return reaction.with(SmpEvent::Aborted);
        };
        self.state = State::Expect2(Box::new(state));
        reaction.send.push(match question {
            None => Tlv { kind: TlvType::SMP1, value: message.encode() },
            Some(question) => {
                let mut value = sendable(question).as_bytes().to_vec();
                value.push(0);
                value.extend(message.encode());
                Tlv { kind: TlvType::SMP1Q, value }
            }
        });
        reaction.event = None;
        reaction
    }

    /// Goes on with the run that the peer has begun. `None` if nothing was asked, or not any more.
    ///
    /// `secret` is made with the peer's fingerprint as the initiator's.
    #[expect(clippy::needless_pass_by_value, reason = "a secret is wiped after its one use")]
    pub fn answer(&mut self, rng: &mut dyn CryptoRng, secret: SmpSecret) -> Option<Reaction> {
        match core::mem::take(&mut self.state) {
            State::Asked(asked) => {
                let (state, reaction) = asked.answer(rng, &secret);
                self.state = state;
                Some(reaction)
            }
            state
            @ (State::Expect1 | State::Expect2(_) | State::Expect3(_) | State::Expect4(_)) => {
                self.state = state;
                None
            }
        }
    }

    /// Gives the run up (OTRv3, "User requests to abort SMP").
    pub fn abort(&mut self) -> Reaction {
        let was_running = self.is_running();
        self.state = State::Expect1;
        Reaction::abort(was_running.then_some(SmpEvent::Aborted))
    }

    /// Takes in a record. Those that are not SMP's change nothing.
    pub fn on_tlv(&mut self, rng: &mut dyn CryptoRng, tlv: &Tlv) -> Reaction {
        let state = core::mem::take(&mut self.state);
        let (state, reaction) = match tlv.kind {
            TlvType::SMP1 => state.on_message1(None, &tlv.value),
            TlvType::SMP1Q => state.on_message1q(&tlv.value),
            TlvType::SMP2 => state.on_message2(rng, &tlv.value),
            TlvType::SMP3 => state.on_message3(rng, &tlv.value),
            TlvType::SMP4 => state.on_message4(&tlv.value),
            TlvType::SMP_ABORT => state.on_abort(),
            _ => (state, Reaction::default()),
        };
        self.state = state;
        reaction
    }
}

/// The part of the question that can be sent.
fn sendable(question: &str) -> &str {
    let line = question.split('\0').next().unwrap_or_default();
    line.get(..line.floor_char_boundary(Smp::QUESTION_LEN_MAX)).unwrap_or(line)
}

/// The next message that is expected (OTRv3, "Expected Message"), with what that step needs.
#[derive(Debug, Default)]
enum State {
    /// Message 1; nothing is going on.
    #[default]
    Expect1,
    /// The user's secret; message 1 has come.
    Asked(Box<Asked>),
    /// Message 2; we have sent message 1.
    Expect2(Box<Expect2>),
    /// Message 3; we have sent message 2.
    Expect3(Box<Expect3>),
    /// Message 4; we have sent message 3.
    Expect4(Box<Expect4>),
}

impl State {
    /// OTRv3, "Receiving a type 2 TLV (SMP message 1)".
    fn on_message1(self, question: Option<String>, body: &[u8]) -> (Self, Reaction) {
        match self {
            Self::Expect1 | Self::Asked(_) => match Asked::receive(body) {
                Some(asked) => (
                    Self::Asked(Box::new(asked)),
                    Reaction::default().with(SmpEvent::Asked { question }),
                ),
                None => Self::cheated(),
            },
            Self::Expect2(_) | Self::Expect3(_) | Self::Expect4(_) => self.out_of_turn(),
        }
    }

    /// The same with a question before it: bytes up to a NUL.
    fn on_message1q(self, value: &[u8]) -> (Self, Reaction) {
        let end = value.iter().position(|&byte| byte == 0);
        let parts = end.and_then(|end| value.split_at_checked(end));
        match parts {
            Some((question, [_nul, body @ ..])) => {
                self.on_message1(Some(String::from_utf8_lossy(question).into_owned()), body)
            }
            // Without its end there is neither a question nor a message.
            Some((_, [])) | None => self.on_message1(None, &[]),
        }
    }

    /// OTRv3, "Receiving a type 3 TLV (SMP message 2)".
    fn on_message2(self, rng: &mut dyn CryptoRng, body: &[u8]) -> (Self, Reaction) {
        match self {
            Self::Expect2(state) => match state.receive(rng, body) {
                Some((next, message)) => {
                    (Self::Expect4(Box::new(next)), Reaction::send(TlvType::SMP3, message.encode()))
                }
                None => Self::cheated(),
            },
            Self::Expect1 | Self::Asked(_) | Self::Expect3(_) | Self::Expect4(_) => {
                self.out_of_turn()
            }
        }
    }

    /// OTRv3, "Receiving a type 4 TLV (SMP message 3)". Message 4 goes out whatever the result,
    /// so that Alice learns it too.
    fn on_message3(self, rng: &mut dyn CryptoRng, body: &[u8]) -> (Self, Reaction) {
        match self {
            Self::Expect3(state) => match state.receive(rng, body) {
                Some((message, result)) => {
                    (Self::Expect1, Reaction::send(TlvType::SMP4, message.encode()).with(result))
                }
                None => Self::cheated(),
            },
            Self::Expect1 | Self::Asked(_) | Self::Expect2(_) | Self::Expect4(_) => {
                self.out_of_turn()
            }
        }
    }

    /// OTRv3, "Receiving a type 5 TLV (SMP message 4)".
    fn on_message4(self, body: &[u8]) -> (Self, Reaction) {
        match self {
            Self::Expect4(state) => match state.receive(body) {
                Some(result) => (Self::Expect1, Reaction::default().with(result)),
                None => Self::cheated(),
            },
            Self::Expect1 | Self::Asked(_) | Self::Expect2(_) | Self::Expect3(_) => {
                self.out_of_turn()
            }
        }
    }

    /// An abort; some engines put bytes into it, which say nothing.
    fn on_abort(self) -> (Self, Reaction) {
        match self {
            Self::Expect1 => (Self::Expect1, Reaction::default()),
            Self::Asked(_) | Self::Expect2(_) | Self::Expect3(_) | Self::Expect4(_) => {
                (Self::Expect1, Reaction::default().with(SmpEvent::Aborted))
            }
        }
    }

    /// "Set smpstate to `SMPSTATE_EXPECT1` and send a type 6 TLV (SMP abort)".
    fn out_of_turn(self) -> (Self, Reaction) {
        let event = match self {
            Self::Expect1 => None,
            Self::Asked(_) | Self::Expect2(_) | Self::Expect3(_) | Self::Expect4(_) => {
                Some(SmpEvent::Aborted)
            }
        };
        (Self::Expect1, Reaction::abort(event))
    }

    fn cheated() -> (Self, Reaction) {
        (Self::Expect1, Reaction::abort(Some(SmpEvent::Cheated)))
    }
}

/// Bob has message 1 and waits for his user.
#[derive(Debug)]
struct Asked {
    message: Message1,
}

impl Asked {
    /// `None` if the message is malformed or a proof does not hold.
    fn receive(body: &[u8]) -> Option<Self> {
        let message = checked(Message1::decode(body))?;
        let holds = message.a2.verify(Place::A2, &message.g2a)
            && message.a3.verify(Place::A3, &message.g3a);
        holds.then_some(Self { message })
    }

    fn answer(self, rng: &mut dyn CryptoRng, y: &SmpSecret) -> (State, Reaction) {
        // Only g2, g3, Pb or Qb of 1 leave no message; random exponents do not give them.
        match self.message2(rng, y) {
            Some((next, message)) => {
                (State::Expect3(Box::new(next)), Reaction::send(TlvType::SMP2, message.encode()))
            }
            None => (State::Expect1, Reaction::abort(Some(SmpEvent::Aborted))),
        }
    }

    /// "Create a type 3 TLV (SMP message 2) and send it to Alice".
    fn message2(self, rng: &mut dyn CryptoRng, y: &SmpSecret) -> Option<(Expect3, Message2)> {
        let [b2, b3, r2, r3, r4, r5, r6] = [(); 7].map(|()| Exponent::random(rng));
        let Message1 { g2a, g3a, .. } = self.message;
        let generators =
            Generators { g2: Generator::new(&g2a, &b2), g3: Generator::new(&g3a, &b3) };
        // Both are sent.
        let pb = declassify(generators.g3.power(r4.number()));
        let qb = r4.power_of_generator().mul(&generators.g2.power(&y.exponent()));
        let qb = declassify(qb);
        let message = Message2 {
            g2b: public_from_element(&b2.power_of_generator())?,
            b2: Knowledge::prove(Place::B2, &b2, &r2),
            g3b: public_from_element(&b3.power_of_generator())?,
            b3: Knowledge::prove(Place::B3, &b3, &r3),
            pb: public_from_element(&pb)?,
            qb: public_from_element(&qb)?,
            cp: Coordinates::prove(Place::PbQb, &generators, &r4, y, [&r5, &r6]),
        };
        let generators = generators.elements();
        Some((Expect3 { g3a, generators, b3, pb, qb }, message))
    }
}

/// Alice has sent message 1.
#[derive(Debug)]
struct Expect2 {
    x: SmpSecret,
    a2: Exponent,
    a3: Exponent,
}

impl Expect2 {
    /// "Alice should create a valid type 2 TLV (SMP message 1)".
    fn start(rng: &mut dyn CryptoRng, x: SmpSecret) -> Option<(Self, Message1)> {
        let [a2, a3, r2, r3] = [(); 4].map(|()| Exponent::random(rng));
        let message = Message1 {
            g2a: public_from_element(&a2.power_of_generator())?,
            a2: Knowledge::prove(Place::A2, &a2, &r2),
            g3a: public_from_element(&a3.power_of_generator())?,
            a3: Knowledge::prove(Place::A3, &a3, &r3),
        };
        Some((Self { x, a2, a3 }, message))
    }

    /// "Create a type 4 TLV (SMP message 3) and send it to Bob". `None` if message 2 is malformed
    /// or a proof does not hold.
    fn receive(self, rng: &mut dyn CryptoRng, body: &[u8]) -> Option<(Expect4, Message3)> {
        let Message2 { g2b, b2, g3b, b3, pb, qb, cp } = checked(Message2::decode(body))?;
        if !(b2.verify(Place::B2, &g2b) && b3.verify(Place::B3, &g3b)) {
            return None;
        }
        let generators =
            Generators { g2: Generator::new(&g2b, &self.a2), g3: Generator::new(&g3b, &self.a3) };
        let (pb, qb) = (pb.element(), qb.element());
        if !cp.verify(Place::PbQb, &generators, &pb, &qb) {
            return None;
        }

        let [r4, r5, r6, r7] = [(); 4].map(|()| Exponent::random(rng));
        let pa = generators.g3.power(r4.number());
        let qa = r4.power_of_generator().mul(&generators.g2.power(&self.x.exponent()));
        let [p_ratio, q_ratio] = Element::ratios([[&pa, &pb], [&qa, &qb]])?;
        let q_table = Comb::of(&q_ratio);
        let message = Message3 {
            pa: public_from_element(&pa)?,
            qa: public_from_element(&qa)?,
            cp: Coordinates::prove(Place::PaQa, &generators, &r4, &self.x, [&r5, &r6]),
            ra: public_from_element(&self.a3.power_by(&q_table))?,
            cr: LogEquality::prove(Place::Ra, &q_table, &self.a3, &r7),
        };
        Some((Expect4 { g3b, p_ratio, q_ratio, a3: self.a3 }, message))
    }
}

/// Bob has sent message 2.
#[derive(Debug)]
struct Expect3 {
    g3a: DhPublic,
    generators: Generators<Element>,
    b3: Exponent,
    pb: Element,
    qb: Element,
}

impl Expect3 {
    /// "Create a type 5 TLV (SMP message 4) and send it to Alice" and "Check whether the protocol
    /// was successful". `None` if message 3 is malformed or a proof does not hold.
    fn receive(self, rng: &mut dyn CryptoRng, body: &[u8]) -> Option<(Message4, SmpEvent)> {
        let Message3 { pa, qa, cp, ra, cr } = checked(Message3::decode(body))?;
        let [pa, qa, ra] = [pa, qa, ra].map(|number| number.element());
        if !cp.verify(Place::PaQa, &self.generators, &pa, &qa) {
            return None;
        }
        let [p_ratio, q_ratio] = Element::ratios([[&pa, &self.pb], [&qa, &self.qb]])?;
        let q_table = Comb::of(&q_ratio);
        if !cr.verify(Place::Ra, &q_table, &self.g3a, &ra) {
            return None;
        }

        let r7 = Exponent::random(rng);
        let message = Message4 {
            rb: public_from_element(&self.b3.power_by(&q_table))?,
            cr: LogEquality::prove(Place::Rb, &q_table, &self.b3, &r7),
        };
        Some((message, result(&self.b3.power(&ra), &p_ratio)))
    }
}

/// Alice has sent message 3.
#[derive(Debug)]
struct Expect4 {
    g3b: DhPublic,
    p_ratio: Element,
    q_ratio: Element,
    a3: Exponent,
}

impl Expect4 {
    /// "Check whether the protocol was successful". `None` if message 4 is malformed or its proof
    /// does not hold.
    fn receive(self, body: &[u8]) -> Option<SmpEvent> {
        let Message4 { rb, cr } = checked(Message4::decode(body))?;
        let rb = rb.element();
        cr.verify(Place::Rb, &self.q_ratio, &self.g3b, &rb)
            .then(|| result(&self.a3.power(&rb), &self.p_ratio))
    }
}

/// Rab == Pa / Pb?
fn result(rab: &Element, p_ratio: &Element) -> SmpEvent {
    if declassify(bool::from(rab.ct_eq(p_ratio))) { SmpEvent::Succeeded } else { SmpEvent::Failed }
}

/// Why a message could not be read is the peer's affair: it is refused like a proof that does not
/// hold.
fn checked<T>(decoded: Result<T, WireError>) -> Option<T> {
    decoded.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_secret_is_computed() {
        let fingerprint = |high: u128, low: u32| {
            let bytes = [&high.to_be_bytes()[..], &low.to_be_bytes()].concat();
            Fingerprint::from_bytes(bytes.try_into().unwrap())
        };
        let alice = fingerprint(0x6892_cf68_0b85_a872_c5ef_284c_0205_faba, 0x18a6_79fc);
        let bob = fingerprint(0x1f1a_a057_d573_2122_0760_c4f0_4a26_4c98, 0xb2d8_52da);
        let ssid = 0xdacd_f1bd_dc7a_5f05_u64.to_be_bytes();

        let secret = SmpSecret::compute(&alice, &bob, &ssid, "secret \u{2713}".as_bytes());

        let expected = "AA361A34DDB954CB53F9AF322C386D0715B34BF4BBBBC64E33FEA9968723770A";
        assert_eq!(secret.x.to_string(), expected);
        assert_eq!(format!("{secret:?}"), "SmpSecret { .. }");
    }

    #[test]
    fn a_question_is_cut_where_it_can_be() {
        let long = "\u{e9}".repeat(Smp::QUESTION_LEN_MAX);

        assert_eq!(sendable("pet?\0 and more"), "pet?");
        assert_eq!(sendable(&long).len(), Smp::QUESTION_LEN_MAX);
        assert_eq!(sendable(&format!("x{long}")).len(), Smp::QUESTION_LEN_MAX - 1);
    }
}
