//! The envelope of an answer (Basic Outcomes, POX), as far as it is read, and its bytes as text.
//!
//! Platforms write it in many ways. What only concerns the writing is taken: another encoding, a
//! notice of PHP before the XML, no namespace, another case of the code. Where it is written in such
//! a way it need be more certain whose answer it is: see [`Envelope::is_lax`].

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::{
    NsReader,
    events::{BytesRef, Event},
    name::{Namespace, ResolveResult},
};

use crate::grade::NAMESPACE;

/// The name of the root.
const ROOT: &str = "imsx_POXEnvelopeResponse";
/// The namespaces in use: that of the specification, and that of its first edition.
const NAMESPACES: [&str; 2] = [NAMESPACE, "http://www.imsglobal.org/lis/oms1p0/pox"];
/// The deepest nesting that is read; a real answer has seven levels.
const DEEPEST: usize = 32;
/// Where an encoding is declared, if it is, in bytes from the start of the declaration.
const DECLARATION: usize = 200;

/// `imsx_codeMajor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeMajor {
    Success,
    Processing,
    Failure,
    Unsupported,
}

/// What is read of the answer's envelope.
#[derive(Debug, Default)]
pub(super) struct Fields {
    code_major: Option<String>,
    pub(super) description: Option<String>,
    pub(super) message_ref: Option<String>,
    pub(super) operation_ref: Option<String>,
    pub(super) error_code: Option<String>,
    /// The score, as it is written; empty where the platform has none.
    pub(super) score: Option<String>,
    /// Whether it is an answer to `readResult`.
    pub(super) is_of_reading: bool,
}

/// An envelope.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) code_major: CodeMajor,
    pub(super) fields: Fields,
    /// Whether there is more around it, or the namespace is missing.
    pub(super) is_lax: bool,
}

/// Why an answer is no envelope. No contents: it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoEnvelope {
    #[error("an answer without a body")]
    Empty,
    #[error("a web page")]
    Page,
    #[error("an answer that is not XML")]
    NotXml,
    #[error("an answer with a document type or entities")]
    Entities,
    #[error("an answer that is no outcome message")]
    OtherMessage,
    #[error("an answer without a known code")]
    NoCode,
}

/// A body as text, by what it says of its encoding, as far as that is true: a mark at its start
/// goes before the header, this before the declaration of XML. What fits none of them is taken for
/// UTF-8, and what is none for a sign that says so: all that is compared is ASCII.
pub(super) fn text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    let by_bytes = Encoding::for_bom(body).map(|(encoding, _)| encoding).or(match body {
        [b'<', 0, ..] => Some(UTF_16LE),
        [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    });
    if let Some(encoding) = by_bytes {
        return encoding.decode_with_bom_removal(body).0;
    }
    // Who writes the declaration in ASCII has not written two bytes for each character, whatever it
    // says.
    let declared = [content_type.and_then(charset), declared(body)].into_iter().flatten();
    let declared = declared.filter(|encoding| encoding.is_ascii_compatible());
    declared
        .chain([UTF_8])
        .find_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(body))
        .unwrap_or_else(|| String::from_utf8_lossy(body))
}

/// The encoding in a `Content-Type`.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    let parameters = content_type.split(';').skip(1).filter_map(|one| one.split_once('='));
    let mut named = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let (_, label) = named.next()?;
    Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())
}

/// The encoding in a declaration of XML.
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let at = body.windows(5).position(|five| five == b"<?xml")?;
    let start = body.get(at..)?;
    let start = String::from_utf8_lossy(start.get(..DECLARATION).unwrap_or(start));
    let (declaration, _) = start.split_once("?>")?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let label = value.split(quote).nth(1)?;
    Encoding::for_label(label.as_bytes())
}

/// Whether a text is a page for people.
pub(super) fn is_page(text: &str, content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_said = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| media_type.eq_ignore_ascii_case(html));
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let begins =
        |with: &str| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    (is_said && start.starts_with('<')) || begins("<!doctype html") || begins("<html")
}

/// Reads an envelope: namespaces by name whatever their prefix, elements by their place.
pub(super) fn parse(text: &str, content_type: Option<&str>) -> Result<Envelope, NoEnvelope> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(NoEnvelope::Empty);
    }
    let Some(start) = start(text) else {
        return Err(if is_page(text, content_type) { NoEnvelope::Page } else { not_ours(text) });
    };
    let xml = text.get(start..).unwrap_or_default();
    let mut reader = NsReader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let mut content = String::new();
    let mut fields = Fields::default();
    let mut has_namespace = true;
    loop {
        let (namespace, event) =
            reader.read_resolved_event().map_err(|_bad_xml| NoEnvelope::NotXml)?;
        let namespace = whose(&namespace);
        if path.is_empty() {
            has_namespace = namespace == Whose::Ours;
        }
        let is_ours = match namespace {
            Whose::Ours => has_namespace,
            Whose::Nobodys => !has_namespace,
            Whose::Others => false,
        };
        // An element of somebody else's keeps a place that none of ours has.
        let placed =
            |name: &str| if is_ours { name.to_owned() } else { format!("{{other}}{name}") };
        match event {
            Event::Start(start) => {
                if (path.is_empty() && !is_ours) || path.len() == DEEPEST {
                    return Err(NoEnvelope::OtherMessage);
                }
                path.push(placed(start.local_name().as_ref()));
                content.clear();
            }
            Event::End(_) => {
                fields.take(&path, &content);
                content.clear();
                path.pop();
                if path.is_empty() {
                    break;
                }
            }
            Event::Empty(empty) => {
                if path.is_empty() {
                    return Err(NoEnvelope::OtherMessage);
                }
                path.push(placed(empty.local_name().as_ref()));
                fields.take(&path, "");
                path.pop();
            }
            Event::Text(text) => content.push_str(&text.xml10_content()),
            Event::CData(text) => content.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => content.push(predefined(&reference)?),
            Event::DocType(_) => return Err(NoEnvelope::Entities),
            Event::Eof => return Err(NoEnvelope::NotXml),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    let read = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
    let behind = xml.get(read..).unwrap_or_default();
    if behind.contains(ROOT) {
        return Err(NoEnvelope::OtherMessage);
    }
    let is_alone = is_nothing(text.get(..start).unwrap_or_default()) && is_nothing(behind);
    let code_major = fields.code_major().ok_or(NoEnvelope::NoCode)?;
    Ok(Envelope { code_major, fields, is_lax: !is_alone || !has_namespace })
}

/// Whether a text beside the root is nothing but what XML has there: comments, processing
/// instructions and white space.
fn is_nothing(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let behind = [("<!--", "-->"), ("<?", "?>")].iter().find_map(|(open, close)| {
            rest.strip_prefix(open)?.split_once(close).map(|(_, behind)| behind)
        });
        let Some(behind) = behind else { return false };
        rest = behind.trim();
    }
    true
}

/// What a text without an envelope is.
fn not_ours(text: &str) -> NoEnvelope {
    if text.starts_with('<') { NoEnvelope::OtherMessage } else { NoEnvelope::NotXml }
}

/// Where an envelope begins, with what is declared of it.
fn start(text: &str) -> Option<usize> {
    let mut from = 0_usize;
    let root = loop {
        let found = text.get(from..)?.find(ROOT)?.checked_add(from)?;
        let before = text.get(..found)?;
        let tag = before.rfind('<')?;
        let prefix = before.get(tag.checked_add(1)?..)?;
        let is_prefix = prefix.is_empty()
            || prefix.strip_suffix(':').is_some_and(|name| {
                name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
            });
        if is_prefix {
            break tag;
        }
        from = found.checked_add(ROOT.len())?;
    };
    let before = text.get(..root)?;
    let is_inside = |open: &str, close: &str| before.rfind(open) > before.rfind(close);
    if is_inside("<!--", "-->") || is_inside("<![CDATA[", "]]>") {
        return None;
    }
    Some(before.rfind("<?xml ").unwrap_or(root))
}

/// Whose an element is, by its namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Nobodys,
    Others,
}

fn whose(namespace: &ResolveResult<'_>) -> Whose {
    match namespace {
        ResolveResult::Bound(Namespace(found)) if NAMESPACES.contains(found) => Whose::Ours,
        ResolveResult::Bound(_) => Whose::Others,
        // Some forget to declare the prefix.
        ResolveResult::Unbound | ResolveResult::Unknown(_) => Whose::Nobodys,
    }
}

/// The character of a reference that XML knows by itself; all others are refused.
fn predefined(reference: &BytesRef<'_>) -> Result<char, NoEnvelope> {
    if let Some(character) =
        reference.resolve_char_ref().map_err(|_no_character| NoEnvelope::NotXml)?
    {
        return Ok(character);
    }
    let name = reference.xml10_content();
    let known = quick_xml::escape::resolve_xml_entity(&name).ok_or(NoEnvelope::Entities)?;
    known.chars().next().ok_or(NoEnvelope::Entities)
}

impl Fields {
    fn take(&mut self, path: &[String], content: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let content = || Some(content.trim().to_owned());
        match path.as_slice() {
            [ROOT, "imsx_POXBody", "readResultResponse", rest @ ..] => {
                self.is_of_reading = true;
                if let ["result", "resultScore", "textString"] = rest {
                    self.score = content();
                }
            }
            [
                ROOT,
                "imsx_POXHeader",
                "imsx_POXResponseHeaderInfo",
                "imsx_statusInfo",
                rest @ ..,
            ] => {
                let slot = match rest {
                    ["imsx_codeMajor"] => &mut self.code_major,
                    ["imsx_description"] => &mut self.description,
                    ["imsx_messageRefIdentifier"] => &mut self.message_ref,
                    ["imsx_operationRefIdentifier"] => &mut self.operation_ref,
                    [.., "ext_canvas_error_code"] => &mut self.error_code,
                    _ => return,
                };
                *slot = content();
            }
            _ => {}
        }
    }

    fn code_major(&self) -> Option<CodeMajor> {
        let said = self.code_major.as_deref()?;
        let known = [
            ("success", CodeMajor::Success),
            ("processing", CodeMajor::Processing),
            ("failure", CodeMajor::Failure),
            ("unsupported", CodeMajor::Unsupported),
        ];
        known.iter().find(|(word, _)| said.eq_ignore_ascii_case(word)).map(|(_, code)| *code)
    }
}
