//! What the fuzzers have found worth keeping, replayed: each file of `fuzz/corpus` goes through
//! the check of its target, and so does each input that once broke something
//! (`fuzz/regressions`).

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "checks may fail the test, and are shared with the fuzzers"
)]

#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;

use std::fs;
use std::path::Path;

/// Runs all inputs of a target.
fn replay(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut count = 0;
    for kind in ["corpus", "regressions"] {
        let folder = fuzz.join(kind).join(target);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            // The name of the file is what one wants to know when it fails.
            let outcome = std::panic::catch_unwind(|| check(&data));
            assert!(outcome.is_ok(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0, "{target} has no corpus");
}

#[test]
fn plain_conversations_hold() {
    replay("plain", checks::plain::check);
}

#[test]
fn encrypted_conversations_hold() {
    replay("encrypted", checks::encrypted::check);
}

#[test]
fn fragments_hold() {
    replay("fragments", checks::fragments::check);
}

#[test]
fn records_and_messages_hold() {
    replay("tlvs", checks::tlvs::check);
}

#[test]
fn key_files_hold() {
    replay("key_file", checks::key_file::check);
}

#[test]
fn the_group_agrees_with_num_bigint() {
    replay("group", checks::group::check);
}
