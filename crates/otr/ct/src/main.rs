//! Holds the engine to constant time: no branch and no address depends on a secret.
//!
//! Under valgrind's memcheck, secrets are marked as undefined memory, and memcheck complains where
//! undefined memory decides a jump or an address: the idea of Adam Langley's ctgrind. Secret are
//! long-term keys, exponents, nonces, what SMP compares, and so all that is computed from them. The
//! engine says where that ends (its module `declassify`): what goes over the wire, what the peer
//! knows, verdicts, and texts whose MAC was right.
//!
//! `otr-ct check` runs key exchanges, data messages and SMP, each in both roles and versions.
//! `otr-ct leak WAY` does something that memcheck must complain of, so that silence means something.

mod leaks;
mod people;

use std::process::ExitCode;

use crabgrind::memcheck::{MemState, mark_memory};
use crabgrind::valgrind::{RunningMode, count_errors, running_mode};

/// Marks bytes as secret.
pub fn mark_secret(bytes: &mut [u8]) {
    let bytes = std::hint::black_box(bytes);
    mark(bytes.as_mut_ptr(), bytes.len(), MemState::Undefined);
    std::hint::black_box(bytes);
}

fn mark_public(address: *mut u8, len: usize) {
    mark(address, len, MemState::Defined);
}

fn mark(address: *mut u8, len: usize, state: MemState) {
    mark_memory(address.cast(), len, state).expect("valgrind takes requests");
}

fn main() -> ExitCode {
    if running_mode() != RunningMode::Valgrind {
        eprintln!("otr-ct: runs under valgrind alone: `make ct`");
        return ExitCode::from(2);
    }
    otr::declassify::set_hook(mark_public);
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => {
            people::check();
            let n_errors = count_errors();
            println!("{n_errors} places where a secret decides a branch or an address");
            if n_errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        ["leak", way] if leaks::WAYS.iter().any(|(name, _)| *name == way) => {
            for (_, leak) in leaks::WAYS.iter().filter(|(name, _)| *name == way) {
                leak();
            }
            let n_errors = count_errors();
            println!("{way}: {n_errors} places");
            if n_errors > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => {
            let ways: Vec<_> = leaks::WAYS.iter().map(|(name, _)| *name).collect();
            eprintln!("otr-ct: check | leak {}", ways.join("|"));
            ExitCode::from(2)
        }
    }
}
