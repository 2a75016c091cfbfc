//! A peer that knows the keys of its private conversation, and seals whatever it is given.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use otr::ake::{AuthState, Commitment, Reaction};
use otr::key_management::KeyManager;
use otr::message::{Body, Header};
use otr::tlv::Tlv;
use otr::version::Address;
use otr::wire::Reader;
use otr::{Conversation, InstanceTag, Output, Policy, SigningKey, Version, armor, data};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

static KEY: LazyLock<Arc<SigningKey>> =
    LazyLock::new(|| Arc::new(SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(5))));
static THEIR_KEY: LazyLock<Arc<SigningKey>> =
    LazyLock::new(|| Arc::new(SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(6))));

/// The peer.
pub struct Hand {
    keys: KeyManager,
    rng: ChaCha20Rng,
    address: Address,
}

/// The first message among outputs, read.
fn sent(outputs: &[Output]) -> (Header, Body) {
    let body = outputs.iter().find_map(|output| match output {
        Output::Send(body) => Some(body),
        Output::Event(_) => None,
    });
    let bytes = armor::decode(body.unwrap()).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    (header, Body::decode(header.kind, reader).unwrap())
}

impl Hand {
    /// The peer and a conversation, in private.
    pub fn private(now: Instant, version: Version) -> (Self, Conversation) {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let policy = Policy { error_start_ake: false, ..Policy::default() };
        let instance = InstanceTag::random(&mut rng);
        let mut end = Conversation::new(Arc::clone(&THEIR_KEY), instance, policy);
        let ours = InstanceTag::random(&mut rng);
        let to_any = Address::to_any(ours, version);

        let commitment = Arc::new(Commitment::generate(&mut rng));
        let body = armor::encode(&commitment.to_message().encode(to_any));
        let (header, Body::DhKey(key)) = sent(&end.receive(now, &mut rng, &body)) else {
            panic!("no D-H Key Message")
        };
        let address = Address::to_peer(ours, header.address.sender());
        let state = AuthState::AwaitingDhKey(commitment);
        let (state, Reaction::Reply(reveal)) = state.on_dh_key(&mut rng, &KEY, key) else {
            panic!("no Reveal Signature Message")
        };
        let body = armor::encode(&reveal.encode(address));
        let (_, Body::Signature(signature)) = sent(&end.receive(now, &mut rng, &body)) else {
            panic!("no Signature Message")
        };
        let (_, Reaction::Established(_, established)) = state.on_signature(&signature, None)
        else {
            panic!("not private")
        };
        (Self { keys: established.keys, rng, address }, end)
    }

    /// A data message.
    pub fn seal(&mut self, text: &str, tlvs: &[Tlv]) -> String {
        let sealed = data::seal(&mut self.keys, &mut self.rng, self.address, text, tlvs);
        armor::encode(&sealed.unwrap())
    }

    /// Reads a message, if it is one that can be read.
    pub fn read(&mut self, body: &str) {
        let Ok(bytes) = armor::decode(body) else { return };
        if let Ok(message) = otr::received::ReceivedData::parse(bytes) {
            drop(data::open(&mut self.keys, message));
        }
    }
}
