//! Text files that people write and name: settings, secrets, lessons, translations, scripts.
//!
//! That such a file is not there, may not be read, or is in another encoding are different things
//! with different remedies, so each is a sentence of its own, the same wherever the file was named.

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};

/// Why a text file was not read. Its text is a clause that goes on after the name of the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Unreadable {
    /// There is nothing of that name.
    Absent,
    /// It is there, or may be, and this user may not read it.
    Forbidden {
        /// Who asked.
        user: String,
        /// The first folder on the way that this user may not enter; `None`: the file itself is closed.
        folder: Option<PathBuf>,
    },
    /// It is a folder.
    Folder,
    /// It is larger than such a file may be.
    TooLarge {
        /// The most bytes allowed.
        most: u64,
    },
    /// It is no UTF-8.
    Encoding(Encoding),
    /// What else the system says.
    Other(io::Error),
}

/// Where a file stops being UTF-8, and what it is probably in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Line, from 1.
    pub line: u64,
    /// Byte of the file, from 1.
    pub byte: u64,
    /// The byte that is no UTF-8 there.
    pub value: u8,
    /// Whether the file is in UTF-16 rather than in an encoding of one byte a character.
    pub is_utf16: bool,
}

impl std::error::Error for Unreadable {}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("is not there"),
            Self::Forbidden { user, folder: None } => {
                write!(f, "is there, but the user {user} may not read it")
            }
            Self::Forbidden { user, folder: Some(folder) } => write!(
                f,
                "cannot be reached: the user {user} may not enter the folder {}",
                folder.display()
            ),
            Self::Folder => f.write_str("is a folder, not a file"),
            Self::TooLarge { most } => {
                write!(f, "is larger than the {most} bytes that are allowed")
            }
            Self::Encoding(encoding) => encoding.fmt(f),
            Self::Other(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, byte, value, is_utf16 } = self;
        if *is_utf16 {
            return f.write_str("is in UTF-16; save it as UTF-8");
        }
        write!(
            f,
            "is not in UTF-8: byte {byte}, in line {line}, is 0x{value:02X}, as in Windows-1252 or \
             Latin-1; save it as UTF-8"
        )
    }
}

impl Unreadable {
    /// The line at fault, from 1; `None` where the whole file is meant.
    pub fn line(&self) -> Option<u64> {
        if let Self::Encoding(encoding) = self { Some(encoding.line) } else { None }
    }

    /// Whether there is nothing of that name.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// It after the name of its file, with its line: `FILE:LINE: is …`.
    pub fn told(&self, file: &str) -> String {
        match self.line() {
            Some(line) => format!("{file}:{line}: {self}"),
            None => format!("{file}: {self}"),
        }
    }

    /// Whether the file is there and could be read, and what it holds is at fault.
    pub fn is_content(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Encoding(_))
    }

    /// What an error of the system says of this file, or of this folder.
    pub fn from_io(path: &Path, error: io::Error) -> Self {
        use io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
        let kind = error.kind();
        if matches!(kind, NotFound | NotADirectory) {
            Self::Absent
        } else if kind == PermissionDenied {
            Self::Forbidden { user: user_name(), folder: closed_folder(path) }
        } else if kind == IsADirectory {
            Self::Folder
        } else {
            Self::Other(error)
        }
    }
}

/// The content of a text file, without a byte order mark, of at most so many bytes.
///
/// # Errors
///
/// [`Unreadable`].
pub fn read_text(path: &Path, most: u64) -> Result<String, Unreadable> {
    text_of(read_bytes(path, most)?).map_err(Unreadable::Encoding)
}

/// The content of a file, of at most so many bytes.
///
/// # Errors
///
/// [`Unreadable`], but for [`Unreadable::Encoding`].
pub fn read_bytes(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    let read = |bytes: &mut Vec<u8>| {
        File::open(path)?.take(most.saturating_add(1)).read_to_end(bytes)?;
        Ok(())
    };
    read(&mut bytes).map_err(|error| Unreadable::from_io(path, error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(Unreadable::TooLarge { most });
    }
    Ok(bytes)
}

/// Whether a file can be read, by beginning to.
///
/// # Errors
///
/// [`Unreadable`], but for what its content is.
pub fn look(path: &Path) -> Result<(), Unreadable> {
    let known = std::fs::metadata(path).map_err(|error| Unreadable::from_io(path, error))?;
    // To open a pipe waits for who writes to it.
    if !known.is_file() && !known.is_dir() {
        return Err(Unreadable::Other(io::Error::other("it is no file, but a device or a pipe")));
    }
    match read_bytes(path, 0) {
        Ok(_) | Err(Unreadable::TooLarge { .. }) => Ok(()),
        Err(why) => Err(why),
    }
}

/// Whether a folder can be read, by beginning to.
///
/// # Errors
///
/// [`Unreadable`]; [`Unreadable::Absent`] where it is no folder.
pub fn look_into(folder: &Path) -> Result<(), Unreadable> {
    let read = std::fs::read_dir(folder).map(drop);
    // To read the names in it and to get at what they stand for are different rights.
    let entered = read.and_then(|()| std::fs::metadata(folder.join(".")).map(drop));
    entered.map_err(|error| Unreadable::from_io(folder, error))
}

/// Bytes as a text, without a byte order mark.
///
/// # Errors
///
/// [`Encoding`] where they are no UTF-8.
pub fn text_of(bytes: Vec<u8>) -> Result<String, Encoding> {
    let is_utf16 = bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0xFE, 0xFF])
        // Without a mark, every other byte of Latin letters is zero.
        || matches!(bytes.as_slice(), [0, second, ..] if *second != 0)
        || matches!(bytes.as_slice(), [first, 0, ..] if *first != 0);
    let fault = |bytes: &[u8], at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        let n_lines = before.split(|byte| *byte == b'\n').count();
        Encoding {
            line: u64::try_from(n_lines).unwrap_or(u64::MAX),
            byte: u64::try_from(at).unwrap_or(u64::MAX).saturating_add(1),
            value: bytes.get(at).copied().unwrap_or_default(),
            is_utf16,
        }
    };
    if is_utf16 {
        return Err(fault(&bytes, 0));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(fault(error.as_bytes(), at))
        }
    }
}

/// Who runs this program.
pub fn user_name() -> String {
    let uid = Uid::effective();
    let user = User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("number {uid}"), |user| user.name)
}

/// The first folder on the way to a file that cannot be entered.
fn closed_folder(path: &Path) -> Option<PathBuf> {
    let mut folders: Vec<&Path> = path.ancestors().skip(1).collect();
    folders.reverse();
    let is_closed = |folder: &&Path| {
        !folder.as_os_str().is_empty()
            && std::fs::metadata(folder.join("."))
                .is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    folders.into_iter().find(is_closed).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u64 = 100;

    fn read(content: &[u8]) -> Result<String, Unreadable> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_text(file.path(), MOST)
    }

    #[test]
    fn a_text_is_read_without_its_mark() {
        assert_eq!(read("\u{feff}é: 1\n".as_bytes()).unwrap(), "é: 1\n");
        assert_eq!(read(b"").unwrap(), "");
    }

    #[test]
    fn another_encoding_is_told_with_line_and_byte() {
        let error = read(b"a: 1\nb: caf\xe9\n").unwrap_err();

        assert_eq!(error.line(), Some(2));
        assert_eq!(
            error.to_string(),
            "is not in UTF-8: byte 12, in line 2, is 0xE9, as in Windows-1252 or Latin-1; save it as UTF-8"
        );
        for utf16 in [&b"\xff\xfea\0"[..], b"\xfe\xff\0a", b"a\0:\0", b"\0a\0:"] {
            assert_eq!(read(utf16).unwrap_err().to_string(), "is in UTF-16; save it as UTF-8");
        }
    }

    #[test]
    fn what_is_not_there_a_folder_and_what_is_too_large_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let told = |path: &Path| read_text(path, MOST).unwrap_err().to_string();

        assert_eq!(told(&folder.path().join("none/there")), "is not there");
        assert_eq!(told(folder.path()), "is a folder, not a file");
        let large = read(&[b'a'; 101]).unwrap_err().to_string();
        assert_eq!(large, "is larger than the 100 bytes that are allowed");
        assert_eq!(read(&[b'a'; 100]).unwrap().len(), 100);
    }
}
