//! Everything that is read of a message: its form, its records, SMP.

use otr::message::{Body, Header};
use otr::received::ReceivedData;
use otr::smp::{Smp, SmpSecret};
use otr::tlv::{self, Tlv, TlvType};
use otr::wire::Reader;
use otr::{Fingerprint, armor, plaintext};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Reads the data as each of them.
pub fn check(data: &[u8]) {
    let tlvs = tlv::decode(data);
    let encoded = tlv::encode(&tlvs);
    assert!(data.starts_with(&encoded), "records are read as they stand");
    assert_eq!(tlv::decode(&encoded), tlvs);

    let mut reader = Reader::new(data);
    if let Ok(header) = Header::decode(&mut reader)
        && let Ok(body) = Body::decode(header.kind, reader)
    {
        let bytes = body.encode(header.address);
        let mut reader = Reader::new(&bytes);
        let again = Header::decode(&mut reader).unwrap();
        assert_eq!((again, Body::decode(again.kind, reader).unwrap()), (header, body));
    }
    drop(ReceivedData::parse(data.to_vec()));
    assert_eq!(armor::decode(&armor::encode(data)).ok(), (!data.is_empty()).then(|| data.to_vec()));
    drop(plaintext::classify(&String::from_utf8_lossy(data)));

    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let fingerprint = Fingerprint::from_bytes([1; 20]);
    let mut asking = Smp::new();
    let secret = SmpSecret::compute(&fingerprint, &fingerprint, &[2; 8], b"secret");
    drop(asking.start(&mut rng, secret, None));
    let mut idle = Smp::new();
    for tlv in tlvs.iter().take(3) {
        for smp in [&mut asking, &mut idle] {
            let reaction = smp.on_tlv(&mut rng, tlv);
            assert!(reaction.send.len() <= 1, "one answer at most");
        }
    }
    for kind in [TlvType::SMP1, TlvType::SMP1Q, TlvType::SMP2, TlvType::SMP3, TlvType::SMP4] {
        drop(Smp::new().on_tlv(&mut rng, &Tlv { kind, value: data.to_vec() }));
    }
}
