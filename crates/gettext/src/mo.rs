//! MO files: compiled translations, as in the GNU gettext manual ("The Format of GNU MO Files").
//!
//! ```text
//! magic 950412de, revision, number of texts, offsets of two tables, size and offset of a hash table
//! tables: length and offset of each source, sorted; length and offset of each translation
//! from minor revision 1 on: number and offset of names, number of further texts, offsets of two tables
//! ```

mod raw;

use super::{
    charset::{Charset, charset_name, with_utf8},
    po::{CONTEXT_END, Source},
};

/// The first word of a file.
const MAGIC: u32 = 0x9504_12de;

/// Bytes of the head, and of a row of the tables.
const HEAD_LEN: usize = 28;
const ROW_LEN: usize = 8;

/// What is wrong with an MO file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoError {
    /// It begins otherwise.
    #[error("it is no MO file")]
    Magic,
    /// It is of a revision that is not known.
    #[error("its revision {0} is not known")]
    Revision(u32),
    /// An offset or a length leads out of the file.
    #[error("it is cut off: text {0} is not in it")]
    Short(usize),
    /// Its texts are not sorted, or one is there twice: programs would not find them.
    #[error("its texts are not sorted, from text {0} on")]
    Unsorted(usize),
    /// A text is not in the charset that the header names, UTF-8 where it names none.
    #[error("text {0} is not in the charset that its header names")]
    Charset(usize),
    /// The rule for plurals in its header cannot be read.
    #[error("the Plural-Forms of its header cannot be read")]
    PluralForms,
    /// It is larger than its 32-bit offsets reach.
    #[error("it would be larger than 4 GiB")]
    TooLarge,
}

/// A message and its translations.
pub type Pair = (Source, Vec<String>);

/// The bytes of an MO file. The header is the pair with the empty source.
///
/// # Errors
///
/// [`MoError::TooLarge`] past 4 GiB.
pub fn write(pairs: &[Pair]) -> Result<Vec<u8>, MoError> {
    let mut strings: Vec<(String, String)> =
        pairs.iter().map(|(source, texts)| (original(source), texts.join("\0"))).collect();
    strings.sort();
    let n = strings.len();
    let tables_end = HEAD_LEN + 2 * ROW_LEN * n;
    let (mut tables, mut data) = (Vec::new(), Vec::new());
    let sources = strings.iter().map(|(source, _)| source);
    for text in sources.chain(strings.iter().map(|(_, text)| text)) {
        tables.extend(word(text.len())?);
        tables.extend(word(tables_end + data.len())?);
        data.extend_from_slice(text.as_bytes());
        data.push(0);
    }
    let mut file = MAGIC.to_le_bytes().to_vec();
    for number in [0, n, HEAD_LEN, HEAD_LEN + ROW_LEN * n, 0, tables_end] {
        file.extend(word(number)?);
    }
    file.extend(tables);
    file.extend(data);
    Ok(file)
}

fn word(number: usize) -> Result<[u8; 4], MoError> {
    u32::try_from(number).map(u32::to_le_bytes).map_err(|_too_large| MoError::TooLarge)
}

/// A source as an MO file has it: context, text, plural.
fn original(source: &Source) -> String {
    let mut original = source.key();
    if let Some(plural) = &source.plural {
        original.push('\0');
        original.push_str(plural);
    }
    original
}

/// Reads an MO file of either byte order, in the charset that its header names.
///
/// Texts with parts that depend on the system (minor revision 1: `PRIu64` and the like) stand as in
/// a PO file, with `<PRIu64>` in them.
///
/// # Errors
///
/// What is wrong with it.
pub fn read(file: &[u8]) -> Result<Vec<Pair>, MoError> {
    let raw = raw::read(file)?;
    let header = raw.iter().find(|(source, _)| source.is_empty());
    let header = header.map(|(_, text)| encoding_rs::mem::decode_latin1(text));
    let charset = header.as_deref().and_then(charset_name).map_or(Charset::Utf8, Charset::named);
    let decode = |ix, bytes| charset.decode(bytes).ok_or(MoError::Charset(ix));
    let mut pairs = Vec::new();
    for (ix, (original, translations)) in raw.iter().enumerate() {
        let original = decode(ix, original)?;
        let (context, rest) = match original.split_once(CONTEXT_END) {
            Some((context, rest)) => (Some(context.to_owned()), rest),
            None => (None, original.as_ref()),
        };
        let (text, plural) = match rest.split_once('\0') {
            Some((text, plural)) => (text, Some(plural.to_owned())),
            None => (rest, None),
        };
        let source = Source { context, text: text.to_owned(), plural };
        let translations = decode(ix, translations)?;
        let translations = translations.split('\0');
        let translations = if source.is_header() && charset != Charset::Utf8 {
            translations.map(with_utf8).collect()
        } else {
            translations.map(str::to_owned).collect()
        };
        pairs.push((source, translations));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(context: Option<&str>, text: &str, plural: Option<&str>) -> Source {
        Source {
            context: context.map(str::to_owned),
            text: text.to_owned(),
            plural: plural.map(str::to_owned),
        }
    }

    fn some_pairs() -> Vec<Pair> {
        vec![
            (source(None, "", None), vec!["Language: nl\n".to_owned()]),
            (source(None, "One", Some("Many")), vec!["Een".to_owned(), "Veel".to_owned()]),
            (source(Some("door"), "Open", None), vec!["Doe open".to_owned()]),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        let file = write(&some_pairs()).unwrap();

        assert_eq!(read(&file).unwrap(), some_pairs());
    }

    #[test]
    fn the_other_byte_order_is_read() {
        let file: Vec<u8> = [MAGIC, 0, 1, 28, 36, 0, 44, 1, 44, 1, 46]
            .into_iter()
            .flat_map(u32::to_be_bytes)
            .chain(*b"a\0b\0")
            .collect();

        assert_eq!(read(&file).unwrap(), [(source(None, "a", None), vec!["b".to_owned()])]);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_refused() {
        let file = write(&some_pairs()).unwrap();
        for len in 0..file.len() {
            assert!(read(&file[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn texts_that_no_program_would_find_are_told() {
        let file = |first: &[u8; 2], second: &[u8; 2]| -> Vec<u8> {
            [MAGIC, 0, 2, 28, 44, 0, 0, 1, 60, 1, 62, 1, 60, 1, 62]
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .chain([*first, *second].concat())
                .collect()
        };

        assert_eq!(read(&file(b"a\0", b"b\0")).unwrap().len(), 2);
        assert_eq!(read(&file(b"b\0", b"a\0")), Err(MoError::Unsorted(1)));
        assert_eq!(read(&file(b"a\0", b"a\0")), Err(MoError::Unsorted(1)));
        assert_eq!(read(&file(b"a\0", b"\xe9\0")), Err(MoError::Charset(1)));
        assert_eq!(read(&file(b"a\0", b"bc")), Err(MoError::Short(1)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(mut file: Vec<u8>) {
            drop(read(&file));
            file.splice(..file.len().min(4), MAGIC.to_le_bytes());
            drop(read(&file));
            file.splice(4..file.len().clamp(4, 8), 1_u32.to_le_bytes());
            drop(read(&file));
        }
    }
}
