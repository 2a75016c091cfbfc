//! Certificates of servers as administrators make them: those that are named as they stand, and what
//! is said of the others.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use xmpp::Down;

use support::{
    client::{Client, account_at},
    prosody::{Options, Prosody},
};

use crate::scripted::accept;

/// Runs OpenSSL in a folder, with arguments between blanks.
fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A certificate and its key, `localhost.crt` and `localhost.key`, as administrators make them.
fn own(more: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let files = "-keyout localhost.key -out localhost.crt";
    openssl(folder.path(), &format!("req -x509 -newkey rsa:2048 -nodes -days 365 {files} {more}"));
    folder
}

fn certificate(folder: &TempDir) -> PathBuf {
    folder.path().join("localhost.crt")
}

/// A Prosody with this certificate and key.
fn prosody_with(made: &TempDir, ssl: &[&str]) -> Prosody {
    let ssl = ssl.iter().map(|line| (*line).to_owned()).collect();
    let mut server = Prosody::start_with(&[("bot", "pw")], Options { ssl, ..Options::default() });
    server.stop();
    for file in ["localhost.crt", "localhost.key"] {
        let to = server.folder().join(file);
        fs::remove_file(&to).unwrap();
        fs::copy(made.path().join(file), to).unwrap();
    }
    server.start_again();
    server
}

#[tokio::test]
async fn a_servers_own_certificate_that_is_named_as_it_stands_is_trusted() {
    let by_hand = own("-subj /CN=localhost -addext subjectAltName=DNS:localhost");
    let old_fashioned = own("-subj /CN=localhost");
    // What Debian's ejabberd makes when it is installed.
    let of_ejabberd = own("-subj /O=Internet/OU=host/CN=ejabberd/emailAddress=root@host");
    let of_prosody = TempDir::new().unwrap();
    let folder = of_prosody.path().display();
    let configuration = format!(
        "run_as_root = true\ndata_path = \"{folder}\"\ncertificates = \"{folder}\"\n\
         pidfile = \"{folder}/pid\"\nVirtualHost \"localhost\"\n"
    );
    fs::write(of_prosody.path().join("prosody.cfg.lua"), configuration).unwrap();
    let made = Command::new("sh")
        .args([
            "-c",
            "yes '' | prosodyctl --config \"$PWD/prosody.cfg.lua\" cert generate localhost",
        ])
        .current_dir(of_prosody.path())
        .output()
        .unwrap();
    assert!(certificate(&of_prosody).exists(), "{}", String::from_utf8_lossy(&made.stdout));

    for (made, ssl) in [
        (&by_hand, &[][..]),
        (&by_hand, &["protocol = \"tlsv1_2\""]),
        (&old_fashioned, &[]),
        (&of_ejabberd, &[]),
        (&of_prosody, &[]),
    ] {
        let server = prosody_with(made, ssl);
        let named = Some(certificate(made));
        Client::start(account_at(server.c2s_addr(), "bot", "pw", named)).online().await;
    }
}

/// OpenSSL as a server that takes any certificate, however weak.
struct Weak(Child, u16);

impl Weak {
    fn start(folder: &Path) -> Self {
        let port = support::wait::free_port();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-cipher", "ALL:@SECLEVEL=0", "-accept"])
            .arg(format!("127.0.0.1:{port}"))
            .args(["-cert", "localhost.crt", "-key", "localhost.key"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child, port)
    }
}

impl Drop for Weak {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What is said of the server of this folder by a bot that relies on this file.
async fn said(folder: &TempDir, authorities: PathBuf) -> String {
    let server = Weak::start(folder.path());
    let place = format!("xmpps://127.0.0.1:{}", server.1);
    let mut bot = Client::start(account_at(place, "bot", "pw", Some(authorities)));
    loop {
        match bot.offline().await {
            // It is not there yet.
            (Down::Unreachable { .. }, Some(_)) => {}
            (why @ Down::Certificate { .. }, retry_in) => {
                assert_eq!(retry_in, None);
                let text = why.to_string();
                for word in ["Error", "(Ca", "Unknown", "{", "::"] {
                    assert!(!text.contains(word), "{word}: {text}");
                }
                return text;
            }
            (other, _) => panic!("{other}"),
        }
    }
}

/// A certificate that the authority `ca.crt` of the folder, which is made too, has issued.
fn issued(how: &str, key: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    openssl(
        path,
        "req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=Us -keyout ca.key -out ca.crt",
    );
    openssl(
        path,
        &format!("req -newkey {key} -nodes -subj /CN=localhost -keyout localhost.key -out csr"),
    );
    fs::write(path.join("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl(
        path,
        &format!(
            "x509 -req -in csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 9 {how} -out localhost.crt"
        ),
    );
    folder
}

#[tokio::test]
async fn every_refused_certificate_is_a_sentence_with_the_next_step() {
    let bundle = |folders: &[&TempDir]| {
        let whole: Vec<u8> =
            folders.iter().flat_map(|folder| fs::read(certificate(folder)).unwrap()).collect();
        let file = folders[0].path().join("bundle.crt");
        fs::write(&file, whole).unwrap();
        file
    };
    let right = own("-subj /CN=localhost -addext subjectAltName=DNS:localhost");
    let other = own("-subj /CN=other.example -addext subjectAltName=DNS:a.example,DNS:b.example");
    let old_other = own("-subj /CN=old.example");
    let nameless = own("-subj /CN=ejabberd");

    let text = said(&right, certificate(&other)).await;
    assert!(text.contains("signed by itself") && text.contains("copy it to a file"), "{text}");
    let text = said(&other, certificate(&other)).await;
    for part in ["made out for a.example, b.example;", "domain, localhost", "subjectAltName"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for (folder, file) in
        [(&old_other, certificate(&old_other)), (&nameless, bundle(&[&nameless, &right]))]
    {
        let text = said(folder, file).await;
        assert!(text.contains("Common Name"), "{text}");
    }

    let stranger = issued("-extfile names", "rsa:2048");
    let text = said(&stranger, certificate(&right)).await;
    assert!(text.contains("issued by CN=Us") && text.contains("fullchain.pem"), "{text}");
    for (how, key, part) in [
        ("-sha1 -extfile names", "rsa:2048", "SHA-1"),
        ("-extfile names", "rsa:1024", "1024 bits"),
        ("", "rsa:2048", "version"),
    ] {
        let made = issued(how, key);
        let text = said(&made, made.path().join("ca.crt")).await;
        assert!(text.contains(part) || (how.is_empty() && text.contains("made out for")), "{text}");
    }
}

/// A certificate for `localhost`, with something changed.
fn odd(change: impl FnOnce(&mut CertificateParams)) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    fs::write(certificate(&folder), params.self_signed(&key).unwrap().pem()).unwrap();
    fs::write(folder.path().join("localhost.key"), key.serialize_pem()).unwrap();
    folder
}

#[tokio::test]
async fn a_certificate_that_is_named_must_be_within_its_dates_and_for_servers() {
    for (made, part) in [
        (odd(|it| it.not_after = date_time_ymd(2020, 2, 3)), "expired on 2020-02-03"),
        (odd(|it| it.not_before = date_time_ymd(2090, 2, 3)), "only from 2090-02-03 on"),
        (
            odd(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]),
            "may not be used for servers",
        ),
    ] {
        let text = said(&made, certificate(&made)).await;
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_is_named_cannot_vouch_for_another() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "other.example");
    let named = params.self_signed(&key).unwrap();
    let folder = TempDir::new().unwrap();
    let forged_key = KeyPair::generate().unwrap();
    let forged = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let forged = forged.signed_by(&forged_key, &Issuer::new(params, key)).unwrap();
    fs::write(folder.path().join("named.crt"), named.pem()).unwrap();
    fs::write(certificate(&folder), forged.pem()).unwrap();
    fs::write(folder.path().join("localhost.key"), forged_key.serialize_pem()).unwrap();

    let text = said(&folder, folder.path().join("named.crt")).await;

    assert!(text.contains("vouches for it"), "{text}");
}

/// Somebody who has a server's certificate, and not its key.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl ResolvesServerCert for Thief {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn a_certificate_that_is_named_is_worth_nothing_without_its_key() {
    let [right, thief] = [odd(|_| {}), odd(|_| {})];
    for version in [&TLS12, &TLS13] {
        let stolen = CertificateDer::from_pem_file(certificate(&right)).unwrap();
        let key = PrivateKeyDer::from_pem_file(thief.path().join("localhost.key")).unwrap();
        let key = ring::sign::any_supported_type(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Thief(Arc::new(CertifiedKey::new(vec![stolen], key)))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = format!("xmpps://{}", listener.local_addr().unwrap());
        let mut bot = Client::start(account_at(place, "bot", "pw", Some(certificate(&right))));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let served = async {
            let refused = acceptor.accept(accept(&listener).await).await;
            tokio::time::sleep(Duration::from_mins(1)).await;
            drop(refused);
        };
        let why = tokio::select! {
            (why, _) = bot.offline() => why,
            () = served => panic!("served"),
        };
        assert!(matches!(&why, Down::Certificate { .. }), "{why}");
        assert!(why.to_string().contains("did not prove that it has its key"), "{why}");
    }
}
