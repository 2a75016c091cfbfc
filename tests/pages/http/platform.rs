//! A platform that takes grades: strict about what it gets, and able to fail in every way.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{
    borrow::Cow,
    collections::{HashSet, VecDeque},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web,
};

use crate::http::oauth;

/// How the platform treats a grade.
#[derive(Clone, Debug)]
pub(crate) enum Mood {
    /// As it should.
    Takes,
    /// A status, with headers and a body of its own.
    Answers(u16, &'static [(&'static str, &'static str)], &'static str),
    /// A failure in the words of the protocol.
    Refuses(&'static str),
    /// Success, but for another message.
    AnswersAnother,
    /// Success, and more than anybody wants to read.
    AnswersEndlessly,
    /// It takes its time, then takes the grade.
    Dawdles(Duration),
    /// It takes the grade, and says that it has seen the request before.
    TakesAndSaysDuplicate,
    /// It says that it is at work on it, and takes the grade or not.
    SaysProcessing { takes: bool },
    /// It takes the grade, and answers with a status, a type and bytes, in which `{id}` stands for
    /// the number of the message.
    TakesAndSays(u16, &'static str, &'static [u8]),
}

/// How the platform answers the question for a grade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It tells.
    #[default]
    Tells,
    /// It does not know the question.
    Unsupported,
    /// With a page for people.
    Page,
    /// It is down.
    Down,
    /// It has another score.
    Says(&'static str),
}

/// A grade as it came, after all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grade {
    pub(crate) sourcedid: String,
    pub(crate) score: String,
    /// What comes along with it, as it was written; empty: nothing.
    pub(crate) details: String,
}

#[derive(Debug, Default)]
struct State {
    moods: VecDeque<Mood>,
    secret: String,
    attempts: usize,
    under_way: usize,
    most_under_way: usize,
    nonces: HashSet<String>,
    grades: Vec<Grade>,
    faults: Vec<String>,
    reading: Reading,
    n_questions: usize,
    /// A refused signature is a failure with a good status, as in Open edX.
    refuses_in_words: bool,
}

/// The platform. It ends with this handle.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

impl Drop for Platform {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Platform {
    /// Starts it. It goes through its moods, one for each attempt, and then takes grades.
    pub(crate) fn start(secret: &str, moods: impl IntoIterator<Item = Mood>) -> Self {
        let state = State {
            moods: moods.into_iter().collect(),
            secret: secret.to_owned(),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/outcome?tool=7&x=a+b", listener.local_addr().unwrap());
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new().app_data(data.clone()).route("/outcome", web::post().to(outcome))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        actix::spawn(server);
        Self { url, state, server: handle }
    }

    /// Has it answer questions in another way.
    pub(crate) fn read(&self, reading: Reading) {
        self.state.lock().unwrap().reading = reading;
    }

    /// Has it refuse signatures as Open edX does.
    pub(crate) fn refuse_in_words(&self) {
        self.state.lock().unwrap().refuses_in_words = true;
    }

    /// How often it was asked for a grade.
    pub(crate) fn questions(&self) -> usize {
        self.state.lock().unwrap().n_questions
    }

    pub(crate) fn attempts(&self) -> usize {
        self.state.lock().unwrap().attempts
    }

    /// The grades that were taken.
    pub(crate) fn grades(&self) -> Vec<Grade> {
        self.state.lock().unwrap().grades.clone()
    }

    /// Fails the test if anything about a request was wrong.
    pub(crate) fn assert_content(&self) {
        let state = self.state.lock().unwrap();
        assert_eq!(state.faults, Vec::<String>::new());
        assert!(state.most_under_way <= 1, "{} attempts at once", state.most_under_way);
    }
}

async fn outcome(
    state: web::Data<Mutex<State>>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let is_question = body.windows(READ.len()).any(|part| part == READ.as_bytes());
    let mood = {
        let mut state = state.lock().unwrap();
        state.attempts += 1;
        state.under_way += 1;
        state.most_under_way = state.most_under_way.max(state.under_way);
        // Moods are for grades.
        let next = if is_question { None } else { state.moods.pop_front() };
        next.unwrap_or(Mood::Takes)
    };
    if let Mood::Dawdles(pause) = mood {
        tokio::time::sleep(pause).await;
    }
    let mut state = state.lock().unwrap();
    state.under_way -= 1;
    match state.check(&request, &body) {
        Ok((message, Some(grade))) => state.answer(&mood, &message, grade),
        Ok((message, None)) => state.tell(&message),
        Err(fault) if state.refuses_in_words => {
            state.faults.push(fault);
            let words = "OAuth verification error: OAuth signature verification has failed.";
            xml(200, &envelope("failure", words, ""))
        }
        Err(fault) => {
            state.faults.push(fault);
            HttpResponse::Unauthorized().body("{\"errors\":[]}")
        }
    }
}

impl State {
    /// Checks a request as a strict platform does; the message's identifier and the grade.
    fn check(
        &mut self,
        request: &HttpRequest,
        body: &[u8],
    ) -> Result<(String, Option<Grade>), String> {
        let header = |name: &str| {
            request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        if header("content-type") != "application/xml" {
            return Err(format!("content type {:?}", header("content-type")));
        }
        if !header("expect").is_empty() || !header("content-encoding").is_empty() {
            return Err("Expect or Content-Encoding".to_owned());
        }
        let authorization = header("authorization").strip_prefix("OAuth ").ok_or("no OAuth")?;
        let mut pairs = Vec::new();
        for part in authorization.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or("a part without =")?;
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.ok_or("a value without quotes")?;
            if value.contains(['=', '+', '/', ',', '"']) {
                return Err(format!("{name} is not encoded"));
            }
            pairs.push((name.to_owned(), oauth::decode(value)));
        }
        let take = |name: &str, pairs: &mut Vec<(String, String)>| {
            let at = pairs.iter().position(|(other, _)| other == name);
            at.map(|at| pairs.remove(at).1).ok_or_else(|| format!("no {name}"))
        };
        take("realm", &mut pairs)?;
        let claimed = take("oauth_signature", &mut pairs)?;
        let find = |name: &str| {
            let found = pairs.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.clone()).ok_or_else(|| format!("no {name}"))
        };
        if find("oauth_body_hash")? != oauth::body_hash(body) {
            return Err("the body hash does not match".to_owned());
        }
        if find("oauth_signature_method")? != "HMAC-SHA1" || find("oauth_version")? != "1.0" {
            return Err("method or version".to_owned());
        }
        if !self.nonces.insert(find("oauth_nonce")?) {
            return Err("a nonce was used twice".to_owned());
        }
        let timestamp: u64 = find("oauth_timestamp")?.parse().map_err(|_no_number| "timestamp")?;
        if timestamp.abs_diff(crate::http::support::now().unsigned_abs()) > 60 {
            return Err("the timestamp is off".to_owned());
        }
        let uri = format!("http://{}{}", header("host"), request.path());
        pairs.extend([("tool", "7"), ("x", "a b")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        if oauth::signature("POST", &uri, &pairs, &self.secret) != claimed {
            return Err("the signature does not match".to_owned());
        }
        if body.windows(READ.len()).any(|part| part == READ.as_bytes()) {
            return Ok((between(body, "<imsx_messageIdentifier>", "<")?, None));
        }
        read(body).map(|(message, grade)| (message, Some(grade)))
    }

    /// What it has, for whoever asks.
    fn tell(&mut self, message: &str) -> HttpResponse {
        self.n_questions += 1;
        let has = self.grades.last().map_or("", |grade| grade.score.as_str());
        let score = match self.reading {
            Reading::Tells => has,
            Reading::Says(score) => score,
            Reading::Unsupported => return xml(200, &envelope("unsupported", "", message)),
            Reading::Page => return HttpResponse::Ok().body("<html>log in</html>"),
            Reading::Down => return HttpResponse::ServiceUnavailable().finish(),
        };
        let body = format!(
            "<p:readResultResponse><p:result><p:resultScore><p:language>en</p:language>\
             <p:textString>{score}</p:textString></p:resultScore></p:result></p:readResultResponse>"
        );
        let envelope = envelope("success", "", message);
        xml(200, &envelope.replace("<p:replaceResultResponse/>", &body))
    }

    fn answer(&mut self, mood: &Mood, message: &str, grade: Grade) -> HttpResponse {
        match mood {
            Mood::Takes | Mood::Dawdles(_) => {
                self.grades.push(grade);
                xml(200, &envelope("success", "", message))
            }
            Mood::Answers(status, headers, body) => {
                let mut answer = HttpResponse::build(StatusCode::from_u16(*status).unwrap());
                for header in *headers {
                    answer.insert_header(*header);
                }
                answer.body(*body)
            }
            Mood::TakesAndSays(status, content_type, body) => {
                self.grades.push(grade);
                let mut bytes = Vec::new();
                for (n, part) in split(body, b"{id}").enumerate() {
                    if n > 0 {
                        bytes.extend_from_slice(message.as_bytes());
                    }
                    bytes.extend_from_slice(part);
                }
                let status = StatusCode::from_u16(*status).unwrap();
                let mut answer = HttpResponse::build(status);
                if !content_type.is_empty() {
                    answer.content_type(*content_type);
                }
                answer.body(bytes)
            }
            Mood::TakesAndSaysDuplicate => {
                self.grades.push(grade);
                HttpResponse::Unauthorized().body("Duplicate nonce detected")
            }
            Mood::SaysProcessing { takes } => {
                if *takes {
                    self.grades.push(grade);
                }
                xml(200, &envelope("processing", "", message))
            }
            Mood::Refuses(description) => xml(422, &envelope("failure", description, message)),
            Mood::AnswersAnother => xml(200, &envelope("success", "", "another")),
            Mood::AnswersEndlessly => {
                let padding = format!("{}</p:imsx_POXBody>", " ".repeat(200 * 1024));
                let endless = envelope("success", "", message);
                xml(200, &endless.replace("</p:imsx_POXBody>", &padding))
            }
        }
    }
}

/// The request for the grade that the platform has.
const READ: &str = "<readResultRequest><resultRecord><sourcedGUID>";

/// The parts of bytes between marks.
fn split<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        match bytes.windows(mark.len()).position(|window| window == mark) {
            Some(at) => {
                rest = bytes.get(at + mark.len()..);
                bytes.get(..at)
            }
            None => Some(bytes),
        }
    })
}

/// What stands between two marks.
fn between(body: &[u8], start: &str, end: &str) -> Result<String, String> {
    let text = std::str::from_utf8(body).map_err(|_no_text| "no UTF-8")?;
    let (_, rest) = text.split_once(start).ok_or_else(|| format!("no {start}"))?;
    let (found, _) = rest.split_once(end).ok_or_else(|| format!("no {end}"))?;
    quick_xml::escape::unescape(found).map(Cow::into_owned).map_err(|e| e.to_string())
}

/// Reads the request by its exact words: this platform knows one way to say it.
fn read(body: &[u8]) -> Result<(String, Grade), String> {
    let namespace = "xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\"";
    between(body, namespace, "</imsx_POXEnvelopeRequest>")?;
    let grade = Grade {
        sourcedid: between(body, "<sourcedGUID><sourcedId>", "</sourcedId></sourcedGUID>")?,
        score: between(
            body,
            "<result><resultScore><language>en</language><textString>",
            "</textString></resultScore></result>",
        )?,
        details: between(body, "<replaceResultRequest>", "<resultRecord>")?,
    };
    Ok((between(body, "<imsx_messageIdentifier>", "</imsx_messageIdentifier>")?, grade))
}

fn envelope(code: &str, description: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><p:imsx_POXEnvelopeResponse \
         xmlns:p=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\"><p:imsx_POXHeader>\
         <p:imsx_POXResponseHeaderInfo><p:imsx_version>V1.0</p:imsx_version>\
         <p:imsx_messageIdentifier>1</p:imsx_messageIdentifier><p:imsx_statusInfo>\
         <p:imsx_codeMajor>{code}</p:imsx_codeMajor><p:imsx_severity>status</p:imsx_severity>\
         <p:imsx_description>{description}</p:imsx_description>\
         <p:imsx_messageRefIdentifier>{message}</p:imsx_messageRefIdentifier>\
         <p:imsx_operationRefIdentifier>replaceResult</p:imsx_operationRefIdentifier>\
         </p:imsx_statusInfo></p:imsx_POXResponseHeaderInfo></p:imsx_POXHeader>\
         <p:imsx_POXBody><p:replaceResultResponse/></p:imsx_POXBody></p:imsx_POXEnvelopeResponse>"
    )
}

fn xml(status: u16, body: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap();
    HttpResponse::build(status).content_type("application/xml").body(body.to_owned())
}
