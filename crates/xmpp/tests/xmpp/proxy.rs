//! A line to the server that a test can cut or make swallow everything.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A line of TCP; it ends with this value.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: String,
    frozen: Arc<AtomicBool>,
    cut: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let frozen = Arc::new(AtomicBool::new(false));
        let (cut, cuts) = watch::channel(0);
        let is_frozen = Arc::clone(&frozen);
        let task = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                drop(tokio::spawn(carry(
                    near,
                    server.clone(),
                    Arc::clone(&is_frozen),
                    cuts.clone(),
                )));
            }
        });
        Self { address, frozen, cut, task }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// From now on nothing comes through, but the connections stay.
    pub(crate) fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    /// New connections work again.
    pub(crate) fn thaw(&self) {
        self.frozen.store(false, Ordering::SeqCst);
    }

    /// Resets the connections that there are.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    near: TcpStream,
    server: String,
    frozen: Arc<AtomicBool>,
    mut cuts: watch::Receiver<u64>,
) {
    cuts.mark_unchanged();
    let Ok(far) = TcpStream::connect(server).await else { return };
    // With no time to linger, closing resets.
    near.set_zero_linger().unwrap();
    far.set_zero_linger().unwrap();
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    tokio::select! {
        () = pump(&mut near_in, &mut far_out, &frozen) => {}
        () = pump(&mut far_in, &mut near_out, &frozen) => {}
        _ = cuts.changed() => {}
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    frozen: &AtomicBool,
) {
    let mut bytes = vec![0; 16_384];
    loop {
        match from.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(_) if frozen.load(Ordering::SeqCst) => {}
            Ok(length) => {
                if to.write_all(bytes.get(..length).unwrap()).await.is_err() {
                    return;
                }
            }
        }
    }
}
