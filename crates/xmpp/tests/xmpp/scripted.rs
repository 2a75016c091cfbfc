//! Servers under the test's control, in the clear and with TLS.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use xmpp::Account;

use support::client::account_at;

pub(crate) const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' version='1.0'>";
pub(crate) const SCRAM: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";
pub(crate) const PLAIN: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
pub(crate) const STARTTLS: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\
    </stream:features>";

/// The next client of a server under the test's control.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

pub(crate) async fn listen() -> (TcpListener, Account) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = address(&listener);
    let account = account_at(address, "bot", "pw", None);
    (listener, account)
}

/// `host:port`.
pub(crate) fn address(listener: &TcpListener) -> String {
    listener.local_addr().unwrap().to_string()
}

pub(crate) async fn until(stream: &mut (impl AsyncRead + Unpin), mark: &str) -> String {
    let mut read = String::new();
    let mut bytes = [0; 4_096];
    while !read.contains(mark) {
        let length = stream.read(&mut bytes).await.unwrap();
        assert!(length > 0, "closed before {mark}: {read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    read
}

/// Answers the opening of a stream with these features, or with another end.
pub(crate) async fn open(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), features: &str) {
    until(stream, "version='1.0' xml:lang='en'>").await;
    write(stream, &format!("{OPENING}{features}")).await;
}

pub(crate) async fn write(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// The server wants the stream to be elsewhere, and closes it.
pub(crate) fn see(host: &str) -> String {
    format!(
        "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{host}\
         </see-other-host></stream:error></stream:stream>"
    )
}

/// TLS with the certificate of this folder, and these names of protocols (ALPN).
pub(crate) fn tls(folder: &Path, protocols: &[&str]) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(folder.join("localhost.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("localhost.key")).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// The server's side of STARTTLS.
pub(crate) async fn starttls(
    mut stream: TcpStream,
    tls: &Arc<ServerConfig>,
) -> TlsStream<TcpStream> {
    open(&mut stream, STARTTLS).await;
    until(&mut stream, "<starttls").await;
    write(&mut stream, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
    TlsAcceptor::from(Arc::clone(tls)).accept(stream).await.unwrap()
}

/// Lets the bot in by PLAIN.
pub(crate) async fn log_in(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    open(stream, PLAIN).await;
    until(stream, "</auth>").await;
    write(stream, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").await;
    let features = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
        </stream:features>";
    open(stream, features).await;
}

/// Lets the bot in, and binds its resource.
pub(crate) async fn let_in(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    log_in(stream).await;
    until(stream, "</iq>").await;
    let bound = "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
        <jid>bot@localhost/otrbot</jid></bind></iq>";
    write(stream, bound).await;
}
