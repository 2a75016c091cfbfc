//! The HTTP client that carries grades: suspicious of where it is sent and of what comes back.

use std::{error::Error as _, io, net::SocketAddr, sync::Arc, time::Duration};

use log::info;
use lti::{
    answer::{self, Answer, Looks, Outcome, Read, Why},
    grade::{self, Attempt, Cell, Details, Request, Score},
    reach::{self, OutOfReach},
    unreachable::Cause,
};
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use secrecy::SecretString;
use url::Url;

use crate::records::GradeId;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of the name of a host is told, in characters.
const LONGEST_HOST: usize = 100;
/// How long an attempt may take from its start to the last byte of the answer.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Carries grades to the platforms.
#[derive(Clone, Debug)]
pub struct Courier {
    client: Client,
    allow_private: bool,
}

/// One grade for one cell.
#[derive(Clone, Copy, Debug)]
pub struct Parcel<'a> {
    /// The platform's service.
    pub url: &'a str,
    /// The cell in its gradebook.
    pub sourcedid: &'a str,
    /// The grade.
    pub score: Score,
    /// The consumer key of the launch.
    pub consumer_key: &'a str,
    /// Its secrets, the one to sign with first: another is tried where the platform refuses that.
    pub secrets: &'a [SecretString],
    /// What goes along with the grade.
    pub details: Details,
    /// Whether the platform may have the grade from an attempt before: then it is asked first.
    pub may_be_there: bool,
    /// Whether it had no score when it was asked last, after it had been sent the grade.
    pub had_none: bool,
    /// The grade, for the log.
    pub id: &'a GradeId,
}

/// The client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the connections to the platforms")]
pub struct CourierError(#[from] reqwest::Error);

impl Courier {
    /// Makes the client. `allow_private` lets grades go to private addresses and over plain HTTP;
    /// `ca_pem` holds certificates to trust besides the system's.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn new(allow_private: bool, ca_pem: Option<&[u8]>) -> Result<Self, CourierError> {
        // Whoever installed a provider before us chose well enough.
        drop(rustls::crypto::ring::default_provider().install_default());
        let certificates = match ca_pem {
            Some(pem) => reqwest::Certificate::from_pem_bundle(pem)?,
            None => Vec::new(),
        };
        let client = Client::builder()
            .user_agent(concat!("otrbot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .redirect(redirect::Policy::none())
            // A request that is sent again by itself would use its nonce twice.
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .https_only(!allow_private)
            .tls_certs_merge(certificates)
            .dns_resolver(Arc::new(Lookup { allow_private }))
            .build()?;
        Ok(Self { client, allow_private })
    }

    /// Makes one attempt: with each secret that there is, and with a question where it would be
    /// unclear otherwise whether the platform has the grade. `now` is in seconds since 1970; `nonce` must be fresh each time it is
    /// called.
    pub async fn deliver(
        &self,
        parcel: Parcel<'_>,
        nonce: impl Fn() -> String,
        now: i64,
    ) -> Outcome {
        let url = match reach::outcome_url(parcel.url, self.allow_private) {
            Ok(url) => url,
            Err(why) => return Outcome::Permanent { why: why.to_string().into() },
        };
        let Some(first) = parcel.secrets.first() else {
            // Somebody may put it back.
            let why = "the settings have no such consumer any more".into();
            return Outcome::Transient { retry_after: None, why };
        };
        let mut before = if parcel.had_none { Read::Nothing } else { Read::Unclear };
        if parcel.may_be_there {
            before = self.ask(&parcel, &url, first, &nonce, now).await;
            match before {
                Read::Score(score) if is_that(score, parcel.score) => return Outcome::Recorded,
                Read::NotNow { retry_after } => {
                    let why = Why::from("the platform takes nothing now").asked_in_vain();
                    return Outcome::Busy { retry_after, why: why.unclear() };
                }
                Read::Score(_)
                | Read::Nothing
                | Read::Refused
                | Read::Unknown
                | Read::Page
                | Read::Failed
                | Read::Unclear => {}
            }
        }
        let (secret, outcome) = self.send(&parcel, &url, first, &nonce, now).await;
        let Outcome::Unclear { looks, retry_after, why } = outcome else { return outcome };
        let read = self.ask(&parcel, &url, secret, &nonce, now).await;
        let outcome = settle(parcel.score, looks, retry_after, why, &before, &read);
        if outcome == Outcome::Recorded && read == Read::Unknown {
            let id = parcel.id;
            info!("grade.id":% = id; "grade {id}: recorded by the status alone: the platform says no more, and cannot be asked");
        }
        outcome
    }

    /// Sends the grade, signed with each secret until one is not refused; that one, and what came of
    /// it.
    async fn send<'a>(
        &self,
        parcel: &Parcel<'a>,
        url: &Url,
        first: &'a SecretString,
        nonce: &impl Fn() -> String,
        now: i64,
    ) -> (&'a SecretString, Outcome) {
        let mut secret = first;
        let mut others = parcel.secrets.iter().skip(1);
        loop {
            let attempt = Attempt { nonce: nonce(), timestamp: now };
            let cell = parcel.cell(url, secret);
            let request = grade::replace_result(cell, parcel.score, parcel.details, &attempt);
            let outcome = match self.post(url, request).await {
                Ok(reply) => answer::classify(&reply.answer(), &attempt.nonce, now),
                Err(outcome) => outcome,
            };
            let is_refused = match &outcome {
                Outcome::Refused { .. } => true,
                Outcome::Transient { why, .. } => why.is_of_signature(),
                Outcome::Recorded
                | Outcome::Unclear { .. }
                | Outcome::Busy { .. }
                | Outcome::Permanent { .. } => false,
            };
            if !is_refused {
                return (secret, outcome);
            }
            let Some(other) = others.next() else { return (secret, outcome) };
            secret = other;
        }
    }

    /// Asks which score the platform has, signed with this secret first.
    async fn ask(
        &self,
        parcel: &Parcel<'_>,
        url: &Url,
        secret: &SecretString,
        nonce: &impl Fn() -> String,
        now: i64,
    ) -> Read {
        let mut read = Read::Refused;
        let others = parcel.secrets.iter().filter(|other| !std::ptr::eq(*other, secret));
        for secret in std::iter::once(secret).chain(others) {
            let attempt = Attempt { nonce: nonce(), timestamp: now };
            let request = grade::read_result(parcel.cell(url, secret), &attempt);
            read = match self.post(url, request).await {
                Ok(reply) => answer::read(&reply.answer(), &attempt.nonce, now),
                // Whoever did not answer to this may answer to a grade.
                Err(Outcome::Busy { why, .. }) if answer::is_unclear(&why.kind) => Read::Failed,
                Err(_) => Read::NotNow { retry_after: None },
            };
            if read != Read::Refused {
                break;
            }
        }
        read
    }

    /// Sends a request, and reads the reply.
    async fn post(&self, url: &Url, request: Request) -> Result<Reply, Outcome> {
        let host = url.host_str().unwrap_or_default();
        let sent = self
            .client
            .post(url.clone())
            .header(AUTHORIZATION, request.authorization)
            .header(CONTENT_TYPE, grade::CONTENT_TYPE)
            .body(request.body)
            .send();
        let response = sent.await.map_err(|error| unreachable(&error, host))?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).map(str::to_owned);
        let content_type = header(CONTENT_TYPE).map(str::to_owned);
        let body = read(response).await.map_err(|error| unreachable(&error, host))?;
        Ok(Reply { status, content_type, retry_after, body })
    }
}

impl<'a> Parcel<'a> {
    /// Where it goes, signed with this secret.
    fn cell(&self, url: &'a Url, secret: &'a SecretString) -> Cell<'a> {
        let Self { sourcedid, consumer_key, .. } = *self;
        Cell { url, sourcedid, consumer_key, secret }
    }
}

/// What became of a grade after an answer that left it open, and the answers to the questions before
/// and after it; the first is [`Read::Unclear`] where none was asked.
fn settle(
    sent: Score,
    looks: Looks,
    retry_after: Option<Duration>,
    why: Why,
    before: &Read,
    after: &Read,
) -> Outcome {
    let unclear = |why: Why| Outcome::Unclear { looks, retry_after, why: why.unclear() };
    match (after, looks) {
        (Read::Score(score), _) if is_that(*score, sent) => Outcome::Recorded,
        // HTTP says that all is well, and there is another score than before: the platform has made
        // its own of ours, as it does with what is late.
        (Read::Score(score), Looks::Good) if is_another(before, *score) => Outcome::Recorded,
        // To send it again without an end would write over what a person entered there.
        (Read::Score(_), _) => unclear(why.asked_and_another()),
        // Where the answer is a page the platform did not take it, and may be under repair.
        (Read::Nothing, Looks::Page) => {
            Outcome::Transient { retry_after, why: why.asked_and_none() }
        }
        (Read::Nothing, _) => unclear(why.asked_and_none()),
        // HTTP says that all is well, and who could say more does not know the question.
        (Read::Unknown, Looks::Good) => Outcome::Recorded,
        // Where both are pages somebody else answers: one logs in there, or it is being mended.
        (Read::Page, Looks::Page) => {
            let why = Why::from("a web page with a good status, to the grade and to the question");
            Outcome::Transient { retry_after, why }
        }
        // Then it takes grades and no questions: that is counted, and the platform does not rest.
        (Read::NotNow { retry_after: asked_for }, _) => {
            let retry_after = retry_after.max(*asked_for);
            Outcome::Unclear { looks, retry_after, why: why.unclear() }
        }
        (Read::Failed | Read::Unknown | Read::Page | Read::Refused | Read::Unclear, _) => {
            unclear(why)
        }
    }
}

/// Whether this score was not there before.
fn is_another(before: &Read, score: f64) -> bool {
    match before {
        Read::Nothing => true,
        Read::Score(before) => Score::new(*before).is_some_and(|before| !is_that(score, before)),
        Read::NotNow { .. }
        | Read::Failed
        | Read::Refused
        | Read::Unknown
        | Read::Page
        | Read::Unclear => false,
    }
}

fn is_that(score: f64, sent: Score) -> bool {
    Score::new(score).is_some_and(|score| score.says_the_same_as(sent))
}

/// What came back.
struct Reply {
    status: u16,
    content_type: Option<String>,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Reply {
    fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            content_type: self.content_type.as_deref(),
            retry_after: self.retry_after.as_deref(),
            body: &self.body,
        }
    }
}

/// Reads the answer as far as it is of interest. What is cut off is no whole message any more, and
/// is treated as such.
async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = answer::LARGEST.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            break;
        }
    }
    Ok(body)
}

/// No answer came from a host. The words are ours: an error of the client quotes the address. A name
/// that stands for a private address now may stand for another one later.
fn unreachable(error: &reqwest::Error, host: &str) -> Outcome {
    let private = causes(error).find_map(|cause| cause.downcast_ref::<OutOfReach>());
    let is_sent = private.is_none() && !error.is_connect();
    let host: String = host.chars().take(LONGEST_HOST).collect();
    let why = if let Some(why) = private {
        Why::from(format!("{why}: {host}"))
    } else if error.is_connect() {
        Why::from(format!("the platform cannot be reached: {}: {host}", cause(error)))
    } else if error.is_timeout() {
        Why::from(format!("the platform did not answer in time: {host}"))
    } else {
        Why::from(format!("{}: {host}", Cause::Broken))
    };
    Outcome::Busy { retry_after: None, why: if is_sent { why.unclear() } else { why } }
}

type AnyError = dyn std::error::Error + 'static;

/// The causes of an error, also those that an error of the system stands for.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &AnyError> {
    std::iter::successors(error.source(), |cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| -> &AnyError { inner }).or_else(|| (*cause).source())
    })
}

/// Why a connection did not come about.
fn cause(error: &reqwest::Error) -> Cause {
    for cause in causes(error) {
        if let Some(NotFound(why)) = cause.downcast_ref() {
            // The system has no kind for it.
            let is_temporary = why.to_string().contains("emporary failure");
            return if is_temporary { Cause::NoNameServer } else { Cause::NoName };
        }
        if let Some(fault) = cause.downcast_ref::<rustls::Error>() {
            return tls_cause(fault);
        }
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        match kind {
            Some(io::ErrorKind::ConnectionRefused) => return Cause::Refused,
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                return Cause::NoWay;
            }
            Some(io::ErrorKind::TimedOut) => return Cause::TimedOut,
            Some(_) | None => {}
        }
    }
    if error.is_timeout() { Cause::TimedOut } else { Cause::Broken }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's lists of faults are open")]
fn tls_cause(fault: &rustls::Error) -> Cause {
    use rustls::CertificateError as Bad;
    match fault {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Bad::Expired
            | Bad::ExpiredContext { .. }
            | Bad::NotValidYet
            | Bad::NotValidYetContext { .. } => Cause::CertificateDate,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Cause::CertificateName,
            Bad::UnknownIssuer => Cause::CertificateIssuer,
            _ => Cause::Certificate,
        },
        _ => Cause::NoTls,
    }
}

/// No address is found for a name.
#[derive(Debug, thiserror::Error)]
#[error("no address is found for the name")]
struct NotFound(#[source] io::Error);

/// Looks names up, and keeps quiet about private addresses. The check is made here because a name
/// may stand for another address each time it is looked up.
#[derive(Debug)]
struct Lookup {
    allow_private: bool,
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NotFound)?;
            let found: Vec<SocketAddr> = found.collect();
            let are_any = !found.is_empty();
            let usable: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| allow_private || reach::is_public(address.ip()))
                .collect();
            if usable.is_empty() && are_any {
                return Err(OutOfReach::Private.into());
            }
            Ok::<Addrs, _>(Box::new(usable.into_iter()))
        })
    }
}

#[cfg(test)]
#[path = "courier_tests.rs"]
mod tests;
