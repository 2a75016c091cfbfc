//! Writes elements so that no text in them can break the stream.

use std::borrow::Cow;

use rxml::Encoder;
use xso::{AsXml, Item, error::Error};

/// Appends `element` to `out` as XML, without the characters that XML 1.0 cannot carry.
///
/// # Errors
///
/// If a name in it is none; `out` is as before then.
pub(crate) fn serialise(element: &impl AsXml, out: &mut Vec<u8>) -> Result<(), Error> {
    let before = out.len();
    let written = write(element, out);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write(element: &impl AsXml, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut encoder = Encoder::new();
    for item in element.as_xml_iter()? {
        let clean = match item? {
            Item::Text(text) => Item::Text(clean(text)),
            Item::Attribute(namespace, name, value) => {
                Item::Attribute(namespace, name, clean(value))
            }
            other @ (Item::XmlDeclaration(_)
            | Item::ElementHeadStart(..)
            | Item::ElementHeadEnd
            | Item::ElementFoot) => other,
        };
        encoder.encode(clean.as_rxml_item(), out)?;
    }
    Ok(())
}

fn clean(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.chars().all(is_xml) { text } else { text.chars().filter(|&c| is_xml(c)).collect() }
}

/// The production `Char` of XML 1.0; surrogates are no `char` in Rust anyway.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use minidom::Element;
    use rxml::NcName;

    use super::serialise;

    fn written(element: &Element) -> String {
        let mut out = Vec::new();
        serialise(element, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn characters_that_xml_cannot_carry_are_left_out() {
        let name = NcName::try_from("id").unwrap();
        let element = Element::builder("body", "urn:x")
            .attr(name, "a\u{0}b\u{7}c")
            .append("one\u{0}two\u{1b}[31m\u{fffe}\u{ffff}\tthree\n\u{1f600}")
            .build();

        let text = written(&element);

        assert_eq!(text, "<body xmlns='urn:x' id='abc'>onetwo[31m\tthree\n\u{1f600}</body>");
    }

    #[test]
    fn markup_in_texts_is_escaped() {
        let element = Element::builder("body", "urn:x").append("</body><b a='&'>").build();

        let text = written(&element);

        assert_eq!(text.matches('<').count(), 2);
        assert_eq!(text.parse::<Element>().unwrap(), element);
    }
}
