//! Each state of the exchange and each message, forged or by the rules.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

/// An exchange, carried as far as a test needs it.
struct Exchange {
    rng: ChaCha20Rng,
    bob_key: Arc<SigningKey>,
    alice_key: SigningKey,
    /// Bob has sent the D-H Commit Message.
    bob: AuthState,
    alice: AuthState,
    commit: DhCommit,
}

impl Exchange {
    fn begin() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let bob_key = Arc::new(SigningKey::generate(&mut rng));
        let alice_key = SigningKey::generate(&mut rng);
        let commitment = Arc::new(Commitment::generate(&mut rng));
        let commit = commitment.message.clone();
        let bob = AuthState::AwaitingDhKey(commitment);
        Self { rng, bob_key, alice_key, bob, alice: AuthState::None, commit }
    }

    fn key(&mut self) -> DhKey {
        let alice = core::mem::take(&mut self.alice);
        let (alice, reaction) = alice.on_dh_commit(&mut self.rng, Version::V2, self.commit.clone());
        self.alice = alice;
        let Reaction::Reply(Body::DhKey(key)) = reaction else {
            panic!("no D-H Key Message but {reaction:?}")
        };
        key
    }

    fn reveal(&mut self, key: DhKey) -> RevealSignature {
        let bob = core::mem::take(&mut self.bob);
        let (bob, reaction) = bob.on_dh_key(&mut self.rng, &self.bob_key, key);
        self.bob = bob;
        let Reaction::Reply(Body::RevealSignature(reveal)) = reaction else {
            panic!("no Reveal Signature Message but {reaction:?}")
        };
        reveal
    }

    fn alice_on_reveal(&mut self, reveal: &RevealSignature) -> Reaction {
        let alice = core::mem::take(&mut self.alice);
        let (alice, reaction) =
            alice.on_reveal_signature(&mut self.rng, &self.alice_key, reveal, None);
        self.alice = alice;
        reaction
    }

    fn bob_on_signature(&mut self, signature: &Signature) -> Reaction {
        let (bob, reaction) = core::mem::take(&mut self.bob).on_signature(signature, None);
        self.bob = bob;
        reaction
    }
}

fn name(state: &AuthState) -> &'static str {
    match state {
        AuthState::None => "None",
        AuthState::AwaitingDhKey(_) => "AwaitingDhKey",
        AuthState::AwaitingRevealSignature(_) => "AwaitingRevealSignature",
        AuthState::AwaitingSignature(_) => "AwaitingSignature",
    }
}

fn why(reaction: Reaction) -> Ignored {
    let Reaction::Ignored(why) = reaction else { panic!("not ignored: {reaction:?}") };
    why
}

fn signature(reaction: Reaction) -> Signature {
    let Reaction::Established(Some(Body::Signature(signature)), _) = reaction else {
        panic!("not established: {reaction:?}")
    };
    signature
}

#[test]
fn messages_out_of_turn_are_ignored_in_every_state() {
    let mut exchange = Exchange::begin();
    let key = exchange.key();
    let reveal = RevealSignature { r: [0; 16], encrypted_signature: vec![], mac: [0; 20] };
    let signature = Signature { encrypted_signature: vec![], mac: [0; 20] };
    let bob_key = Arc::clone(&exchange.bob_key);

    for state in [AuthState::None, exchange.alice] {
        let before = name(&state);
        let (state, reaction) = state.on_dh_key(&mut exchange.rng, &bob_key, key.clone());
        assert_eq!((name(&state), why(reaction)), (before, Ignored::OutOfTurn));
        let (state, reaction) = state.on_signature(&signature, None);
        assert_eq!((name(&state), why(reaction)), (before, Ignored::OutOfTurn));
    }
    let (state, reaction) =
        exchange.bob.on_reveal_signature(&mut exchange.rng, &bob_key, &reveal, None);
    assert_eq!((name(&state), why(reaction)), ("AwaitingDhKey", Ignored::OutOfTurn));
    let (state, reaction) = state.on_signature(&signature, None);
    assert_eq!((name(&state), why(reaction)), ("AwaitingDhKey", Ignored::OutOfTurn));
    let (state, _) = state.on_dh_key(&mut exchange.rng, &bob_key, key);
    let (state, reaction) = state.on_reveal_signature(&mut exchange.rng, &bob_key, &reveal, None);
    assert_eq!((name(&state), why(reaction)), ("AwaitingSignature", Ignored::OutOfTurn));
    let other = DhKey { gy: OurKey::generate(&mut exchange.rng).public().clone() };
    let (state, reaction) = state.on_dh_key(&mut exchange.rng, &bob_key, other);
    assert_eq!((name(&state), why(reaction)), ("AwaitingSignature", Ignored::OutOfTurn));
}

#[test]
fn of_two_commitments_the_one_with_the_higher_hash_stands() {
    let mut exchange = Exchange::begin();
    let theirs = Arc::new(Commitment::generate(&mut exchange.rng));
    let message = theirs.message.clone();
    let is_ours_higher = exchange.commit.hashed_gx > message.hashed_gx;

    let (ours, our_reaction) = exchange.bob.on_dh_commit(&mut exchange.rng, Version::V2, message);
    let (theirs, their_reaction) = AuthState::AwaitingDhKey(theirs).on_dh_commit(
        &mut exchange.rng,
        Version::V2,
        exchange.commit,
    );

    let (higher, lower) = if is_ours_higher {
        ((ours, our_reaction), (theirs, their_reaction))
    } else {
        ((theirs, their_reaction), (ours, our_reaction))
    };
    assert_eq!(name(&higher.0), "AwaitingDhKey");
    assert!(matches!(higher.1, Reaction::Reply(Body::DhCommit(_))));
    assert_eq!(name(&lower.0), "AwaitingRevealSignature");
    assert!(matches!(lower.1, Reaction::Reply(Body::DhKey(_))));
}

#[test]
fn a_forged_signature_leaves_the_exchange_alive() {
    let mut exchange = Exchange::begin();
    let key = exchange.key();
    let reveal = exchange.reveal(key);
    for (forged, expected) in [
        (RevealSignature { r: [1; 16], ..reveal.clone() }, Ignored::BadCommitment),
        (RevealSignature { mac: [1; 20], ..reveal.clone() }, Ignored::BadMac),
        (RevealSignature { encrypted_signature: vec![], ..reveal.clone() }, Ignored::BadMac),
    ] {
        assert_eq!(why(exchange.alice_on_reveal(&forged)), expected);
    }
    let genuine = signature(exchange.alice_on_reveal(&reveal));
    for forged in [
        Signature { mac: [1; 20], ..genuine.clone() },
        Signature { encrypted_signature: vec![], ..genuine.clone() },
    ] {
        assert_eq!(why(exchange.bob_on_signature(&forged)), Ignored::BadMac);
    }

    let done = exchange.bob_on_signature(&genuine);

    assert!(matches!(done, Reaction::Established(None, _)));
    assert_eq!((name(&exchange.alice), name(&exchange.bob)), ("None", "None"));
    assert_eq!(why(exchange.bob_on_signature(&genuine)), Ignored::OutOfTurn);
}

/// A Signature Message of one who knows the keys of the exchange but breaks the rules.
fn sealed_by_hand(exchange: &mut Exchange, key_id: KeyId, signed_by_bob: bool) -> Signature {
    let AuthState::AwaitingRevealSignature(state) = &exchange.alice else {
        panic!("Alice is in {}", name(&exchange.alice));
    };
    let AuthState::AwaitingSignature(bob) = &exchange.bob else {
        panic!("Bob is in {}", name(&exchange.bob));
    };
    let gx = bob.our_key.public();
    let keys = AkeKeys::derive(&state.our_key.secret().shared(gx).secbytes());
    let seal = Seal {
        encryption: &keys.c_prime,
        signed: if signed_by_bob { &keys.m1 } else { &keys.m1_prime },
        authentication: &keys.m2_prime,
    };
    let key = &exchange.alice_key;
    let gy = state.our_key.public();
    let (encrypted_signature, mac) = seal.close(&mut exchange.rng, key, key_id, gy, gx);
    Signature { encrypted_signature, mac }
}

#[test]
fn a_key_id_of_zero_or_a_signature_of_something_else_is_refused() {
    let mut exchange = Exchange::begin();
    let key = exchange.key();
    exchange.reveal(key);
    let zero = sealed_by_hand(&mut exchange, 0, false);
    let wrong = sealed_by_hand(&mut exchange, 1, true);
    let right = sealed_by_hand(&mut exchange, 1, false);

    let refused = why(exchange.bob_on_signature(&zero));
    assert_eq!(refused, Ignored::Malformed(WireError::Range { field: "keyid" }));
    assert_eq!(why(exchange.bob_on_signature(&wrong)), Ignored::BadSignature);
    assert!(matches!(exchange.bob_on_signature(&right), Reaction::Established(None, _)));
}

#[test]
fn a_commitment_to_what_is_not_in_the_group_is_refused() {
    for gx in [&[][..], &[1], &[0, 0, 1], &[0xff; 192], &[0xff; 193]] {
        let mut exchange = Exchange::begin();
        let mut encrypted_gx = Writer::new().data(gx).finish();
        let hashed_gx = Sha256::digest(&encrypted_gx).into();
        AesKey::from_bytes([9; 16]).apply(COUNTER_ZERO, &mut encrypted_gx);
        exchange.commit = DhCommit { encrypted_gx, hashed_gx };
        exchange.key();
        let reveal = RevealSignature { r: [9; 16], encrypted_signature: vec![], mac: [0; 20] };

        let refused = why(exchange.alice_on_reveal(&reveal));

        assert_eq!(refused, Ignored::OutOfRange("gx"));
    }
}

#[test]
fn our_own_key_reflected_is_refused() {
    let mut exchange = Exchange::begin();
    let AuthState::AwaitingDhKey(commitment) = &exchange.bob else {
        panic!("Bob is in {}", name(&exchange.bob));
    };
    let gy = commitment.our_key.public().clone();
    let bob_key = Arc::clone(&exchange.bob_key);

    let (bob, reaction) = exchange.bob.on_dh_key(&mut exchange.rng, &bob_key, DhKey { gy });
    assert_eq!((name(&bob), why(reaction)), ("AwaitingDhKey", Ignored::Reflected));
    let (bob, reaction) = bob.on_dh_commit(&mut exchange.rng, Version::V2, exchange.commit);
    assert_eq!((name(&bob), why(reaction)), ("AwaitingDhKey", Ignored::Reflected));
}

#[test]
fn debug_output_holds_no_keys() {
    let exchange = Exchange::begin();

    let shown = format!("{:?}", exchange.bob);

    assert!(shown.contains("AesBytes { .. }") && shown.contains("DhSecret { .. }"), "{shown}");
}

#[test]
fn a_commitment_that_gave_way_can_still_be_answered() {
    // Libotr gives way in version 2 even if its hash is the higher one, and so do we here.
    let mut exchange = Exchange::begin();
    let theirs = loop {
        let theirs = Commitment::generate(&mut exchange.rng);
        if theirs.message.hashed_gx > exchange.commit.hashed_gx {
            break theirs;
        }
    };
    let (bob, reaction) = exchange.bob.on_dh_commit(&mut exchange.rng, Version::V2, theirs.message);
    assert!(matches!(reaction, Reaction::Reply(Body::DhKey(_))));
    exchange.bob = bob;
    let key = exchange.key();

    let reveal = exchange.reveal(key);
    let signature = signature(exchange.alice_on_reveal(&reveal));

    assert!(matches!(exchange.bob_on_signature(&signature), Reaction::Established(None, _)));
    assert_eq!((name(&exchange.alice), name(&exchange.bob)), ("None", "None"));
}
