//! All keys, from the shared secret (OTRv3, "Computing AES keys, MAC keys, and the secure session
//! id" and "Extra symmetric key").
//!
//! ```text
//! h2(b) = SHA-256(b, secbytes)        h1(b) = SHA-1(b, secbytes)
//! ssid  = h2(0x00)[..8]               extra = h2(0xff)
//! c, c' = h2(0x01)[..16], [16..]      sending AES key   = h1(sendbyte)[..16]
//! m1, m2, m1', m2' = h2(0x02..=0x05)  receiving AES key = h1(recvbyte)[..16]
//!                                     MAC key           = SHA-1(AES key)
//! ```
//!
//! `secbytes` is the secret as an MPI of minimal length, its length included.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::secret::{AesKey, AkeMacKey, ExtraKey, MacKey};

/// Keys of one key exchange.
#[derive(Debug)]
pub struct AkeKeys {
    /// The secure session id.
    pub ssid: [u8; 8],
    /// c: encrypts the signature in the Reveal Signature Message.
    pub c: AesKey,
    /// c': encrypts the signature in the Signature Message.
    pub c_prime: AesKey,
    /// m1: makes what is signed in the Reveal Signature Message.
    pub m1: AkeMacKey,
    /// m2: authenticates the Reveal Signature Message.
    pub m2: AkeMacKey,
    /// m1': makes what is signed in the Signature Message.
    pub m1_prime: AkeMacKey,
    /// m2': authenticates the Signature Message.
    pub m2_prime: AkeMacKey,
}

impl AkeKeys {
    /// The keys from the shared secret s.
    pub fn derive(secbytes: &[u8]) -> Self {
        let (c, c_prime) = halves(&h2(0x01, secbytes));
        let ssid = h2(0x00, secbytes);
        Self {
            ssid: *ssid.first_chunk().unwrap_or(&[0; 8]),
            c,
            c_prime,
            m1: AkeMacKey::from_bytes(*h2(0x02, secbytes)),
            m2: AkeMacKey::from_bytes(*h2(0x03, secbytes)),
            m1_prime: AkeMacKey::from_bytes(*h2(0x04, secbytes)),
            m2_prime: AkeMacKey::from_bytes(*h2(0x05, secbytes)),
        }
    }
}

/// Which end of a pair of D-H keys we are: the one with the larger public key is the high end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Our public key is the larger.
    High,
    /// Theirs is.
    Low,
}

/// Keys of one direction.
#[derive(Debug)]
pub struct DirectionKeys {
    /// Encrypts.
    pub aes: AesKey,
    /// Authenticates.
    pub mac: MacKey,
}

impl DirectionKeys {
    fn derive(byte: u8, secbytes: &[u8]) -> Self {
        let hash: Zeroizing<[u8; 20]> = Zeroizing::new(
            Sha1::new().chain_update([byte]).chain_update(secbytes).finalize().into(),
        );
        let aes = AesKey::from_bytes(*hash.first_chunk().unwrap_or(&[0; AesKey::LEN]));
        let mac = MacKey::from_bytes(Sha1::digest(aes.as_bytes()).into());
        Self { aes, mac }
    }
}

/// Keys of one pair of D-H keys, ours and theirs.
#[derive(Debug)]
pub struct DataKeys {
    /// For what we send.
    pub sending: DirectionKeys,
    /// For what they send.
    pub receiving: DirectionKeys,
    /// The extra symmetric key.
    pub extra: ExtraKey,
}

impl DataKeys {
    /// The keys from the shared secret.
    pub fn derive(secbytes: &[u8], our_end: End) -> Self {
        let (send_byte, recv_byte) = match our_end {
            End::High => (0x01, 0x02),
            End::Low => (0x02, 0x01),
        };
        Self {
            sending: DirectionKeys::derive(send_byte, secbytes),
            receiving: DirectionKeys::derive(recv_byte, secbytes),
            extra: ExtraKey::from_bytes(*h2(0xff, secbytes)),
        }
    }
}

fn h2(byte: u8, secbytes: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::new().chain_update([byte]).chain_update(secbytes).finalize().into())
}

fn halves(hash: &[u8; 32]) -> (AesKey, AesKey) {
    let head = *hash.first_chunk().unwrap_or(&[0; AesKey::LEN]);
    let tail = *hash.last_chunk().unwrap_or(&[0; AesKey::LEN]);
    (AesKey::from_bytes(head), AesKey::from_bytes(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_end_sends_with_the_other_receives_with() {
        let high = DataKeys::derive(b"secbytes", End::High);
        let low = DataKeys::derive(b"secbytes", End::Low);

        assert_eq!(high.sending.aes.as_bytes(), low.receiving.aes.as_bytes());
        assert_eq!(high.receiving.mac.mac(b"x"), low.sending.mac.mac(b"x"));
        assert_ne!(high.sending.mac.mac(b"x"), high.receiving.mac.mac(b"x"));
        assert_eq!(high.extra, low.extra);
    }
}
