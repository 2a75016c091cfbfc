//! An OTR program made by hand, that knows the keys of its conversation and may break every rule.
//! What it sends does not depend on what the bot says, once the conversation is private.

use std::{sync::Arc, time::Duration};

use otr::{
    InstanceTag, SigningKey, armor, data,
    dh::DhPublic,
    kdf::{AkeKeys, DataKeys, End},
    key_management::{KeyManager, OurKey},
    message::{Body, Data, DhCommit, DhKey, Header, RevealSignature},
    secret::AesKey,
    smp::{Smp, SmpSecret},
    tlv::{Tlv, TlvType},
    version::{Address, Version},
    wire::{Reader, Writer},
};
use rand::{SeedableRng as _, rngs::StdRng};
use sha2::{Digest as _, Sha256};

use crate::crowd::Crowd;

/// The program, and who uses it.
#[derive(Debug)]
pub(crate) struct Hand {
    /// The local part of their address.
    pub(crate) name: String,
    pub(crate) rng: StdRng,
    pub(crate) address: Address,
    tag: InstanceTag,
    key: Arc<SigningKey>,
    r: [u8; 16],
    dh: Arc<OurKey>,
    keys: Option<KeyManager>,
    their_dh: Option<DhPublic>,
}

impl Hand {
    /// One that has said nothing yet.
    pub(crate) fn new(name: String, key: &Arc<SigningKey>, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let tag = InstanceTag::random(&mut rng);
        let dh = Arc::new(OurKey::generate(&mut rng));
        let address = Address::to_any(tag, Version::V3);
        Self {
            name,
            rng,
            address,
            tag,
            key: Arc::clone(key),
            r: [7; 16],
            dh,
            keys: None,
            their_dh: None,
        }
    }

    /// Goes into a private conversation, by the rules.
    pub(crate) fn go_private(&mut self, crowd: &mut Crowd, patience: Duration) -> Option<()> {
        let commit = self.commit();
        crowd.say(&self.name, &commit);
        let (address, gy) = loop {
            if let Some(found) = d_h_key(&crowd.hear(&self.name, patience)?) {
                break found;
            }
        };
        let reveal = self.reveal(address, &gy);
        crowd.say(&self.name, &reveal);
        loop {
            // The Signature Message is all that is left to come.
            let body = crowd.hear(&self.name, patience)?;
            if body.starts_with("?OTR:") {
                break;
            }
        }
        self.their_dh = Some(gy.clone());
        self.keys = Some(KeyManager::new(Arc::clone(&self.dh), 1, gy));
        Some(())
    }

    /// The D-H Commit Message, from an instance of its own each time.
    pub(crate) fn commit(&mut self) -> String {
        let gx = self.dh.public().to_be_bytes();
        let mut encrypted_gx = Writer::new().data(&gx).finish();
        let hashed_gx = Sha256::digest(&encrypted_gx).into();
        AesKey::from_bytes(self.r).apply([0; 8], &mut encrypted_gx);
        self.tag = InstanceTag::random(&mut self.rng);
        self.address = Address::to_any(self.tag, Version::V3);
        self.encode(&Body::DhCommit(DhCommit { encrypted_gx, hashed_gx }))
    }

    /// The Reveal Signature Message after a D-H Key Message.
    fn reveal(&mut self, from: Address, gy: &DhPublic) -> String {
        self.address = Address::to_peer(self.tag, from.sender());
        let keys = AkeKeys::derive(&self.dh.secret().shared(gy).secbytes());
        let public = self.key.public_key().encode();
        let (gx, gy) = (self.dh.public().to_be_bytes(), gy.to_be_bytes());
        let m = Writer::new().data(&gx).data(&gy).raw(&public).int(1).finish();
        let signature = self.key.sign(&mut self.rng, &keys.m1.mac(&m));
        let mut x = Writer::new().raw(&public).int(1).raw(&signature).finish();
        keys.c.apply([0; 8], &mut x);
        let mac = keys.m2.mac_160(&Writer::new().data(&x).finish());
        let reveal = RevealSignature { r: self.r, encrypted_signature: x, mac };
        self.encode(&Body::RevealSignature(reveal))
    }

    /// A message of ours.
    pub(crate) fn encode(&self, body: &Body) -> String {
        armor::encode(&body.encode(self.address))
    }

    /// A data message.
    pub(crate) fn say(&mut self, text: &str, tlvs: &[Tlv]) -> String {
        let keys = self.keys.as_mut().unwrap();
        armor::encode(&data::seal(keys, &mut self.rng, self.address, text, tlvs).unwrap())
    }

    /// A data message whose MAC is wrong.
    pub(crate) fn say_forged(&mut self, text: &str) -> String {
        let genuine = armor::decode(&self.say(text, &[])).unwrap();
        let mut reader = Reader::new(&genuine);
        let header = Header::decode(&mut reader).unwrap();
        let Body::Data(data) = Body::decode(header.kind, reader).unwrap() else {
            panic!("no data message")
        };
        self.encode(&Body::Data(Data { mac: [0; 20], ..data }))
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
                let end = if *current.public() > theirs { End::High } else { End::Low };
                let keys = DataKeys::derive(&current.secret().shared(&theirs).secbytes(), end);
                let mut data = Data {
                    flags: 0,
                    sender_key_id: our_id,
                    recipient_key_id: their_id,
                    next_dh: next.public().to_be_bytes(),
                    counter: 1_u64.to_be_bytes(),
                    encrypted: b"well".to_vec(),
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

    /// The first message of SMP. Its proofs are good for every conversation, whatever the secret.
    pub(crate) fn smp_first(&mut self, question: Option<&str>) -> Tlv {
        let ours = self.key.public_key().fingerprint();
        let secret = SmpSecret::compute(&ours, &ours, &[0; 8], b"a secret");
        Smp::new().start(&mut self.rng, secret, question).send.pop().unwrap()
    }
}

/// The same message of SMP with a proof that does not hold.
pub(crate) fn with_bad_proof(good: &Tlv) -> Tlv {
    let mut bad = good.clone();
    if let Some(last) = bad.value.last_mut() {
        *last ^= 1;
    }
    bad
}

/// Gives SMP up.
pub(crate) fn abort() -> Tlv {
    Tlv::empty(TlvType::SMP_ABORT)
}

fn d_h_key(body: &str) -> Option<(Address, DhPublic)> {
    let bytes = armor::decode(body).ok()?;
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).ok()?;
    match Body::decode(header.kind, reader).ok()? {
        Body::DhKey(DhKey { gy }) => Some((header.address, gy)),
        Body::DhCommit(_) | Body::RevealSignature(_) | Body::Signature(_) | Body::Data(_) => None,
    }
}
