//! The HTTP client that carries grades: suspicious of where it is sent and of what comes back.

use std::{error::Error as _, net::SocketAddr, sync::Arc, time::Duration};

use lti::{
    answer::{self, Answer, Outcome},
    grade::{self, Attempt, Cell, Details, Request, Score},
    reach::{self, OutOfReach},
};
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER},
    redirect,
};
use secrecy::SecretString;
use url::Url;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
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
    /// Whether the attempt before ended in a refused signature.
    pub was_refused: bool,
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

    /// Makes one attempt. `now` is in seconds since 1970; `nonce` must be fresh each time it is
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
        let Parcel { sourcedid, consumer_key, .. } = parcel;
        let mut secrets = parcel.secrets.iter().peekable();
        let (cell, outcome) = loop {
            let Some(secret) = secrets.next() else {
                // Somebody may put it back.
                let why = "the settings have no such consumer any more".into();
                return Outcome::Transient { retry_after: None, why };
            };
            let cell = Cell { url: &url, sourcedid, consumer_key, secret };
            let attempt = Attempt { nonce: nonce(), timestamp: now };
            let request = grade::replace_result(cell, parcel.score, parcel.details, &attempt);
            let outcome = match self.post(&url, request).await {
                Ok(reply) => {
                    answer::classify(&reply.answer(), &attempt.nonce, parcel.was_refused, now)
                }
                Err(outcome) => outcome,
            };
            let is_refused = match &outcome {
                Outcome::Transient { why, .. } | Outcome::Permanent { why } => {
                    answer::is_refusal(&why.kind)
                }
                Outcome::Recorded | Outcome::Unclear { .. } | Outcome::Busy { .. } => false,
            };
            if !is_refused || secrets.peek().is_none() {
                break (cell, outcome);
            }
        };
        let Outcome::Unclear { retry_after, why } = outcome else { return outcome };
        let attempt = Attempt { nonce: nonce(), timestamp: now };
        let reply = self.post(&url, grade::read_result(cell, &attempt)).await;
        let score = reply.ok().and_then(|reply| answer::score_of(&reply.answer(), &attempt.nonce));
        match score.and_then(Score::new) {
            Some(score) if score.says_the_same_as(parcel.score) => Outcome::Recorded,
            Some(_) | None => Outcome::Transient { retry_after, why },
        }
    }

    /// Sends a request, and reads the reply.
    async fn post(&self, url: &Url, request: Request) -> Result<Reply, Outcome> {
        let sent = self
            .client
            .post(url.clone())
            .header(AUTHORIZATION, request.authorization)
            .header(CONTENT_TYPE, grade::CONTENT_TYPE)
            .body(request.body)
            .send();
        let response = sent.await.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let body = read(response).await.map_err(|error| unreachable(&error))?;
        Ok(Reply { status, retry_after, body })
    }
}

/// What came back.
struct Reply {
    status: u16,
    retry_after: Option<String>,
    body: Vec<u8>,
}

impl Reply {
    fn answer(&self) -> Answer<'_> {
        let retry_after = self.retry_after.as_deref();
        Answer { status: self.status, retry_after, body: &self.body }
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

/// No answer came. The words are ours: an error of the client quotes the address. A name that stands
/// for a private address now may stand for another one later.
fn unreachable(error: &reqwest::Error) -> Outcome {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let private = causes.find_map(|cause| cause.downcast_ref::<OutOfReach>());
    let why = if let Some(why) = private {
        &why.to_string()
    } else if error.is_timeout() {
        "the platform did not answer in time"
    } else if error.is_connect() {
        "the platform cannot be reached"
    } else {
        "the connection to the platform broke"
    };
    Outcome::Busy { retry_after: None, why: why.into() }
}

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
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
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
mod tests {
    use super::*;

    async fn deliver(url: &str, allow_private: bool) -> Outcome {
        let courier = Courier::new(allow_private, None).unwrap();
        let parcel = Parcel {
            url,
            sourcedid: "cell",
            score: Score::FULL,
            consumer_key: "key",
            secrets: &[SecretString::from("secret")],
            details: Details::default(),
            was_refused: false,
        };
        courier.deliver(parcel, || "nonce".to_owned(), 1_700_000_000).await
    }

    #[actix::test]
    async fn a_name_that_stands_for_a_private_address_is_not_called() {
        let outcome = deliver("https://localhost:1/", false).await;
        assert_eq!(
            outcome,
            Outcome::Busy { retry_after: None, why: "the outcome address is private".into() }
        );
    }

    #[actix::test]
    async fn a_private_address_is_not_called() {
        let outcome = deliver("https://127.0.0.1:1/", false).await;
        assert!(matches!(outcome, Outcome::Permanent { .. }), "{outcome:?}");
    }

    #[actix::test]
    async fn a_service_that_is_not_there_may_come_back() {
        let outcome = deliver("http://127.0.0.1:1/", true).await;
        assert_eq!(
            outcome,
            Outcome::Busy { retry_after: None, why: "the platform cannot be reached".into() }
        );
    }
}
