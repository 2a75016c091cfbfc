//! What can be wrong with a file of keys.

use core::fmt;

use super::sexp::Misplaced;
use super::{MAX_ACCOUNTS, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, MAX_NAME_BYTES};

/// Why an account cannot be in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no name, or no protocol.
    #[error("an account needs a name and a protocol")]
    Empty,
    /// libotr would take what comes before the zero byte.
    #[error("names of accounts and protocols have no zero byte")]
    Nul,
    /// The name or the protocol is longer than [`MAX_NAME_BYTES`].
    #[error("names of accounts and protocols have at most {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// There are [`MAX_ACCOUNTS`] already.
    #[error("a file has at most {MAX_ACCOUNTS} accounts")]
    TooMany,
}

/// A file cannot be read. Never says what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {fault}")]
pub struct KeyFileError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in bytes.
    pub column: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl KeyFileError {
    pub(super) fn new(text: &[u8], misplaced: &Misplaced) -> Self {
        let before = text.get(..misplaced.at).unwrap_or(text);
        let line = before.split(|&byte| byte == b'\n').count();
        let in_line = before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        let column = in_line.saturating_add(1);
        Self { line, column, fault: misplaced.fault.clone() }
    }
}

/// What is wrong at a place of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Longer than [`MAX_BYTES`].
    #[error("the file is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Lists within lists, deeper than any file of keys.
    #[error("more than {MAX_DEPTH} lists within lists")]
    TooDeep,
    /// More values and lists than in any file of keys.
    #[error("more than {MAX_ITEMS} values and lists")]
    TooManyItems,
    /// It begins with a byte order mark, which libotr does not read either.
    #[error("there is a byte order mark before the file; save it as UTF-8 without one")]
    ByteOrderMark,
    /// It is no S-expression.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could stand there.
        expected: &'static str,
        /// What does.
        found: Found,
    },
    /// A value in base 64 cannot be decoded.
    #[error("expected base 64 between the vertical bars")]
    Base64,
    /// A list that must be there is not.
    #[error("expected {what}, which is not there")]
    Missing {
        /// The list.
        what: &'static str,
    },
    /// A list that begins with a value has none, or a list.
    #[error("expected {what} with a value")]
    NoValue {
        /// The list.
        what: &'static str,
    },
    /// A name is not UTF-8.
    #[error("expected a name in UTF-8")]
    Encoding,
    /// The numbers are no DSA key.
    #[error("expected a valid DSA key with q of 160 bits; its {field} is wrong")]
    Number {
        /// The number that does not hold.
        field: &'static str,
    },
    /// Name and protocol are those of an account before, which counts.
    #[error("the account stands in the file twice; the first counts")]
    Twice,
    /// It stands after the list of the accounts.
    #[error("it stands after the list of the accounts")]
    Outside,
    /// There cannot be such an account.
    #[error("{0}")]
    Account(AccountError),
}

/// What stands at a place of a file, as far as it can be told without telling a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The end of the file.
    End,
    /// An opening parenthesis.
    Opening,
    /// A closing parenthesis.
    Closing,
    /// A blank or the end of a line.
    Blank,
    /// Anything else.
    Other,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "the end of the file",
            Self::Opening => "an opening parenthesis",
            Self::Closing => "a closing parenthesis",
            Self::Blank => "white space",
            Self::Other => "another character",
        })
    }
}
