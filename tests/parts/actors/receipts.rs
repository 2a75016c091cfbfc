//! Which messages are confirmed (XEP-0184).

#![expect(clippy::disallowed_methods, clippy::panic, reason = "helpers of a test may fail it")]

use otrbot::actors::{Incoming, Outgoing};

use crate::actors::stage::Stage;

const ANNA: &str = "anna@example.org/x";

/// The receipts for these messages, each of which asks for its own.
async fn receipts(bodies: &[(&str, &str)]) -> Vec<String> {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    let mut receipts = Vec::new();
    for (id, body) in bodies {
        stage.receives(ANNA, Incoming::Chat((*body).into())).await;
        stage.receives(ANNA, Incoming::ReceiptAsked((*id).into())).await;
        let told = stage.news().await;
        for (to, what) in told {
            if let Outgoing::Receipt(id) = what {
                assert_eq!(to.as_str(), ANNA);
                receipts.push(id);
            }
        }
    }
    receipts
}

#[actix::test]
async fn what_cannot_be_read_is_not_confirmed() {
    let confirmed = receipts(&[
        ("words", "hello"),
        ("garbage", "?OTR:AAMDgarbage."),
        ("cut", "?OTR:AAMD"),
        ("not private", "?OTR:AAIDAAAAAAEAAAABAAAAwAAAAAAAAAAAAAAAAAAAAAAAAAA=."),
        ("fragment", "?OTR|00000100|00000000,00002,00002,AAMD,"),
        ("in markup", "<p>?OTR:AAMDgarbag.</p>"),
        ("query", "?OTRv23?"),
        ("older", "?OTRv4?"),
        ("about", "what is ?OTR: for"),
        ("more words", "help"),
    ]);

    assert_eq!(confirmed.await, ["words", "query", "older", "about", "more words"]);
}

#[actix::test]
async fn a_message_of_otr_that_is_read_is_confirmed() {
    // The first piece of a message came, and so did the whole of one.
    let commit = otr_commit();
    let piece = "?OTR|00000100|00000000,00001,00002,?OTR:AAMC,";

    let confirmed = receipts(&[("piece", piece), ("whole", &commit)]).await;

    assert_eq!(confirmed, ["piece", "whole"]);
}

/// A D-H Commit Message of version 3, for any client.
fn otr_commit() -> String {
    use rand_core::SeedableRng as _;
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    let key = std::sync::Arc::new(otr::SigningKey::generate(&mut rng));
    let tag = otr::InstanceTag::random(&mut rng);
    let mut conversation = otr::Conversation::new(key, tag, otr::Policy::default());
    let outputs = conversation.receive(std::time::Instant::now(), &mut rng, "?OTRv3?");
    match &outputs[..] {
        [otr::Output::Send(body)] => body.clone(),
        other => panic!("no commitment: {other:?}"),
    }
}
