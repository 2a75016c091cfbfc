//! The files under `/static/`, which are part of the program.

/// A file, as it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What is in it.
    pub bytes: &'static [u8],
    /// The `Content-Type` to serve it with.
    pub content_type: &'static str,
}

/// The file of a name, without the path before it.
pub fn asset(name: &str) -> Option<Asset> {
    let (bytes, content_type): (&[u8], _) = match name {
        "otrbot.css" => (include_bytes!("../../static/otrbot.css"), "text/css; charset=utf-8"),
        "otrbot.js" => (include_bytes!("../../static/otrbot.js"), "text/javascript; charset=utf-8"),
        "otrbot.svg" => (include_bytes!("../../static/otrbot.svg"), "image/svg+xml"),
        _ => return None,
    };
    Some(Asset { bytes, content_type })
}
