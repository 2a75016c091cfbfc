//! HTTP by hand: a connection that is kept, and requests as bytes.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use support::web::form_body;

/// A browser with one connection.
#[derive(Debug)]
pub(crate) struct Browser {
    address: SocketAddr,
    patience: Duration,
    stream: Option<TcpStream>,
}

impl Browser {
    /// One that is not connected yet.
    pub(crate) fn new(address: SocketAddr, patience: Duration) -> Self {
        Self { address, patience, stream: None }
    }

    /// Sends a request and reads the whole answer; its status. After a failure the next one connects again.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address, self.patience)?,
        };
        stream.write_all(request)?;
        let mut answer = Vec::with_capacity(16 * 1024);
        let mut chunk = [0; 16 * 1024];
        let (mut wanted, mut closes) = (None, false);
        while wanted.is_none_or(|wanted| answer.len() < wanted) {
            let n = stream.read(&mut chunk)?;
            if n == 0 && wanted.is_none() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if n == 0 {
                break;
            }
            answer.extend_from_slice(&chunk[..n]);
            if wanted.is_none()
                && let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n")
            {
                let text = String::from_utf8_lossy(&answer[..end]).to_lowercase();
                let field = |name: &str| {
                    text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
                };
                let length = field("content-length:").and_then(|length| length.parse().ok());
                // What has no length ends with the connection.
                wanted = Some(length.map_or(usize::MAX, |length: usize| end + 4 + length));
                closes = field("connection:") == Some("close");
            }
        }
        let status = answer.get(9..12).and_then(|status| str::from_utf8(status).ok());
        let status = status.and_then(|status| status.parse().ok()).unwrap_or(0);
        if !closes {
            self.stream = Some(stream);
        }
        Ok(status)
    }
}

/// A connection.
pub(crate) fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// `GET`.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n\r\n").into_bytes()
}

/// `POST` of a form.
pub(crate) fn post(path: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let fields: Vec<(String, String)> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    post_body(path, &form_body(&fields))
}

/// `POST` of a form that is written already.
pub(crate) fn post_body(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: en\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
