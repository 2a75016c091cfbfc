//! The LMS's outcome service: takes `replaceResult` and answers `readResult` as Canvas does, and checks what Canvas, edX
//! and Moodle check between them.

use std::collections::{HashSet, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use minidom::Element;

use crate::oauth::{self, Consumer};
use crate::wait::poll;

/// Namespace of the envelope.
const POX: &str = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0";

/// Path of the service, as in Canvas.
const PATH: &str = "/api/lti/v1/tools/7/grade_passback";

/// A grade as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    /// Whose and for what: as it was in the launch.
    pub sourcedid: String,
    /// Between 0 and 1.
    pub score: f64,
}

/// How the service treats a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It is down.
    Down,
    /// It wants fewer requests.
    Throttles,
    /// A page of somebody else's answers, with a good status.
    ShowsPage,
    /// No answer comes for longer than anybody waits.
    Hangs,
    /// The answer is cut off.
    Cuts,
    /// It takes the grade, and the answer is cut off.
    TakesAndCuts,
    /// It does not take the grade, and says why in its own words.
    Refuses(&'static str),
}

#[derive(Debug, Default)]
struct Book {
    moods: VecDeque<Mood>,
    attempts: usize,
    grades: Vec<Grade>,
    refusals: Vec<String>,
    nonces: HashSet<String>,
    outages: usize,
    turned_away: usize,
}

/// An outcome service that runs until it is dropped.
#[derive(Debug)]
pub struct Outcomes {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Outcomes {
    /// Starts a service for `consumer` on a free port.
    pub fn start(consumer: &Consumer) -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap(), consumer)
    }

    /// Starts a service for `consumer` at an address that launches named before it was there.
    pub fn start_on(address: SocketAddr, consumer: &Consumer) -> Self {
        let listener = TcpListener::bind(address).expect("the port of the outcome service is free");
        let address = listener.local_addr().unwrap();
        let book = Arc::new(Mutex::new(Book::default()));
        let service =
            Service { url: url(address), consumer: consumer.clone(), book: Arc::clone(&book) };
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let data = web::Data::new(service);
                let server = HttpServer::new(move || {
                    App::new().app_data(data.clone()).route(PATH, web::post().to(replace_result))
                })
                .workers(1)
                .disable_signals()
                .listen(listener)
                .expect("a listener that listens")
                .run();
                sender.send(server.handle()).expect("the starter waits");
                server.await.expect("the outcome service ends well");
            });
        });
        let handle = receiver.recv().expect("the outcome service starts");
        Self { address, book, handle, thread: Some(thread) }
    }

    /// What launches name as `lis_outcome_service_url`.
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// Answers the next `n` requests with 503.
    pub fn fail_next(&self, n: usize) {
        self.book().outages = n;
    }

    /// Is in these moods for the next requests.
    pub fn be(&self, moods: impl IntoIterator<Item = Mood>) {
        self.book().moods.extend(moods);
    }

    /// How many requests came.
    pub fn attempts(&self) -> usize {
        self.book().attempts
    }

    /// How many requests met a 503.
    pub fn turned_away(&self) -> usize {
        self.book().turned_away
    }

    /// The grades that were taken.
    pub fn grades(&self) -> Vec<Grade> {
        self.book().grades.clone()
    }

    /// Why requests were refused.
    pub fn refusals(&self) -> Vec<String> {
        self.book().refusals.clone()
    }

    /// Waits for a grade for `sourcedid`.
    pub fn wait_for_grade(&self, sourcedid: &str, patience: Duration) -> Option<Grade> {
        poll(patience, || self.grades().into_iter().find(|grade| grade.sourcedid == sourcedid))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        // The order to stop is given by the call itself; the future only waits.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The URL of a service at an address.
pub fn url(address: SocketAddr) -> String {
    format!("http://{address}{PATH}")
}

struct Service {
    url: String,
    consumer: Consumer,
    book: Arc<Mutex<Book>>,
}

async fn replace_result(
    request: HttpRequest,
    body: web::Bytes,
    service: web::Data<Service>,
) -> HttpResponse {
    // Moods are for grades.
    let is_question = contains(&body, b"<readResultRequest>");
    let mood = {
        let mut book = service.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.attempts += 1;
        if is_question { None } else { book.moods.pop_front() }
    };
    match mood {
        Some(Mood::Down) => return HttpResponse::ServiceUnavailable().finish(),
        Some(Mood::Throttles) => {
            return HttpResponse::TooManyRequests().insert_header(("Retry-After", "2")).finish();
        }
        Some(Mood::ShowsPage) => return HttpResponse::Ok().body("<html>Log in</html>"),
        Some(Mood::Hangs) => tokio::time::sleep(Duration::from_mins(2)).await,
        Some(Mood::Cuts) => return cut_off(),
        Some(Mood::Refuses(words)) => {
            let body = envelope("failure", "", words);
            return HttpResponse::UnprocessableEntity().content_type("application/xml").body(body);
        }
        Some(Mood::TakesAndCuts) | None => {}
    }
    let mut book = service.book.lock().unwrap_or_else(PoisonError::into_inner);
    if book.outages > 0 {
        book.outages -= 1;
        book.turned_away += 1;
        return HttpResponse::ServiceUnavailable().body("down for maintenance");
    }
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // Canvas compares the whole header.
    if header("content-type") != Some("application/xml") {
        book.refusals.push(format!("content type {:?}", header("content-type")));
        return HttpResponse::UnsupportedMediaType().finish();
    }
    let authorization = header("authorization").unwrap_or_default();
    if let Err(why) = authorize(authorization, &body, &service, &mut book.nonces) {
        let answer = format!(r#"{{"errors":[{{"message":"{why}"}}]}}"#);
        book.refusals.push(why);
        return HttpResponse::Unauthorized().content_type("application/json").body(answer);
    }
    if is_question {
        return tell(&body, &book.grades);
    }
    let (mut answer, code, identifier, description) = match read_request(&body) {
        Ok((identifier, grade)) => {
            let description = format!("Score for {} is now {}", grade.sourcedid, grade.score);
            book.grades.push(grade);
            (HttpResponse::Ok(), "success", identifier, description)
        }
        Err(why) => {
            book.refusals.push(why.clone());
            (
                HttpResponse::UnprocessableEntity(),
                "failure",
                String::new(),
                format!("{why} [EID_1]"),
            )
        }
    };
    if mood == Some(Mood::TakesAndCuts) {
        return cut_off();
    }
    answer.content_type("application/xml").body(envelope(code, &identifier, &description))
}

/// Which grade there is for the cell that a `readResult` request names.
fn tell(body: &[u8], grades: &[Grade]) -> HttpResponse {
    let text = String::from_utf8_lossy(body);
    let between = |start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        rest.split_once(end).map(|(found, _)| found.to_owned())
    };
    let identifier = between("<imsx_messageIdentifier>", "<").unwrap_or_default();
    let sourcedid = between("<sourcedId>", "</sourcedId>").unwrap_or_default();
    let of_cell = |grade: &&Grade| escape(&grade.sourcedid) == sourcedid;
    let score = grades.iter().rev().find(of_cell).map(|grade| grade.score.to_string());
    let result = format!(
        "<readResultResponse><result><resultScore><language>en</language><textString>{}\
         </textString></resultScore></result></readResultResponse>",
        score.unwrap_or_default()
    );
    let answer = envelope("success", &identifier, "").replace("replaceResult</", "readResult</");
    let answer = answer.replace("<replaceResultResponse />", &result);
    HttpResponse::Ok().content_type("application/xml").body(answer)
}

fn contains(body: &[u8], words: &[u8]) -> bool {
    body.windows(words.len()).any(|window| window == words)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// An answer that ends before it is whole, and the connection with it.
fn cut_off() -> HttpResponse {
    let broken = futures_util::stream::once(async {
        Err::<web::Bytes, _>(std::io::Error::other("the cable is cut"))
    });
    HttpResponse::Ok().content_type("application/xml").streaming(broken)
}

/// Checks the `Authorization` header as oauth-ruby reads it, and more strictly.
fn authorize(
    header: &str,
    body: &[u8],
    service: &Service,
    nonces: &mut HashSet<String>,
) -> Result<(), String> {
    let list = header.strip_prefix("OAuth ").ok_or("Invalid authorization header")?;
    let mut params: Vec<(String, String)> = Vec::new();
    for item in list.split(',') {
        let (name, value) = item.trim().split_once('=').ok_or("an item without a value")?;
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'))
            .ok_or("a value without quotes")?;
        // oauth-ruby splits at these as well: they must come percent-encoded.
        if value.contains(['=', '&', '+', '/', '"']) {
            return Err(format!("the value of {name} is not percent-encoded"));
        }
        let value = oauth::decode(value).ok_or("a value that does not decode")?;
        if params.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} occurs twice"));
        }
        params.push((name.to_owned(), value));
    }
    let take = |name: &str| -> Result<String, String> {
        let found = params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).ok_or_else(|| format!("{name} is missing"))
    };

    if take("oauth_consumer_key")? != service.consumer.key {
        return Err("an unknown consumer key".to_owned());
    }
    if take("oauth_signature_method")? != "HMAC-SHA1" || take("oauth_version")? != "1.0" {
        return Err("an unknown signature method or version".to_owned());
    }
    if take("oauth_body_hash")? != oauth::body_hash(body) {
        return Err("oauth_body_hash is not that of the body".to_owned());
    }
    let sent: u64 = take("oauth_timestamp")?.parse().ok().ok_or("not a timestamp")?;
    let now = oauth::now();
    if sent + 90 * 60 < now || sent > now + 60 {
        return Err("Timestamp too old or too far ahead".to_owned());
    }
    let given = take("oauth_signature")?;
    params.retain(|(name, _)| name != "oauth_signature" && name != "realm");
    if oauth::signature("POST", &service.url, &params, &service.consumer.secret) != given {
        return Err("Invalid authorization header: wrong signature".to_owned());
    }
    let nonce = params.iter().find(|(name, _)| name == "oauth_nonce");
    let (_, nonce) = nonce.ok_or("oauth_nonce is missing")?;
    if !nonces.insert(nonce.clone()) {
        return Err("Duplicate nonce detected".to_owned());
    }
    Ok(())
}

/// The message identifier and the grade of a `replaceResult` request.
fn read_request(body: &[u8]) -> Result<(String, Grade), String> {
    let text = std::str::from_utf8(body).ok().ok_or("not UTF-8")?;
    let root: Element = text.parse().map_err(|error| format!("not XML: {error}"))?;
    if !root.is("imsx_POXEnvelopeRequest", POX) {
        return Err("not an envelope".to_owned());
    }
    let down = |path: &[&str]| {
        path.iter()
            .try_fold(&root, |at, name| at.get_child(name, POX))
            .ok_or_else(|| format!("{} is missing", path.join("/")))
    };
    let head = ["imsx_POXHeader", "imsx_POXRequestHeaderInfo"];
    let version = down(&[head[0], head[1], "imsx_version"])?.text();
    if version != "V1.0" {
        return Err(format!("version {version}"));
    }
    let identifier = down(&[head[0], head[1], "imsx_messageIdentifier"])?.text();
    let record = ["imsx_POXBody", "replaceResultRequest", "resultRecord"];
    let sourcedid = down(&[&record[..], &["sourcedGUID", "sourcedId"]].concat())?.text();
    let score = [&record[..], &["result", "resultScore"]].concat();
    if down(&[&score[..], &["language"]].concat())?.text() != "en" {
        return Err("a score in another language than en".to_owned());
    }
    let score = down(&[&score[..], &["textString"]].concat())?.text();
    let plain = score.chars().all(|one| one.is_ascii_digit() || one == '.');
    let score: f64 = score.parse().ok().ok_or("no_parseable_result_score")?;
    if !plain || !(0.0..=1.0).contains(&score) || identifier.is_empty() || sourcedid.is_empty() {
        return Err("bad_score".to_owned());
    }
    Ok((identifier, Grade { sourcedid, score }))
}

fn envelope(code: &str, identifier: &str, description: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeResponse xmlns="{POX}">
  <imsx_POXHeader>
    <imsx_POXResponseHeaderInfo>
      <imsx_version>V1.0</imsx_version>
      <imsx_messageIdentifier>{}</imsx_messageIdentifier>
      <imsx_statusInfo>
        <imsx_codeMajor>{code}</imsx_codeMajor>
        <imsx_severity>status</imsx_severity>
        <imsx_description>{}</imsx_description>
        <imsx_messageRefIdentifier>{}</imsx_messageRefIdentifier>
        <imsx_operationRefIdentifier>replaceResult</imsx_operationRefIdentifier>
      </imsx_statusInfo>
    </imsx_POXResponseHeaderInfo>
  </imsx_POXHeader>
  <imsx_POXBody><replaceResultResponse /></imsx_POXBody>
</imsx_POXEnvelopeResponse>
"#,
        oauth::nonce(),
        escape(description),
        escape(identifier),
    )
}
