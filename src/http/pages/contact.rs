//! Where the bot is found, and with what.

use std::fmt::Write as _;

use maud::{Markup, html};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use qrcode::{Color, QrCode};
use tr::tr;

use super::Frame;

/// What may not stand in the path of an `xmpp:` address (RFC 5122).
const XMPP_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// How many modules of a QR code must be left white around it (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// What an `xmpp:` address asks the chat program to do (XEP-0147).
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// Add the contact.
    Add,
    /// Open a conversation.
    Chat,
}

/// The address that has the reader's own chat program do something.
pub(super) fn chat_address(jid: &str, ask: Ask) -> String {
    let query = match ask {
        Ask::Add => "roster",
        Ask::Chat => "message",
    };
    format!("xmpp:{}?{query}", utf8_percent_encode(jid, XMPP_PATH))
}

/// The bot's address: as text, as links, and as a picture for a camera, for those who
/// want them on another device.
pub(super) fn card(frame: &Frame) -> Markup {
    let (bot, jid) = (&frame.bot_alias, frame.bot_jid.as_str());
    let add = chat_address(jid, Ask::Add);
    html! {
        div.card {
            div.words {
                p.value { bdi dir="ltr" { (jid) } }
                ul.links {
                    li { a href=(add) { (tr!("Add {bot} to your contacts", bot = bot)) } }
                    li { a href=(chat_address(jid, Ask::Chat)) { (tr!("Open a chat with {bot} in your chat program", bot = bot)) } }
                }
                p.remark { (tr!("If nothing opens, your chat program does not know such links. Copy the address then.")) }
            }
            details.scan {
                summary { (tr!("Take the address to another device: QR code")) }
                (qr_code(&add, &tr!("QR code with the address of {bot}, {jid}", bot = bot, jid = jid)))
            }
        }
    }
}

/// A QR code, black on white whatever the colours of the page; nothing for a text that is too long.
fn qr_code(text: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else { return Markup::default() };
    let size = code.width().saturating_add(2 * QUIET_ZONE);
    let mut dark = String::new();
    let colours = code.to_colors();
    for (y, row) in colours.chunks(code.width()).enumerate() {
        let mut x = 0;
        // A run of dark modules is one rectangle.
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, width) = (x + QUIET_ZONE, y + QUIET_ZONE, run.len());
                // Writing to a `String` does not fail.
                write!(dark, "M{left} {top}h{width}v1h-{width}z").unwrap_or_default();
            }
            x += run.len();
        }
    }
    html! {
        svg.qr role="img" aria-label=(name) viewBox={ "0 0 " (size) " " (size) }
            shape-rendering="crispEdges" {
            rect fill="#fff" width=(size) height=(size) {}
            path fill="#000" d=(dark) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_qr_code_can_hold_gets_none() {
        assert!(qr_code(&"x".repeat(3_000), "a name").into_string().is_empty());
    }

    #[test]
    fn a_qr_code_has_its_quiet_zone_and_its_corners() {
        let svg = qr_code("xmpp:bot@chat.example?roster", "<name>").into_string();

        // Version 3 has 29 modules, and each upper finder pattern begins with a row of seven.
        assert!(svg.contains("viewBox=\"0 0 37 37\""), "{svg}");
        assert!(svg.contains(" d=\"M4 4h7v1h-7z"), "{svg}");
        assert!(svg.contains("M26 4h7v1h-7z"), "{svg}");
        assert!(svg.contains("aria-label=\"&lt;name&gt;\""), "{svg}");
        assert!(!svg.contains("style"), "{svg}");
    }
}
