//! The authenticated key exchange (OTRv3, "Authenticated Key Exchange (AKE)" and "State
//! transitions").
//!
//! ```text
//! the one who starts                                 the one who answers
//! None                                               None
//!   | --- D-H Commit: AESr(gx), HASH(gx) ------------> |
//! AwaitingDhKey                                      AwaitingRevealSignature
//!   | <-- D-H Key: gy -------------------------------- |
//! AwaitingSignature                                    |
//!   | --- Reveal Signature: r, AESc(XB), MACm2 ------> |
//!   |                                                None, private
//!   | <-- Signature: AESc'(XA), MACm2' --------------- |
//! None, private
//! ```
//!
//! A step takes the state and always gives one back: a message that is out of turn, malformed or
//! forged leaves the exchange as it was.

use std::sync::Arc;

use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::declassify::{declassify, declassify_bytes};
use super::dh::DhPublic;
use super::error::{Ignored, WireError};
use super::identity::{CheckedKey, PublicKey, SigningKey};
use super::kdf::AkeKeys;
use super::key_management::{KeyId, KeyManager, OurKey};
use super::message::{Body, DhCommit, DhKey, RevealSignature, Signature};
use super::secret::{AesKey, AkeMacKey};
use super::version::Version;
use super::wire::{Reader, Writer};

/// Initial counter of all encryption in the exchange.
const COUNTER_ZERO: [u8; 8] = [0; 8];

/// `authstate`.
#[derive(Debug, Default)]
pub enum AuthState {
    /// No exchange is going on.
    #[default]
    None,
    /// We have sent a D-H Commit Message. All clients of the peer may answer the same one.
    AwaitingDhKey(Arc<Commitment>),
    /// We have answered one with a D-H Key Message.
    AwaitingRevealSignature(Box<AwaitingRevealSignature>),
    /// We have sent a Reveal Signature Message.
    AwaitingSignature(Box<AwaitingSignature>),
}

/// What our D-H Commit Message commits to.
#[derive(Debug)]
pub struct Commitment {
    our_key: Arc<OurKey>,
    r: AesBytes,
    message: DhCommit,
}

/// The key r, to be revealed.
struct AesBytes(Zeroizing<[u8; AesKey::LEN]>);

impl core::fmt::Debug for AesBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AesBytes").finish_non_exhaustive()
    }
}

/// Data of the state of that name.
#[derive(Debug)]
pub struct AwaitingRevealSignature {
    our_key: Arc<OurKey>,
    commit: DhCommit,
    /// Our own commitment, if it gave way to the peer's. Libotr 4.1.1 gives way in version 2
    /// whatever the hashes say; then its D-H Key Message still finds what it answers.
    given_up: Option<Arc<Commitment>>,
}

/// Data of the state of that name.
#[derive(Debug)]
pub struct AwaitingSignature {
    our_key: Arc<OurKey>,
    gy: DhPublic,
    keys: AkeKeys,
    reveal: RevealSignature,
    /// What we have committed to, if we have sent it once more: a peer that has lost its key gy
    /// answers with another.
    repeated: Option<Arc<Commitment>>,
}

/// What a finished exchange gives.
#[derive(Debug)]
pub struct Established {
    /// The keys to start with.
    pub keys: KeyManager,
    /// The peer's long-term key, whose secret half the peer has shown to have.
    pub their_public: PublicKey,
    /// The secure session id.
    pub ssid: [u8; 8],
}

/// What a step leads to.
#[derive(Debug)]
pub enum Reaction {
    /// This is to be sent.
    Reply(Body),
    /// The exchange is finished, after this, if anything, is sent.
    Established(Option<Body>, Box<Established>),
    /// Nothing.
    Ignored(Ignored),
}

impl From<Ignored> for Reaction {
    fn from(why: Ignored) -> Self {
        Self::Ignored(why)
    }
}

impl Commitment {
    /// Picks r and x.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut r = Zeroizing::new([0; AesKey::LEN]);
        rng.fill_bytes(r.as_mut());
        let our_key = Arc::new(OurKey::generate(rng));
        let gx_mpi = mpi(our_key.public());
        let hashed_gx = Sha256::digest(&gx_mpi).into();
        let mut encrypted_gx = gx_mpi;
        AesKey::from_bytes(*r).apply(COUNTER_ZERO, &mut encrypted_gx);
        Self { our_key, r: AesBytes(r), message: DhCommit { encrypted_gx, hashed_gx } }
    }

    /// The D-H Commit Message.
    pub fn to_message(&self) -> Body {
        Body::DhCommit(self.message.clone())
    }
}

impl AuthState {
    /// Whether an exchange is going on.
    pub fn is_running(&self) -> bool {
        match self {
            Self::None => false,
            Self::AwaitingDhKey(_)
            | Self::AwaitingRevealSignature(_)
            | Self::AwaitingSignature(_) => true,
        }
    }

    /// OTRv3, "Receiving a D-H Commit Message".
    #[must_use]
    pub fn on_dh_commit(
        self,
        rng: &mut dyn CryptoRng,
        version: Version,
        message: DhCommit,
    ) -> (Self, Reaction) {
        match self {
            Self::None | Self::AwaitingSignature(_) => answer(rng, message, None),
            Self::AwaitingDhKey(ours) => match ours.message.hashed_gx.cmp(&message.hashed_gx) {
                core::cmp::Ordering::Greater => {
                    let again = Reaction::Reply(ours.to_message());
                    (Self::AwaitingDhKey(ours), again)
                }
                core::cmp::Ordering::Less => {
                    // In version 3 it answers both commitments, each with what belongs to it.
                    answer(rng, message, Some(ours).filter(|_| version == Version::V2))
                }
                // Nobody else picks the same x.
                core::cmp::Ordering::Equal => {
                    (Self::AwaitingDhKey(ours), Ignored::Reflected.into())
                }
            },
            Self::AwaitingRevealSignature(mut state) => {
                state.commit = message;
                let reply = DhKey { gy: state.our_key.public().clone() };
                (Self::AwaitingRevealSignature(state), Reaction::Reply(Body::DhKey(reply)))
            }
        }
    }

    /// OTRv3, "Receiving a D-H Key Message".
    #[must_use]
    pub fn on_dh_key(
        self,
        rng: &mut dyn CryptoRng,
        signing_key: &SigningKey,
        message: DhKey,
    ) -> (Self, Reaction) {
        match self {
            Self::AwaitingDhKey(ours) if *ours.our_key.public() == message.gy => {
                (Self::AwaitingDhKey(ours), Ignored::Reflected.into())
            }
            Self::AwaitingDhKey(ours) => {
                let state = reveal_signature(rng, signing_key, &ours, message.gy);
                let reply = Body::RevealSignature(state.reveal.clone());
                (Self::AwaitingSignature(Box::new(state)), Reaction::Reply(reply))
            }
            Self::AwaitingSignature(state) if state.gy == message.gy => {
                let reply = Body::RevealSignature(state.reveal.clone());
                (Self::AwaitingSignature(state), Reaction::Reply(reply))
            }
            Self::AwaitingRevealSignature(mut state) => match state.given_up.take() {
                Some(ours) if *state.our_key.public() != message.gy => {
                    Self::AwaitingDhKey(ours).on_dh_key(rng, signing_key, message)
                }
                given_up => {
                    state.given_up = given_up;
                    (Self::AwaitingRevealSignature(state), Ignored::OutOfTurn.into())
                }
            },
            Self::AwaitingSignature(mut state) => match state.repeated.take() {
                Some(ours) => Self::AwaitingDhKey(ours).on_dh_key(rng, signing_key, message),
                None => (Self::AwaitingSignature(state), Ignored::OutOfTurn.into()),
            },
            Self::None => (self, Ignored::OutOfTurn.into()),
        }
    }

    /// Our D-H Key Message once more, if the answer to it is what we wait for.
    pub fn repeated_dh_key(&self) -> Option<Body> {
        match self {
            Self::AwaitingRevealSignature(state) => {
                Some(Body::DhKey(DhKey { gy: state.our_key.public().clone() }))
            }
            Self::None | Self::AwaitingDhKey(_) | Self::AwaitingSignature(_) => None,
        }
    }

    /// Takes note that our D-H Commit Message is sent once more.
    pub fn repeat(&mut self, commitment: &Arc<Commitment>) {
        if let Self::AwaitingSignature(state) = self
            && Arc::ptr_eq(&state.our_key, &commitment.our_key)
        {
            state.repeated = Some(Arc::clone(commitment));
        }
    }

    /// OTRv3, "Receiving a Reveal Signature Message". `checked` marks a key of the peer that need
    /// not be validated again.
    #[must_use]
    pub fn on_reveal_signature(
        self,
        rng: &mut dyn CryptoRng,
        signing_key: &SigningKey,
        message: &RevealSignature,
        checked: Option<&CheckedKey>,
    ) -> (Self, Reaction) {
        match self {
            Self::AwaitingRevealSignature(state) => {
                match check_reveal_signature(rng, signing_key, &state, message, checked) {
                    Ok((reply, established)) => {
                        let reply = Some(Body::Signature(reply));
                        (Self::None, Reaction::Established(reply, Box::new(established)))
                    }
                    Err(why) => (Self::AwaitingRevealSignature(state), why.into()),
                }
            }
            Self::None | Self::AwaitingDhKey(_) | Self::AwaitingSignature(_) => {
                (self, Ignored::OutOfTurn.into())
            }
        }
    }

    /// OTRv3, "Receiving a Signature Message". `checked` marks a key of the peer that need not be
    /// validated again.
    #[must_use]
    pub fn on_signature(
        self,
        message: &Signature,
        checked: Option<&CheckedKey>,
    ) -> (Self, Reaction) {
        match self {
            Self::AwaitingSignature(state) => match check_signature(&state, message, checked) {
                Ok(established) => (Self::None, Reaction::Established(None, Box::new(established))),
                Err(why) => (Self::AwaitingSignature(state), why.into()),
            },
            Self::None | Self::AwaitingDhKey(_) | Self::AwaitingRevealSignature(_) => {
                (self, Ignored::OutOfTurn.into())
            }
        }
    }
}

// --- The one who answers a D-H Commit Message ---

fn answer(
    rng: &mut dyn CryptoRng,
    commit: DhCommit,
    given_up: Option<Arc<Commitment>>,
) -> (AuthState, Reaction) {
    let our_key = Arc::new(OurKey::generate(rng));
    let reply = DhKey { gy: our_key.public().clone() };
    let state = AwaitingRevealSignature { our_key, commit, given_up };
    (AuthState::AwaitingRevealSignature(Box::new(state)), Reaction::Reply(Body::DhKey(reply)))
}

fn check_reveal_signature(
    rng: &mut dyn CryptoRng,
    signing_key: &SigningKey,
    state: &AwaitingRevealSignature,
    message: &RevealSignature,
    checked: Option<&CheckedKey>,
) -> Result<(Signature, Established), Ignored> {
    let gx = open_commitment(&state.commit, message.r)?;
    let gy = state.our_key.public();
    if gx == *gy {
        return Err(Ignored::Reflected);
    }
    let keys = AkeKeys::derive(&state.our_key.secret().shared(&gx).secbytes());
    let bob = Seal { encryption: &keys.c, signed: &keys.m1, authentication: &keys.m2 };
    let sealed = (&*message.encrypted_signature, &message.mac);
    let (their_public, their_id) = bob.open(&gx, gy, sealed, checked)?;

    let alice =
        Seal { encryption: &keys.c_prime, signed: &keys.m1_prime, authentication: &keys.m2_prime };
    let (encrypted_signature, mac) = alice.close(rng, signing_key, KeyManager::FIRST_ID, gy, &gx);
    let established = Established {
        keys: KeyManager::new(Arc::clone(&state.our_key), their_id, gx),
        their_public,
        ssid: keys.ssid,
    };
    Ok((Signature { encrypted_signature, mac }, established))
}

fn open_commitment(commit: &DhCommit, r: [u8; 16]) -> Result<DhPublic, Ignored> {
    let mut gx_mpi = commit.encrypted_gx.clone();
    AesKey::from_bytes(r).apply(COUNTER_ZERO, &mut gx_mpi);
    let hash: [u8; 32] = Sha256::digest(&gx_mpi).into();
    if !bool::from(hash.ct_eq(&commit.hashed_gx)) {
        return Err(Ignored::BadCommitment);
    }
    let mut reader = Reader::new(&gx_mpi);
    let gx = reader.mpi("gx")?;
    reader.end()?;
    DhPublic::from_be_bytes(gx).ok_or(Ignored::OutOfRange("gx"))
}

// --- The one who has sent the D-H Commit Message ---

fn reveal_signature(
    rng: &mut dyn CryptoRng,
    signing_key: &SigningKey,
    ours: &Commitment,
    gy: DhPublic,
) -> AwaitingSignature {
    let keys = AkeKeys::derive(&ours.our_key.secret().shared(&gy).secbytes());
    let seal = Seal { encryption: &keys.c, signed: &keys.m1, authentication: &keys.m2 };
    let (encrypted_signature, mac) =
        seal.close(rng, signing_key, KeyManager::FIRST_ID, ours.our_key.public(), &gy);
    let reveal = RevealSignature { r: *ours.r.0, encrypted_signature, mac };
    AwaitingSignature { our_key: Arc::clone(&ours.our_key), gy, keys, reveal, repeated: None }
}

fn check_signature(
    state: &AwaitingSignature,
    message: &Signature,
    checked: Option<&CheckedKey>,
) -> Result<Established, Ignored> {
    let keys = &state.keys;
    let alice =
        Seal { encryption: &keys.c_prime, signed: &keys.m1_prime, authentication: &keys.m2_prime };
    let gx = state.our_key.public();
    let sealed = (&*message.encrypted_signature, &message.mac);
    let (their_public, their_id) = alice.open(&state.gy, gx, sealed, checked)?;
    Ok(Established {
        keys: KeyManager::new(Arc::clone(&state.our_key), their_id, state.gy.clone()),
        their_public,
        ssid: keys.ssid,
    })
}

// --- Both ---

/// The keys by which one side authenticates itself: `X = pub, keyid, sig(M)`, encrypted, and its
/// MAC, where `M = MAC(g of the signer, g of the other, pub, keyid)`.
struct Seal<'a> {
    encryption: &'a AesKey,
    signed: &'a AkeMacKey,
    authentication: &'a AkeMacKey,
}

impl Seal<'_> {
    fn close(
        &self,
        rng: &mut dyn CryptoRng,
        signing_key: &SigningKey,
        key_id: KeyId,
        signers: &DhPublic,
        others: &DhPublic,
    ) -> (Vec<u8>, [u8; 20]) {
        let public = signing_key.public_key().encode();
        let m = self.m(signers, others, &public, key_id);
        let signature = signing_key.sign(rng, &m);
        let mut x = Writer::new().raw(&public).int(key_id).raw(&signature).finish();
        self.encryption.apply(COUNTER_ZERO, &mut x);
        let mac = self.authentication.mac_160(&Writer::new().data(&x).finish());
        (x, mac)
    }

    fn open(
        &self,
        signers: &DhPublic,
        others: &DhPublic,
        (encrypted, mac): (&[u8], &[u8; 20]),
        checked: Option<&CheckedKey>,
    ) -> Result<(PublicKey, KeyId), Ignored> {
        if !self.authentication.verifies_160(&Writer::new().data(encrypted).finish(), mac) {
            return Err(Ignored::BadMac);
        }
        let mut x = encrypted.to_vec();
        self.encryption.apply(COUNTER_ZERO, &mut x);
        declassify_bytes(&mut x);
        let mut reader = Reader::new(&x);
        let public = PublicKey::decode_checked(&mut reader, checked)?;
        let key_id = reader.int("keyid")?;
        let signature = reader.array("signature")?;
        reader.end()?;
        if key_id == 0 {
            return Err(WireError::Range { field: "keyid" }.into());
        }
        let m = self.m(signers, others, &public.encode(), key_id);
        if !public.verify(&declassify(m), &signature) {
            return Err(Ignored::BadSignature);
        }
        Ok((public, key_id))
    }

    fn m(&self, signers: &DhPublic, others: &DhPublic, public: &[u8], key_id: KeyId) -> [u8; 32] {
        let signed = Writer::new()
            .mpi(&signers.to_be_bytes())
            .mpi(&others.to_be_bytes())
            .raw(public)
            .int(key_id)
            .finish();
        self.signed.mac(&signed)
    }
}

fn mpi(public: &DhPublic) -> Vec<u8> {
    Writer::new().mpi(&public.to_be_bytes()).finish()
}

#[cfg(test)]
mod tests;
