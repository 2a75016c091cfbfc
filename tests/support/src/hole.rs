//! The way to a PostgreSQL server, which can lose what goes over it without a word: as a firewall
//! that forgets connections does, or a server whose machine is gone.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// The way to a server, for as long as this lives and what was connected by it.
#[derive(Debug)]
pub struct Hole {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections up to this one are lost.
    n_lost: AtomicUsize,
    n_connections: AtomicUsize,
    /// Whether the next connection that changes an enrolment is lost.
    is_to_swallow: AtomicBool,
    n_swallowed: AtomicUsize,
}

impl Hole {
    /// A way to the server that listens on this socket.
    pub fn dig(socket: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let (socket, shared) = (socket.to_owned(), Arc::clone(&state));
        thread::spawn(move || {
            for client in listener.incoming() {
                connect(client.unwrap(), &socket, &shared);
            }
        });
        Self { port, state }
    }

    /// The URL of a database, by this way.
    pub fn url(&self, direct: &str) -> String {
        let (_, name) = direct.split_once("localhost/").unwrap();
        let name = name.split('?').next().unwrap();
        format!("postgres://otrbot@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// Loses all connections that there are; new ones work.
    pub fn lose_all(&self) {
        self.state.n_lost.store(self.state.n_connections.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Loses all connections that there are, and all that will be.
    pub fn lose_for_good(&self) {
        self.state.n_lost.store(usize::MAX, Ordering::SeqCst);
    }

    /// Loses the next connection that changes an enrolment, with the change.
    pub fn swallow_next_update(&self) {
        self.state.is_to_swallow.store(true, Ordering::SeqCst);
    }

    /// How many were lost with a change.
    pub fn n_swallowed(&self) -> usize {
        self.state.n_swallowed.load(Ordering::SeqCst)
    }
}

fn connect(client: TcpStream, socket: &Path, state: &Arc<State>) {
    // Without a server it is as without this way.
    let Ok(server) = UnixStream::connect(socket) else { return };
    let number = state.n_connections.fetch_add(1, Ordering::SeqCst) + 1;
    let is_lost = Arc::new(AtomicBool::new(false));
    let (from_client, from_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let lost = {
        let (state, is_lost) = (Arc::clone(state), Arc::clone(&is_lost));
        move |bytes: &[u8]| {
            let is_update = bytes.windows(17).any(|part| part == b"UPDATE enrolments");
            if is_update && state.is_to_swallow.swap(false, Ordering::SeqCst) {
                state.n_swallowed.fetch_add(1, Ordering::SeqCst);
                is_lost.store(true, Ordering::SeqCst);
            }
            is_lost.load(Ordering::SeqCst) || state.n_lost.load(Ordering::SeqCst) >= number
        }
    };
    let lost_too = lost.clone();
    let (to_server, to_client) = (server, client);
    thread::spawn(move || {
        if !pass(from_client, &to_server, lost) {
            drop(to_server.shutdown(Shutdown::Write));
        }
    });
    thread::spawn(move || {
        if !pass(from_server, &to_client, lost_too) {
            drop(to_client.shutdown(Shutdown::Write));
        }
    });
}

/// Passes on what comes, until the end or until it is lost. Whether it is lost: then the other side
/// never hears of the end.
fn pass(mut from: impl Read, mut to: impl Write, lost: impl Fn(&[u8]) -> bool) -> bool {
    let mut buffer = [0; 16 * 1024];
    loop {
        let n = from.read(&mut buffer).unwrap_or(0);
        if lost(&buffer[..n]) {
            // Nobody hears anything, not even that this side has ended.
            while from.read(&mut buffer).is_ok_and(|n| n > 0) {}
            return true;
        }
        if n == 0 || to.write_all(&buffer[..n]).is_err() {
            return false;
        }
    }
}
