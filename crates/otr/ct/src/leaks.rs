//! What memcheck must complain of.

use std::hint::black_box;

use otr::dh::{DhPublic, DhSecret};

use crate::mark_secret;

/// Each way with its name.
pub const WAYS: [(&str, fn()); 3] = [("branch", branch), ("address", address), ("engine", engine)];

fn secret() -> [u8; 40] {
    let mut secret = [0x5a; 40];
    mark_secret(&mut secret);
    secret
}

/// Square and multiply as the textbooks have it.
fn branch() {
    let mut power = 1_u64;
    for byte in secret() {
        power = power.wrapping_mul(power);
        if byte & 1 == 1 {
            power = black_box(power.wrapping_mul(3));
        }
    }
    black_box(power);
}

/// A table that is read where the secret says.
fn address() {
    let table: Vec<u64> = (0..256).collect();
    let sum: u64 = secret().iter().map(|byte| black_box(&table)[usize::from(*byte)]).sum();
    black_box(sum);
}

/// A function of the engine that is for public numbers, given a secret one.
fn engine() {
    let exponent = DhSecret::from_be_bytes(&secret()).expect("it is not 0");
    let shared = exponent.shared(&DhPublic::from_be_bytes(&[5]).expect("5 is in the group"));
    let secbytes = shared.secbytes();
    // Behind its length.
    black_box(DhPublic::from_be_bytes(&secbytes[4..]));
}
