use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

const N_SENT: usize = 0;
const N_ASKED: usize = 1;

async fn deliver(url: &str, allow_private: bool) -> Outcome {
    let courier = Courier::new(allow_private, None).unwrap();
    attempt(&courier, url, &["secret"], None).await
}

/// One attempt, with what was kept of the one before.
async fn attempt(courier: &Courier, url: &str, secrets: &[&str], said: Option<&str>) -> Outcome {
    let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
    let parcel = Parcel {
        url,
        sourcedid: "cell",
        score: Score::FULL,
        consumer_key: "key",
        secrets: &secrets,
        details: Details::default(),
        may_be_there: said.is_some_and(answer::is_to_be_asked),
        had_none: said.is_some_and(answer::had_none),
        id: &GradeId::from_text("0123456789abcdef0123456789abcdef".to_owned()),
    };
    courier.deliver(parcel, || "nonce".to_owned(), 1_700_000_000).await
}

/// A service that answers to grades and to questions; nothing: it breaks off. It counts both.
async fn service(
    to_grade: &'static [&'static str],
    to_question: &'static [&'static str],
) -> (String, Arc<[AtomicU32; 2]>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/o", listener.local_addr().unwrap());
    let counts = Arc::new([const { AtomicU32::new(0) }; 2]);
    let counted = Arc::clone(&counts);
    actix::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut got = Vec::new();
            while !String::from_utf8_lossy(&got).contains("</imsx_POXEnvelopeRequest>") {
                if stream.read_buf(&mut got).await.unwrap() == 0 {
                    break;
                }
            }
            let is_question = String::from_utf8_lossy(&got).contains("readResultRequest");
            let which = if is_question { N_ASKED } else { N_SENT };
            let n = counted[which].fetch_add(1, Ordering::SeqCst);
            let answers = if is_question { to_question } else { to_grade };
            let at = usize::try_from(n).unwrap().min(answers.len() - 1);
            let said = answers[at];
            stream.write_all(said.as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    (url, counts)
}

const NOTHING: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
const FALLS_OVER: &str = "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 5\r\n\r\nerror";
const AWAY: &str = "HTTP/1.1 503 Away\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const BREAKS_OFF: &str = "";
const BAD_SIGNATURE: &str = "HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Type: \
    text/plain\r\n\r\nInvalid OAuth signature";
/// An answer to the question.
macro_rules! shows {
    ($score:literal) => {
        concat!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/xml\r\n\r\n",
            "<imsx_POXEnvelopeResponse ",
            "xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\">",
            "<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_statusInfo>",
            "<imsx_codeMajor>success</imsx_codeMajor><imsx_operationRefIdentifier>readResult",
            "</imsx_operationRefIdentifier></imsx_statusInfo></imsx_POXResponseHeaderInfo>",
            "</imsx_POXHeader><imsx_POXBody><readResultResponse><result><resultScore><textString>",
            $score,
            "</textString></resultScore></result></readResultResponse></imsx_POXBody>",
            "</imsx_POXEnvelopeResponse>"
        )
    };
}

/// How the attempts end, up to eight of them, one after another.
async fn attempts(url: &str) -> Vec<Outcome> {
    let courier = Courier::new(true, None).unwrap();
    let mut said: Option<String> = None;
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        let outcome = attempt(&courier, url, &["secret"], said.as_deref()).await;
        outcomes.push(outcome.clone());
        match outcome {
            Outcome::Recorded | Outcome::Permanent { .. } => break,
            Outcome::Refused { why }
            | Outcome::Unclear { why, .. }
            | Outcome::Transient { why, .. }
            | Outcome::Busy { why, .. } => said = Some(why.for_teacher("cell")),
        }
    }
    outcomes
}

#[actix::test]
async fn a_platform_that_never_confirms_leaves_it_open_each_time_and_does_not_rest() {
    for (what, to_question) in [
        ("falls over", &[FALLS_OVER][..]),
        ("breaks off", &[BREAKS_OFF]),
        ("another score", &[shows!("0.9")]),
        ("points", &[shows!("90")]),
        ("none", &[shows!("")]),
    ] {
        let (url, counts) = service(&[NOTHING], to_question).await;
        let outcomes = attempts(&url).await;
        let is_unclear = |outcome: &Outcome| matches!(outcome, Outcome::Unclear { why, .. } if answer::is_unclear(&why.kind));
        assert!(outcomes.len() == 8 && outcomes.iter().all(is_unclear), "{what}: {outcomes:?}");
        assert_eq!(counts[N_SENT].load(Ordering::SeqCst), 8, "{what}");
    }
}

#[actix::test]
async fn a_platform_that_takes_grades_and_no_questions_is_sent_the_grade_after_each() {
    let (url, counts) = service(&[NOTHING], &[AWAY]).await;
    let outcomes = attempts(&url).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        let is_unclear = matches!(outcome, Outcome::Unclear { .. });
        assert_eq!(is_unclear, n % 2 == 0, "{n}: {outcome:?}");
    }
    assert_eq!((outcomes.len(), counts[N_SENT].load(Ordering::SeqCst)), (8, 4));
}

#[actix::test]
async fn a_score_that_came_with_the_grade_is_what_the_platform_made_of_it() {
    const LATE: &str = shows!("0.9");
    const HALF: &str = shows!("0.5");
    const NONE: &str = shows!("");
    let (url, counts) = service(&[NOTHING], &[NONE, LATE]).await;
    let outcomes = attempts(&url).await;
    assert!(matches!(outcomes.as_slice(), [Outcome::Unclear { .. }, Outcome::Recorded]));
    assert_eq!(counts[N_SENT].load(Ordering::SeqCst), 2);

    // It was there when it was asked before the grade was sent.
    let (url, _) = service(&[BREAKS_OFF, NOTHING], &[LATE]).await;
    let outcomes = attempts(&url).await;
    assert!(!outcomes.contains(&Outcome::Recorded), "{outcomes:?}");
    let (url, _) = service(&[BREAKS_OFF, NOTHING], &[HALF, LATE]).await;
    assert_eq!(attempts(&url).await.last(), Some(&Outcome::Recorded));
}

#[actix::test]
async fn what_says_nothing_and_cannot_be_asked_has_the_grade() {
    let (url, _) = service(&[NOTHING], &[NOTHING]).await;
    assert_eq!(attempts(&url).await, [Outcome::Recorded]);
}

#[actix::test]
async fn after_a_question_in_vain_the_grade_is_sent() {
    // The grade got no answer, then the platform is away, then it is back.
    let (url, counts) = service(&[BREAKS_OFF, NOTHING], &[AWAY, NOTHING]).await;
    let outcomes = attempts(&url).await;
    assert!(
        matches!(
            outcomes.as_slice(),
            [Outcome::Busy { .. }, Outcome::Busy { .. }, Outcome::Recorded]
        ),
        "{outcomes:?}"
    );
    assert_eq!(counts[N_SENT].load(Ordering::SeqCst), 2);
}

#[actix::test]
async fn the_other_secret_is_tried_where_the_platform_falls_over_at_the_signature() {
    let (url, counts) = service(&[BAD_SIGNATURE, NOTHING], &[NOTHING]).await;
    let courier = Courier::new(true, None).unwrap();
    let outcome = attempt(&courier, &url, &["new", "old"], None).await;
    assert_eq!(outcome, Outcome::Recorded);
    assert_eq!(counts[N_SENT].load(Ordering::SeqCst), 2);
    let (url, _) = service(&[BAD_SIGNATURE], &[NOTHING]).await;
    let outcome = attempt(&courier, &url, &["new", "old"], None).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
}

#[actix::test]
async fn a_name_that_stands_for_a_private_address_is_not_called() {
    let outcome = deliver("https://localhost:1/", false).await;
    assert_eq!(
        outcome,
        Outcome::Busy {
            retry_after: None,
            why: "the outcome address is private: localhost".into()
        }
    );
}

#[actix::test]
async fn a_private_address_is_not_called() {
    let outcome = deliver("https://127.0.0.1:1/", false).await;
    assert!(matches!(outcome, Outcome::Permanent { .. }), "{outcome:?}");
}

#[actix::test]
async fn a_service_that_is_not_there_may_come_back() {
    let why = "the platform cannot be reached: the connection is refused: no program listens there: 127.0.0.1";
    let outcome = deliver("http://127.0.0.1:1/", true).await;
    assert_eq!(outcome, Outcome::Busy { retry_after: None, why: why.into() });
}

#[actix::test]
async fn a_name_that_nobody_knows_is_told() {
    let outcome = deliver("https://lms.invalid/", true).await;
    let Outcome::Busy { why, .. } = outcome else { panic!("{outcome:?}") };
    assert!(why.kind.contains("(DNS): lms.invalid"), "{why}");
    let cause = Cause::of_words(&why.kind);
    assert!(matches!(cause, Some(Cause::NoName | Cause::NoNameServer)), "{why}");
}

/// OpenSSL's server, with a certificate of its own for this name.
struct TlsServer(std::process::Child);

impl TlsServer {
    fn start(folder: &std::path::Path, name: &str) -> (Self, String, Vec<u8>) {
        let [key, certificate] = ["key.pem", "certificate.pem"].map(|file| folder.join(file));
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test"])
            .args(["-addext", &format!("subjectAltName=DNS:{name}"), "-days", "2"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = std::process::Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")])
            .arg("-key")
            .arg(&key)
            .arg("-cert")
            .arg(&certificate)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(server);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        (server, format!("https://localhost:{port}/"), std::fs::read(certificate).unwrap())
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[actix::test]
async fn what_is_wrong_with_a_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_known, expected) in [
        ("localhost", false, Cause::CertificateIssuer),
        ("other.example", true, Cause::CertificateName),
    ] {
        let (_server, url, pem) = TlsServer::start(folder.path(), name);
        let courier = Courier::new(true, is_known.then_some(pem.as_slice())).unwrap();
        let outcome = attempt(&courier, &url, &["secret"], None).await;
        let Outcome::Busy { why, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(Cause::of_words(&why.kind), Some(expected), "{why}");
        assert!(why.kind.ends_with(": localhost"), "{why}");
    }
}

#[actix::test]
async fn a_server_that_speaks_no_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream.shutdown().await.ok();
    });
    let outcome = deliver(&format!("https://127.0.0.1:{port}/"), true).await;
    let Outcome::Busy { why, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(Cause::of_words(&why.kind), Some(Cause::NoTls), "{why}");
}
