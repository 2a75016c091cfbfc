//! Files of private keys.

use otr::KeyFile;

/// Reads a file; what can be read is written and read again.
pub fn check(data: &[u8]) {
    let Ok(file) = KeyFile::parse(data) else { return };
    let text = file.to_text();
    let again = KeyFile::parse(text.as_bytes()).unwrap();
    assert_eq!(again.accounts().len(), file.accounts().len());
    for (account, same) in file.accounts().iter().zip(again.accounts()) {
        assert_eq!((account.name(), account.protocol()), (same.name(), same.protocol()));
        assert_eq!(account.key().public_key(), same.key().public_key());
    }
    assert_eq!(again.to_text(), text);
}
