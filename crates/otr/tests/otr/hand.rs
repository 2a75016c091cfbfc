//! A peer made by hand: it knows all keys of its conversation, and may break every rule.

use std::sync::Arc;
use std::time::Instant;

use otr::armor;
use otr::data::{self, Opened};
use otr::dh::DhPublic;
use otr::identity::SigningKey;
use otr::instance::{InstanceTag, PeerId};
use otr::kdf::{AkeKeys, DataKeys, End as Side};
use otr::key_management::{KeyManager, OurKey};
use otr::message::{Body, Data, DhCommit, DhKey, Header, RevealSignature, Signature};
use otr::received::ReceivedData;
use otr::secret::{AesKey, AkeMacKey, ExtraKey};
use otr::tlv::{self, Tlv};
use otr::version::{Address, Version};
use otr::wire::{Reader, Writer};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};

use crate::pair::End;

/// The header and the message in a body.
pub(crate) fn decoded(body: &str) -> (Header, Body) {
    let bytes = armor::decode(body).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    (header, Body::decode(header.kind, reader).unwrap())
}

/// The data message in a body.
pub(crate) fn data_message(body: &str) -> (Address, Data) {
    match decoded(body) {
        (header, Body::Data(data)) => (header.address, data),
        (_, other) => panic!("no data message: {other:?}"),
    }
}

/// What is signed by whom: the choices that a peer has in `X = pub, keyid, sig(M)`.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) public: Vec<u8>,
    pub(crate) key_id: u32,
    /// Instead of a signature by our key.
    pub(crate) signature: Option<[u8; 40]>,
}

/// The peer.
#[derive(Debug)]
pub(crate) struct Hand {
    pub(crate) rng: ChaCha20Rng,
    pub(crate) key: SigningKey,
    pub(crate) identity: Identity,
    pub(crate) address: Address,
    /// r, for a key exchange that we start.
    pub(crate) r: [u8; 16],
    dh: Arc<OurKey>,
    commit: Option<DhCommit>,
    keys: Option<KeyManager>,
    /// The key of the other side in the key exchange.
    their_dh: Option<DhPublic>,
}

impl Hand {
    /// One that has said nothing yet.
    pub(crate) fn new(seed: u64, version: Version) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = SigningKey::generate(&mut rng);
        let public = key.public_key().encode();
        let identity = Identity { public, key_id: 1, signature: None };
        let address = Address::to_any(InstanceTag::random(&mut rng), version);
        let dh = Arc::new(OurKey::generate(&mut rng));
        Self {
            rng,
            key,
            identity,
            address,
            r: [7; 16],
            dh,
            commit: None,
            keys: None,
            their_dh: None,
        }
    }

    /// One that is in a private conversation with `end`, by the rules.
    pub(crate) fn private(seed: u64, version: Version, end: &mut End, now: Instant) -> Self {
        let mut hand = Self::new(seed, version);
        hand.start(end, now);
        assert!(end.conversation.is_private());
        hand.keys.as_ref().unwrap();
        drop(end.events());
        hand
    }

    /// Carries out the exchange that we begin, as far as `end` goes along.
    pub(crate) fn start(&mut self, end: &mut End, now: Instant) {
        end.receive(now, &self.commit());
        let key = end.sent.pop_back().unwrap();
        end.receive(now, &self.reveal(&key));
        let Some(_signature) = end.sent.pop_back() else { return };
        let Body::DhKey(DhKey { gy }) = decoded(&key).1 else { panic!("no D-H Key Message") };
        self.their_dh = Some(gy.clone());
        self.keys = Some(KeyManager::new(Arc::clone(&self.dh), 1, gy));
    }

    /// A message of ours.
    pub(crate) fn encode(&self, body: &Body) -> String {
        armor::encode(&body.encode(self.address))
    }

    // --- The key exchange that we begin ---

    /// The D-H Commit Message.
    pub(crate) fn commit(&mut self) -> String {
        let gx = self.dh.public().to_be_bytes();
        self.commit_to(&gx)
    }

    /// The D-H Commit Message for any number as gx.
    pub(crate) fn commit_to(&mut self, gx: &[u8]) -> String {
        let mut encrypted_gx = Writer::new().data(gx).finish();
        let hashed_gx = Sha256::digest(&encrypted_gx).into();
        AesKey::from_bytes(self.r).apply([0; 8], &mut encrypted_gx);
        self.encode(&Body::DhCommit(DhCommit { encrypted_gx, hashed_gx }))
    }

    /// The Reveal Signature Message after this D-H Key Message.
    pub(crate) fn reveal(&mut self, key: &str) -> String {
        let (header, Body::DhKey(DhKey { gy })) = decoded(key) else {
            panic!("no D-H Key Message: {key}")
        };
        self.address = self.answering(header.address);
        let secbytes = self.dh.secret().shared(&gy).secbytes();
        let gx = self.dh.public().to_be_bytes();
        self.reveal_with(&secbytes, &gx, &gy)
    }

    /// The Reveal Signature Message for any gx, if the shared secret is known.
    pub(crate) fn reveal_with(&mut self, secbytes: &[u8], gx: &[u8], gy: &DhPublic) -> String {
        let keys = AkeKeys::derive(secbytes);
        let gy = gy.to_be_bytes();
        let (encrypted_signature, mac) = self.seal(&keys.c, &keys.m1, &keys.m2, gx, &gy);
        let reveal = RevealSignature { r: self.r, encrypted_signature, mac };
        self.encode(&Body::RevealSignature(reveal))
    }

    // --- The key exchange that we answer ---

    /// The D-H Key Message after this D-H Commit Message.
    pub(crate) fn answer(&mut self, commit: &str) -> String {
        let (header, Body::DhCommit(commit)) = decoded(commit) else {
            panic!("no D-H Commit Message: {commit}")
        };
        self.address = self.answering(header.address);
        self.commit = Some(commit);
        self.encode(&Body::DhKey(DhKey { gy: self.dh.public().clone() }))
    }

    /// The Signature Message after this Reveal Signature Message.
    pub(crate) fn signature(&mut self, reveal: &str) -> String {
        let Body::RevealSignature(reveal) = decoded(reveal).1 else {
            panic!("no Reveal Signature Message: {reveal}")
        };
        let mut gx = self.commit.clone().unwrap().encrypted_gx;
        AesKey::from_bytes(reveal.r).apply([0; 8], &mut gx);
        let gx = DhPublic::from_be_bytes(&gx[4..]).unwrap();
        let keys = AkeKeys::derive(&self.dh.secret().shared(&gx).secbytes());
        let (ours, theirs) = (self.dh.public().to_be_bytes(), gx.to_be_bytes());
        let (encrypted_signature, mac) =
            self.seal(&keys.c_prime, &keys.m1_prime, &keys.m2_prime, &ours, &theirs);
        self.their_dh = Some(gx.clone());
        self.keys = Some(KeyManager::new(Arc::clone(&self.dh), 1, gx));
        self.encode(&Body::Signature(Signature { encrypted_signature, mac }))
    }

    fn answering(&self, address: Address) -> Address {
        match (self.address, address.sender()) {
            (Address::V3 { sender, .. }, PeerId::V3(_)) => {
                Address::to_peer(sender, address.sender())
            }
            (other, _) => other,
        }
    }

    /// `X = pub, keyid, sig(M)`, encrypted, and its MAC.
    fn seal(
        &mut self,
        encryption: &AesKey,
        signed: &AkeMacKey,
        authentication: &AkeMacKey,
        ours: &[u8],
        theirs: &[u8],
    ) -> (Vec<u8>, [u8; 20]) {
        let Identity { public, key_id, signature } = &self.identity;
        let m = Writer::new().data(ours).data(theirs).raw(public).int(*key_id).finish();
        let m = signed.mac(&m);
        let signature = signature.unwrap_or_else(|| self.key.sign(&mut self.rng, &m));
        let mut x = Writer::new().raw(public).int(*key_id).raw(&signature).finish();
        encryption.apply([0; 8], &mut x);
        let mac = authentication.mac_160(&Writer::new().data(&x).finish());
        (x, mac)
    }

    // --- Data messages ---

    /// A data message by the rules.
    pub(crate) fn say(&mut self, text: &str, tlvs: &[Tlv]) -> String {
        let plain = [text.as_bytes(), &[0], &tlv::encode(tlvs)].concat();
        self.say_bytes(&plain, |_| ())
    }

    /// A data message of any bytes, changed before it is encrypted and authenticated.
    pub(crate) fn say_bytes(&mut self, plain: &[u8], change: impl FnOnce(&mut Data)) -> String {
        let address = self.address;
        let sending = self.keys.as_mut().unwrap().sending(&mut self.rng).unwrap();
        let mut data = Data {
            flags: 0,
            sender_key_id: sending.our_id,
            recipient_key_id: sending.their_id,
            next_dh: sending.next_dh.to_be_bytes(),
            counter: sending.counter.to_be_bytes(),
            encrypted: plain.to_vec(),
            mac: [0; 20],
            revealed: Vec::new(),
        };
        change(&mut data);
        sending.keys.sending.aes.apply(data.counter, &mut data.encrypted);
        data.mac = sending.keys.sending.mac.mac(&data.authenticated(address));
        self.encode(&Body::Data(data))
    }

    /// The extra symmetric key of the keys that the next message is sent with.
    pub(crate) fn extra(&mut self) -> ExtraKey {
        let sending = self.keys.as_mut().unwrap().sending(&mut self.rng).unwrap();
        sending.keys.extra.clone()
    }

    /// Data messages with a key of their own each, as nobody sends them who waits for an answer.
    /// None of ours may come after them.
    pub(crate) fn rotate_alone(&mut self, n: usize) -> Vec<String> {
        let sending = self.keys.as_mut().unwrap().sending(&mut self.rng).unwrap();
        let (our_id, their_id) = (sending.our_id, sending.their_id);
        let theirs = self.their_dh.clone().unwrap();
        let mut current = Arc::clone(&self.dh);
        (our_id..)
            .take(n)
            .map(|our_id| {
                let next = Arc::new(OurKey::generate(&mut self.rng));
                let side = if *current.public() > theirs { Side::High } else { Side::Low };
                let secbytes = current.secret().shared(&theirs).secbytes();
                let keys = DataKeys::derive(&secbytes, side);
                let mut data = Data {
                    flags: 0,
                    sender_key_id: our_id,
                    recipient_key_id: their_id,
                    next_dh: next.public().to_be_bytes(),
                    counter: 1_u64.to_be_bytes(),
                    encrypted: b"text".to_vec(),
                    mac: [0; 20],
                    revealed: Vec::new(),
                };
                keys.sending.aes.apply(data.counter, &mut data.encrypted);
                data.mac = keys.sending.mac.mac(&data.authenticated(self.address));
                current = next;
                self.encode(&Body::Data(data))
            })
            .collect()
    }

    /// Reads a data message.
    pub(crate) fn read(&mut self, body: &str) -> Opened {
        let received = ReceivedData::parse(armor::decode(body).unwrap()).unwrap();
        data::open(self.keys.as_mut().unwrap(), received).unwrap()
    }

    /// Checks that texts go both ways.
    pub(crate) fn assert_alive(&mut self, end: &mut End, now: Instant) {
        drop(end.events());
        end.sent.clear();
        for n in 0..3 {
            let text = format!("alive {n}");
            let body = self.say(&text, &[]);
            end.receive(now, &body);
            assert_eq!(end.heard(), [(text.clone(), true)]);
            let outputs = end.conversation.send(now, &mut end.rng, &text).unwrap();
            end.take(outputs);
            let body = end.sent.pop_back().unwrap();
            assert_eq!(self.read(&body).text, text);
        }
    }
}
