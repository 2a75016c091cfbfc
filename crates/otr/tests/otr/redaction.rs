//! No `Debug` shows a secret: a whole conversation with SMP, formatted at each step, and searched for
//! everything that was drawn or derived.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use core::convert::Infallible;
use core::fmt::Debug;

use memchr::memmem::Finder;
use otr::ake::{AuthState, Commitment, Reaction};
use otr::conversation::Conversation;
use otr::data;
use otr::dh::DhSecret;
use otr::event::{Event, Output};
use otr::identity::SigningKey;
use otr::instance::InstanceTag;
use otr::kdf::{AkeKeys, DataKeys, End as Side};
use otr::message::Body;
use otr::policy::Policy;
use otr::received::ReceivedData;
use otr::smp::{Smp, SmpSecret};
use otr::tlv::{Tlv, TlvType};
use otr::version::{Address, Version};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _, TryCryptoRng, TryRng};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::pair::only;

/// Randomness that remembers what it gave.
struct Recorder {
    rng: ChaCha20Rng,
    drawn: Vec<Vec<u8>>,
}

impl Recorder {
    fn new(seed: u64) -> Self {
        Self { rng: ChaCha20Rng::seed_from_u64(seed), drawn: Vec::new() }
    }
}

impl TryRng for Recorder {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(to);
        self.drawn.push(to.to_vec());
        Ok(())
    }
}

impl TryCryptoRng for Recorder {}

/// Everything that was shown, as it is searched: lower case, without white space.
#[derive(Default)]
struct Shown(Vec<String>);

impl Shown {
    fn add(&mut self, value: &impl Debug) {
        for text in [format!("{value:?}"), format!("{value:#?}"), format!("{value:x?}")] {
            let text = text.to_lowercase();
            self.0.push(text.split_whitespace().collect());
        }
    }

    fn has(&self, form: &str) -> bool {
        let finder = Finder::new(form);
        self.0.iter().any(|text| finder.find(text.as_bytes()).is_some())
    }

    /// Fails if eight bytes in a row of a secret were shown, in any form that Rust gives them.
    #[track_caller]
    fn assert_without(&self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= 8, "{name} is too short to search for");
        // From the end, as the words of a number are cut.
        for chunk in secret.rchunks(8).filter(|chunk| chunk.len() == 8) {
            for form in forms(chunk) {
                assert!(!self.has(&form), "{name} was shown: {form}");
            }
        }
    }
}

/// Eight bytes, as they may be shown.
fn forms(bytes: &[u8]) -> Vec<String> {
    let list = |bytes: &mut dyn Iterator<Item = &u8>| {
        let (decimal, hex): (Vec<_>, Vec<_>) =
            bytes.map(|byte| (byte.to_string(), format!("{byte:x}"))).unzip();
        [decimal.join(","), hex.join(",")]
    };
    let word = u64::from_be_bytes(bytes.try_into().unwrap());
    let mut forms = vec![format!("{word:016x}"), word.to_string(), word.swap_bytes().to_string()];
    forms.push(format!("{:016x}", word.swap_bytes()));
    forms.extend(list(&mut bytes.iter()));
    forms.extend(list(&mut bytes.iter().rev()));
    forms
}

/// The test can see what it looks for.
#[test]
fn secrets_that_are_shown_are_found() {
    let secret: Vec<u8> = (100..140).collect();
    let mut shown = Shown::default();
    assert!(!forms(&secret[..8]).iter().any(|form| shown.has(form)));

    shown.add(&(&secret, "and more"));
    assert!(forms(&secret[..8]).iter().any(|form| shown.has(form)));

    let mut shown = Shown::default();
    shown.add(&crypto_bigint::U320::from_be_slice(&secret));
    assert!(forms(&secret[..8]).iter().any(|form| shown.has(form)));
}

/// h1(b) or h2(b) of the specification.
fn hash<D: sha2::Digest>(byte: u8, secbytes: &[u8]) -> Vec<u8> {
    D::new().chain_update([byte]).chain_update(secbytes).finalize().to_vec()
}

/// All that is derived from one shared secret, by hand.
fn derived(secbytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("s", secbytes[4..].to_vec())];
    for (byte, name) in [(1, "c, c'"), (2, "m1"), (3, "m2"), (4, "m1'"), (5, "m2'"), (255, "extra")]
    {
        all.push((name, hash::<Sha256>(byte, secbytes)));
    }
    for byte in [1, 2] {
        let aes = hash::<Sha1>(byte, secbytes)[..16].to_vec();
        all.push(("a MAC key", Sha1::digest(&aes).to_vec()));
        all.push(("an AES key", aes));
    }
    all
}

struct Talker {
    conversation: Conversation,
    key: Arc<SigningKey>,
    rng: Recorder,
}

impl Talker {
    fn new(seed: u64, policy: Policy) -> Self {
        let mut rng = Recorder::new(seed);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let tag = InstanceTag::random(&mut rng);
        let conversation = Conversation::new(Arc::clone(&key), tag, policy);
        Self { conversation, key, rng }
    }
}

/// Alice and Bob, and all that they showed.
struct Watched {
    sides: [Talker; 2],
    shown: Shown,
    revealed: BTreeSet<Vec<u8>>,
    now: Instant,
}

impl Watched {
    /// Lets a side act, and carries what comes of it to the end.
    fn act(&mut self, from: usize, act: impl FnOnce(&mut Talker, Instant) -> Vec<Output>) {
        let outputs = act(&mut self.sides[from], self.now);
        let mut under_way: Vec<_> = outputs.into_iter().map(|output| (from, output)).collect();
        while !under_way.is_empty() {
            let (from, output) = under_way.remove(0);
            self.shown.add(&output);
            if let Output::Event(event) = &output {
                self.shown.add(event);
            }
            if let Output::Send(body) = output {
                if body.starts_with("?OTR:AAID") || body.starts_with("?OTR:AAMD") {
                    let (_, data) = crate::hand::data_message(&body);
                    self.revealed.extend(data.revealed.chunks(20).map(<[u8]>::to_vec));
                }
                let to = &mut self.sides[1 - from];
                let outputs = to.conversation.receive(self.now, &mut to.rng, &body);
                under_way.extend(outputs.into_iter().map(|output| (1 - from, output)));
            }
            self.look();
        }
    }

    fn look(&mut self) {
        for side in &self.sides {
            self.shown.add(&side.conversation);
            self.shown.add(&side.key);
        }
    }
}

const TEXT: &str = "the treasure is under the old oak";
const SECRET: &str = "correct horse battery staple";
const QUESTION: &str = "which horse do we both know?";

#[test]
fn a_whole_conversation_shows_no_secret() {
    for version in [Version::V2, Version::V3] {
        let sides = [Talker::new(1, only(version)), Talker::new(2, only(version))];
        let (shown, revealed) = (Shown::default(), BTreeSet::new());
        let mut watched = Watched { sides, shown, revealed, now: Instant::now() };
        let start = |side: &mut Talker, now| side.conversation.start(now, &mut side.rng);
        let say =
            |side: &mut Talker, now| side.conversation.send(now, &mut side.rng, TEXT).unwrap();

        watched.act(0, start);
        watched.act(0, say);
        watched.act(1, say);
        watched.act(0, say);
        watched.act(0, |side, now| {
            let (conversation, rng) = (&mut side.conversation, &mut side.rng);
            conversation.smp_start(now, rng, SECRET.as_bytes(), Some(QUESTION)).unwrap()
        });
        watched.act(1, |side, now| {
            side.conversation.smp_answer(now, &mut side.rng, SECRET.as_bytes()).unwrap()
        });
        watched.act(1, start);
        for from in [1, 0, 1, 0] {
            watched.act(from, say);
        }
        watched.act(0, |side, now| side.conversation.end(now, &mut side.rng));

        check(&watched);
    }
}

fn check(watched: &Watched) {
    let shown = &watched.shown;
    for (name, words) in [("the text", TEXT), ("the secret", SECRET), ("the question", QUESTION)] {
        let words: String = words.split_whitespace().collect();
        assert!(!shown.has(&words), "{name} was shown");
        shown.assert_without(name, words.as_bytes());
    }
    let mut n_exponents = 0;
    for side in &watched.sides {
        shown.assert_without("x of the key", &side.key.secret_bytes());
        // k of the signatures is as long as x, the exponents of SMP are 192 bytes. r is 16 bytes and
        // is no secret once it was revealed.
        for drawn in side.rng.drawn.iter().filter(|drawn| drawn.len() > 16) {
            shown.assert_without("what was drawn", drawn);
            n_exponents += 1;
        }
    }
    assert!(n_exponents > 20, "{n_exponents}");

    let exponents = |side: &Talker| -> Vec<DhSecret> {
        let drawn = side.rng.drawn.iter().filter(|drawn| drawn.len() == 40);
        drawn.map(|drawn| DhSecret::from_be_bytes(drawn).unwrap()).collect()
    };
    let [alices, bobs] = [0, 1].map(|ix| exponents(&watched.sides[ix]));
    let mut n_revealed = 0;
    for x in &alices {
        for y in &bobs {
            for (name, secret) in derived(&x.shared(&y.public()).secbytes()) {
                // What was revealed has been used, and is anyone's.
                if watched.revealed.contains(&secret) {
                    n_revealed += 1;
                } else {
                    shown.assert_without(name, &secret);
                }
            }
        }
    }
    assert!(n_revealed >= 3, "{n_revealed}");
}

/// The parts that a conversation is made of, each by itself.
#[test]
fn the_parts_of_a_conversation_show_no_secret() {
    let mut rng = Recorder::new(3);
    let mut shown = Shown::default();
    let key = SigningKey::generate(&mut rng);
    let commitment = Arc::new(Commitment::generate(&mut rng));
    let Body::DhCommit(commit) = commitment.to_message() else { panic!("no commitment") };
    shown.add(&(&key, &commitment));

    let waiting = AuthState::AwaitingDhKey(Arc::clone(&commitment));
    shown.add(&waiting);
    let (theirs, reaction) = AuthState::None.on_dh_commit(&mut rng, Version::V2, commit);
    shown.add(&(&theirs, &reaction));
    let Reaction::Reply(Body::DhKey(answer)) = reaction else { panic!("no answer") };
    // Until here r was secret too.
    for drawn in &rng.drawn {
        shown.assert_without("what was drawn", drawn);
    }
    let (ours, reaction) = waiting.on_dh_key(&mut rng, &key, answer);
    shown.add(&ours);
    let Reaction::Reply(Body::RevealSignature(reveal)) = reaction else { panic!("no signature") };
    let (theirs, reaction) = theirs.on_reveal_signature(&mut rng, &key, &reveal, None);
    shown.add(&(&theirs, &reaction));
    let Reaction::Established(Some(Body::Signature(signature)), mut established) = reaction else {
        panic!("not established")
    };
    let (ours, reaction) = ours.on_signature(&signature, None);
    shown.add(&(&ours, &reaction));
    let Reaction::Established(None, mut peer) = reaction else { panic!("not established") };

    let tlv = Tlv { kind: TlvType::EXTRA_KEY, value: TEXT.as_bytes().to_vec() };
    let sealed =
        data::seal(&mut established.keys, &mut rng, Address::V2, TEXT, core::slice::from_ref(&tlv))
            .unwrap();
    let received = ReceivedData::parse(sealed).unwrap();
    shown.add(&received);
    let opened = data::open(&mut peer.keys, received).unwrap();
    shown.add(&(&tlv, &established, &peer, &opened));
    let sending = peer.keys.sending(&mut rng).unwrap();
    shown.add(&sending);
    let key = opened.extra.clone().unwrap();
    shown.add(&Event::ExtraKey { usage: 1, data: TEXT.as_bytes().to_vec(), key });

    let fingerprint = established.their_public.fingerprint();
    let secret = || SmpSecret::compute(&fingerprint, &fingerprint, &[0; 8], SECRET.as_bytes());
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    shown.add(&secret());
    let mut record = alice.start(&mut rng, secret(), Some(QUESTION)).send.remove(0);
    shown.add(&(&alice, &record));
    let asked = bob.on_tlv(&mut rng, &record);
    shown.add(&asked);
    assert!(asked.event.is_some());
    record = bob.answer(&mut rng, secret()).unwrap().send.remove(0);
    shown.add(&(&bob, &record));
    record = alice.on_tlv(&mut rng, &record).send.remove(0);
    shown.add(&(&alice, &record));
    shown.add(&bob.on_tlv(&mut rng, &record));
    shown.add(&(&alice, &bob));

    let secrets: Vec<_> = rng.drawn.iter().filter(|drawn| drawn.len() == 40).collect();
    let [x, y] = [0, 1].map(|ix| DhSecret::from_be_bytes(secrets[ix]).unwrap());
    let shared = x.shared(&y.public());
    shown.add(&(&x, &shared));
    let keys = AkeKeys::derive(&shared.secbytes());
    shown.add(&(&keys, DataKeys::derive(&shared.secbytes(), Side::High)));
    for (name, secret) in derived(&shared.secbytes()) {
        shown.assert_without(name, &secret);
    }
    let combined = Sha256::new()
        .chain_update([1])
        .chain_update(fingerprint.as_bytes())
        .chain_update(fingerprint.as_bytes())
        .chain_update([0; 8])
        .chain_update(SECRET)
        .finalize();
    shown.assert_without("what SMP compares", &combined);
    for drawn in rng.drawn.iter().filter(|drawn| drawn.len() > 16) {
        shown.assert_without("what was drawn", drawn);
    }
    for words in [TEXT, SECRET, QUESTION] {
        let words: String = words.split_whitespace().collect();
        assert!(!shown.has(&words), "{words}");
        shown.assert_without("words", words.as_bytes());
    }
}
