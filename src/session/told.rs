//! What the learner has written where others may read it, so that no secret is made of it afterwards.
//!
//! Of it are kept keyed digests of its words, one after the other and some in a row, and the last words
//! as they are, as a secret may be told in pieces; they are wiped with the session. Shared secrets that were told are kept with the session, sealed: they are
//! spent after an interruption, too.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher as _, RandomState},
};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{Seal, listening::plain, seal::Sealed};

/// Most words in a row that are remembered together. Secrets of more are known by all that they hold
/// of these.
const MAX_WORDS: usize = 8;

/// How much of a message is remembered, in characters, and how many digests of a session.
const MAX_CHARS: usize = 2_000;
/// How much of a message is searched for a secret that is known, in characters: all that OTR takes.
const MAX_SEARCHED: usize = 100_000;
const MAX_DIGESTS: usize = 8_192;

/// Words that are remembered as they are, so that a secret is found that is told in pieces.
const MAX_TAIL: usize = 64;

/// Most secrets that are remembered as spent.
const MAX_SPENT: usize = 4;

/// Fewest letters by which a secret is found in the middle of other ones.
const MIN_WITHIN: usize = 8;

/// What was told.
#[derive(Debug, Default)]
pub(super) struct Told {
    key: RandomState,
    digests: HashSet<u64>,
    in_order: VecDeque<u64>,
    spent: Vec<Sealed>,
    /// The last words that were heard: a secret may be told in pieces.
    tail: Zeroizing<Vec<String>>,
}

impl Told {
    /// The learner has written this where others may read it.
    pub(super) fn hear(&mut self, text: &str) {
        let text: Zeroizing<String> = Zeroizing::new(text.chars().take(MAX_CHARS).collect());
        let heard = words(&text);
        let is_empty = heard.is_empty();
        let mut words = std::mem::take(&mut self.tail);
        // Rows that were kept with the message before need not be kept again.
        let n_before = words.len().saturating_sub(MAX_WORDS - 1);
        words.extend(heard.iter().cloned());
        for from in n_before..words.len() {
            let mut row = Zeroizing::new(String::new());
            for word in words.iter().skip(from).take(MAX_WORDS) {
                row.push_str(word);
                self.keep(&row);
            }
        }
        if is_empty {
            self.keep(text.trim());
        }
        let n_old = words.len().saturating_sub(MAX_TAIL);
        // `drain` drops Strings without wiping them, so they are wiped first.
        words.iter_mut().take(n_old).for_each(zeroize::Zeroize::zeroize);
        words.drain(..n_old);
        self.tail = words;
    }

    /// The same, of what stands beside what the learner sees: it tells no secret in pieces.
    pub(super) fn hear_beside(&mut self, text: &str) {
        let tail = Zeroizing::new(self.tail.to_vec());
        self.hear(text);
        self.tail = tail;
    }

    fn keep(&mut self, row: &str) {
        let digest = self.key.hash_one(row);
        if self.digests.insert(digest) {
            self.in_order.push_back(digest);
        }
        if self.in_order.len() > MAX_DIGESTS
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.digests.remove(&oldest);
        }
    }

    /// Whether this was written there, among other words or alone.
    pub(super) fn knows(&self, typed: &SecretString, seal: &Seal, instance: u32) -> bool {
        let secret = Zeroizing::new(typed.expose_secret().trim().to_owned());
        let words = words(&secret);
        let has = |row: &str| self.digests.contains(&self.key.hash_one(row));
        let was_heard = if words.is_empty() {
            has(&secret)
        } else {
            let rows = words.windows(words.len().min(MAX_WORDS));
            rows.into_iter().all(|row| has(&Zeroizing::new(row.concat())))
        };
        let is_spent = |spent: &Sealed| {
            seal.open(spent, instance).is_some_and(|spent| {
                is_same(&spent, typed) || hold(&self::words(spent.expose_secret()), &secret)
            })
        };
        was_heard || hold(&self.tail, &secret) || self.spent.iter().any(is_spent)
    }

    /// This secret was told.
    pub(super) fn spend(&mut self, secret: Sealed) {
        if self.spent.len() >= MAX_SPENT {
            self.spent.remove(0);
        }
        self.spent.push(secret);
    }

    /// Those that are spent.
    pub(super) fn spent(&self) -> &[Sealed] {
        &self.spent
    }

    /// Those that were spent before an interruption.
    pub(super) fn set_spent(&mut self, spent: Vec<Sealed>) {
        self.spent = spent.into_iter().take(MAX_SPENT).collect();
    }
}

/// Whether these words hold a secret: its words in whatever order, with typing errors, all but one of
/// three or more.
fn hold(heard: &[String], secret: &str) -> bool {
    let wanted = words(secret);
    let n_heard =
        wanted.iter().filter(|word| heard.iter().any(|other| is_near(word, other))).count();
    match wanted.len() {
        0 | 1 => false,
        2 => n_heard == 2,
        n => n_heard.saturating_add(1) >= n,
    }
}

/// Whether one word is the other, mistyped perhaps.
fn is_near(word: &str, other: &str) -> bool {
    let n_letters = word.chars().count();
    let allowed = match n_letters {
        0..5 => 0,
        5..8 => 1,
        _ => 2,
    };
    word == other
        || (allowed > 0
            && n_letters.abs_diff(other.chars().count()) <= allowed
            && strsim::osa_distance(word, other) <= allowed)
}

/// Whether a message tells this secret, however it is spelled.
pub(super) fn is_told(secret: &SecretString, message: &str) -> bool {
    let message: Zeroizing<String> = Zeroizing::new(message.chars().take(MAX_SEARCHED).collect());
    let secret = secret.expose_secret().trim();
    let (wanted, said) = (squeezed(secret), squeezed(&message));
    if wanted.is_empty() {
        return !secret.is_empty() && message.contains(secret);
    }
    if wanted.chars().count() >= MIN_WITHIN {
        return said.contains(wanted.as_str());
    }
    let (wanted, said) = (words(secret), words(&message));
    said.windows(wanted.len()).any(|window| window == wanted.as_slice())
}

/// Whether two secrets are one, however they are spelled.
pub(super) fn is_same(one: &SecretString, other: &SecretString) -> bool {
    let (one, other) = (one.expose_secret().trim(), other.expose_secret().trim());
    let (plain, same) = (squeezed(one), squeezed(other));
    plain == same && (!plain.is_empty() || one == other)
}

/// The words of a text, in lower case. What is no letter or digit stands between words.
fn words(text: &str) -> Zeroizing<Vec<String>> {
    let plain = Zeroizing::new(plain(text));
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    Zeroizing::new(words.map(str::to_lowercase).collect())
}

/// Its letters and digits alone.
fn squeezed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(words(text).concat())
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn a_secret_is_found_in_a_message_however_it_is_spelled() {
        let secret = SecretString::from(" Purple walrus, ironing kettles ");
        for message in [
            "purple walrus ironing kettles",
            "the secret is PURPLE WALRUS IRONING KETTLES!",
            "purplewalrusironingkettles",
            "purple-walrus-ironing-kettles",
        ] {
            assert!(is_told(&secret, message), "{message}");
        }
        for message in ["", "purple walrus", "purple kettles"] {
            assert!(!is_told(&secret, message), "{message}");
        }
        let short = SecretString::from("ab c1");
        assert!(is_told(&short, "it is ab c1, yes") && !is_told(&short, "grab c12"));
        let signs = SecretString::from("!?!");
        assert!(is_told(&signs, "so !?!") && !is_told(&signs, "so !?"));
    }

    #[test]
    fn what_was_written_makes_no_secret() {
        let seal = Seal::from_secret(b"key");
        let mut told = Told::default();
        told.hear("What about purple walrus ironing kettles, or one two three four five six seven eight nine ten?");
        told.hear("§§§");

        for secret in [
            "purple walrus ironing kettles",
            "Purple-Walrus-Ironing-Kettles",
            // In another order, mistyped, and but for one word.
            "kettles walrus ironing purple",
            "purpel walrus ironnig ketles",
            "purple walrus ironing lemon",
            "two three four five six seven eight nine ten",
            "§§§",
        ] {
            assert!(told.knows(&SecretString::from(secret), &seal, 1), "{secret}");
        }
        for secret in ["orange walrus", "eight eleven twelve ten", "§§", "lemon"] {
            assert!(!told.knows(&SecretString::from(secret), &seal, 1), "{secret}");
        }
    }

    #[test]
    fn what_was_spent_is_spent_after_an_interruption_and_memory_is_bounded() {
        let seal = Seal::from_secret(b"key");
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let secret = SecretString::from("purple walrus");
        let mut told = Told::default();
        told.spend(seal.seal(&secret, 7, &mut rng).unwrap());
        let mut after = Told::default();
        after.set_spent(told.spent().to_vec());

        assert!(after.knows(&SecretString::from("Purple Walrus!"), &seal, 7));
        assert!(!after.knows(&SecretString::from("purple"), &seal, 7));

        let mut pieces = Told::default();
        pieces.hear("my secret begins with violet engine");
        pieces.hear("and then it is turnip");
        assert!(!pieces.knows(&SecretString::from("violet lemon meadow sofa"), &seal, 7));
        assert!(pieces.knows(&SecretString::from("violet engine turnip meadow"), &seal, 7));
        after.spend(
            seal.seal(&SecretString::from("violet engine turnip meadow"), 7, &mut rng).unwrap(),
        );
        assert!(after.knows(&SecretString::from("violet engine turnip meadow1"), &seal, 7));

        for number in 0..10_000 {
            after.hear(&format!("word{number} {}", "x y z ".repeat(100)));
            after.spend(seal.seal(&secret, 7, &mut rng).unwrap());
        }
        assert!(after.digests.len() <= MAX_DIGESTS && after.in_order.len() <= MAX_DIGESTS);
        assert_eq!(after.spent().len(), MAX_SPENT);
    }
}
