//! The bot's picture, from a file (XEP-0084, XEP-0153).

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use sha1::{Digest as _, Sha1};
use thiserror::Error;

/// Largest picture, in bytes. With base 64 around it, it fits into the largest stanza that servers
/// take by default.
pub const MAX_AVATAR_BYTES: usize = 128 * 1024;

/// Largest width and height, in pixels. Contact lists show some 40.
const MAX_SIDE: usize = 1_024;

/// Why a file is no picture for the bot.
#[derive(Debug, Error)]
pub enum AvatarError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is too large.
    #[error("is larger than {} kB, which servers refuse; make it smaller", MAX_AVATAR_BYTES / 1_024)]
    TooLarge,
    /// It is of another kind, or broken.
    #[error("is no PNG, JPEG, GIF or WebP picture, or a broken one")]
    Format,
    /// It has too many pixels.
    #[error("has {width} x {height} pixels; at most {MAX_SIDE} x {MAX_SIDE} can be used")]
    Size {
        /// Pixels from left to right.
        width: usize,
        /// Pixels from top to bottom.
        height: usize,
    },
}

/// A picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Avatar {
    bytes: Vec<u8>,
    media_type: &'static str,
    width: u16,
    height: u16,
    hash: [u8; 20],
}

impl Avatar {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn load(path: &Path) -> Result<Self, AvatarError> {
        let limit = u64::try_from(MAX_AVATAR_BYTES).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Self::from_bytes(bytes)
    }

    /// Takes the content of a file.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, AvatarError> {
        if bytes.len() > MAX_AVATAR_BYTES {
            return Err(AvatarError::TooLarge);
        }
        let media_type =
            media_type(&bytes).filter(|kind| is_whole(kind, &bytes)).ok_or(AvatarError::Format)?;
        let size = imagesize::blob_size(&bytes).map_err(|_error| AvatarError::Format)?;
        let short =
            |pixels: usize| u16::try_from(pixels).ok().filter(|_| (1..=MAX_SIDE).contains(&pixels));
        let (Some(width), Some(height)) = (short(size.width), short(size.height)) else {
            return Err(AvatarError::Size { width: size.width, height: size.height });
        };
        let hash = Sha1::digest(&bytes).into();
        Ok(Self { bytes, media_type, width, height, hash })
    }

    /// The content of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its kind, such as `image/png`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// SHA-1 of the content, in hexadecimal: the picture's name in XMPP.
    pub fn id(&self) -> String {
        use fmt::Write as _;
        let mut id = String::new();
        for byte in self.hash {
            // Writing to a string cannot fail.
            write!(id, "{byte:02x}").unwrap_or_default();
        }
        id
    }
}

impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avatar")
            .field("media_type", &self.media_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Whether a picture was not cut off: it still tells its size at the front then.
fn is_whole(media_type: &str, bytes: &[u8]) -> bool {
    match media_type {
        "image/png" => contains(bytes, b"IEND\xae\x42\x60\x82"),
        "image/jpeg" => contains(bytes, b"\xff\xd9"),
        "image/gif" => bytes.contains(&b';'),
        _ => riff_length(bytes).is_some_and(|length| length <= bytes.len()),
    }
}

/// Whether the mark of the end is there; some programs add to the file behind it.
fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    memchr::memmem::rfind(bytes, mark).is_some()
}

/// How long a RIFF file, such as WebP, says it is.
fn riff_length(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(length)).ok()?.checked_add(8)
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    use imagesize::ImageType;
    match imagesize::image_type(bytes).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = include_bytes!("../../../static/avatar.png");

    #[test]
    fn our_own_picture_is_known_by_its_content() {
        let avatar = Avatar::from_bytes(PNG.to_vec()).unwrap();

        assert_eq!((avatar.media_type(), avatar.size()), ("image/png", (256, 256)));
        assert_eq!(avatar.id().len(), 40);
        assert_eq!(avatar.bytes(), PNG);
    }

    /// A GIF of one pixel.
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";
    /// The frame of a JPEG of 3 × 2 pixels.
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\
        \xff\xc0\0\x0b\x08\0\x02\0\x03\x01\x01\x11\0\xff\xd9";
    /// A lossless WebP of one pixel.
    const WEBP: &[u8] =
        b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

    #[test]
    fn each_kind_is_known_by_its_content() {
        let kinds = [GIF, JPEG, WEBP].map(|bytes| {
            let avatar = Avatar::from_bytes(bytes.to_vec()).unwrap();
            (avatar.media_type(), avatar.size())
        });

        assert_eq!(kinds, [("image/gif", (1, 1)), ("image/jpeg", (3, 2)), ("image/webp", (1, 1))]);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        for bytes in [PNG, GIF, JPEG, WEBP] {
            let error = Avatar::from_bytes(bytes[..bytes.len() - 1].to_vec()).unwrap_err();
            assert!(matches!(error, AvatarError::Format), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_the_reason() {
        let mut wide = PNG.to_vec();
        wide[16..20].copy_from_slice(&[0, 0, 0x40, 0]);
        for (bytes, reason) in [
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), "no PNG"),
            (Vec::new(), "no PNG"),
            (PNG[..12].to_vec(), "no PNG"),
            (wide, "16384 x 256 pixels"),
            ([PNG, &vec![0; MAX_AVATAR_BYTES]].concat(), "larger than 128 kB"),
        ] {
            let error = Avatar::from_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let error = Avatar::load(Path::new("no such file")).unwrap_err();
        assert!(matches!(error, AvatarError::Unreadable(_)), "{error}");
    }
}
