//! Sends launches over loopback, as fast as they are answered.

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came of a load.
#[derive(Debug)]
pub(crate) struct Load {
    /// How long each launch took, in order of length.
    pub(crate) times: Vec<Duration>,
    /// How long all took.
    pub(crate) whole: Duration,
    /// Statuses other than 200, and connections that broke.
    pub(crate) failures: Vec<String>,
}

impl Load {
    /// Launches a second.
    #[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a few thousands")]
    pub(crate) fn rate(&self) -> f64 {
        self.times.len() as f64 / self.whole.as_secs_f64()
    }

    /// The time that this share of all, in percent, did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// Sends requests, whole as they go over the wire, from this many clients, each of which keeps its
/// connection as long as the server does.
pub(crate) fn send(address: SocketAddr, requests: VecDeque<Vec<u8>>, n_clients: usize) -> Load {
    let requests = Mutex::new(requests);
    let begun = Instant::now();
    let ended: Vec<(Vec<Duration>, Vec<String>)> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..n_clients).map(|_| scope.spawn(|| client(address, &requests))).collect();
        clients.into_iter().map(|client| client.join().unwrap_or_default()).collect()
    });
    let whole = begun.elapsed();
    let (times, failures): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    let mut times = times.concat();
    times.sort_unstable();
    Load { times, whole, failures: failures.concat() }
}

fn client(
    address: SocketAddr,
    requests: &Mutex<VecDeque<Vec<u8>>>,
) -> (Vec<Duration>, Vec<String>) {
    let (mut times, mut failures) = (Vec::new(), Vec::new());
    let mut connection = None;
    loop {
        let request = requests.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(request) = request else { return (times, failures) };
        let begun = Instant::now();
        match exchange(address, &mut connection, &request) {
            Ok(200) => times.push(begun.elapsed()),
            Ok(status) => failures.push(format!("status {status}")),
            Err(error) => {
                connection = None;
                failures.push(error.to_string());
            }
        }
    }
}

/// Sends a request and reads the answer; its status.
fn exchange(
    address: SocketAddr,
    connection: &mut Option<TcpStream>,
    request: &[u8],
) -> io::Result<u16> {
    let mut stream = if let Some(stream) = connection.take() {
        stream
    } else {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream
    };
    stream.write_all(request)?;
    let mut answer = Vec::with_capacity(16 * 1024);
    let mut chunk = [0; 16 * 1024];
    let (mut wanted, mut closes) = (None, false);
    while wanted.is_none_or(|wanted| answer.len() < wanted) {
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(chunk.get(..n).unwrap_or_default());
        if wanted.is_none()
            && let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head =
                String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_lowercase();
            let field =
                |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let length: usize =
                field("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0);
            wanted = Some(end + 4 + length);
            closes = field("connection:") == Some("close");
        }
    }
    let status = answer.get(9..12).and_then(|status| str::from_utf8(status).ok());
    let status = status.and_then(|status| status.parse().ok()).unwrap_or(0);
    *connection = (!closes).then_some(stream);
    Ok(status)
}
