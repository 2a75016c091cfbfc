//! Ways into a server: from its addresses to a stream that is logged in.
//!
//! An attempt walks through the servers of a domain, in the order of its records, and through those to
//! which they send it (RFC 6120, section 4.9.3.19): bounded in number and time, never the same
//! server twice, never to a network nearer to this machine than that of the server that sends. TLS and
//! the name in the certificate stay those of the account, wherever that leads.

use std::{collections::VecDeque, time::Duration};

use log::debug;
use tokio::time::Instant;
use xmpp_parsers::sm;

use super::{
    Down,
    component::{self, Face},
    connect::{Origin, Place},
    login::{LoggedIn, Login},
    pace::Pace,
    target::{Elsewhere, Reach, Target},
};

/// Times that one attempt lets servers send it elsewhere (RFC 6120: no more than 5).
const MOST_HOPS: u32 = 5;

/// Servers of another host that are tried, of those that its records name.
const MOST_ELSEWHERE: usize = 4;

/// How long an attempt begins with other servers.
const ATTEMPT: Duration = Duration::from_mins(3);

/// A server's word that the stream should be elsewhere, and whose word that is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Sent {
    pub(super) host: String,
    pub(super) from: Origin,
}

/// How the stream is entered.
#[derive(Debug)]
pub(super) enum Entrance {
    /// As a client of the server.
    Client(Box<(Place, Login)>),
    /// As a component of it.
    Component(component::Entrance),
}

impl Entrance {
    /// Enters; `sent`: where an earlier stream was sent to, which is tried first.
    pub(super) async fn enter(
        &self,
        pace: &Pace,
        resume: Option<sm::Resume>,
        sent: Option<Sent>,
    ) -> Result<LoggedIn, Down> {
        match self {
            Self::Client(client) => Walk::new(&client.0, &client.1, pace).run(resume, sent).await,
            Self::Component(component) => component.enter(pace).await,
        }
    }

    pub(super) fn face(&self) -> Face {
        match self {
            Self::Client(client) => Face { own: client.1.jid().clone(), stamp: None },
            Self::Component(component) => component.face(),
        }
    }
}

/// A server to try.
struct Next {
    target: Target,
    /// How near it may be.
    nearest: Reach,
    /// Whether its TLS may begin either way: who sends us there names a port, and not how TLS begins.
    is_either: bool,
}

/// One attempt.
struct Walk<'a> {
    server: &'a Place,
    login: &'a Login,
    pace: &'a Pace,
    /// Servers to try next.
    next: VecDeque<Next>,
    /// Servers that were tried.
    seen: Vec<Target>,
    n_hops: u32,
    tried: Tried,
}

impl<'a> Walk<'a> {
    fn new(server: &'a Place, login: &'a Login, pace: &'a Pace) -> Self {
        let (next, seen) = (VecDeque::new(), Vec::new());
        Self { server, login, pace, next, seen, n_hops: 0, tried: Tried::default() }
    }

    async fn run(
        mut self,
        resume: Option<sm::Resume>,
        sent: Option<Sent>,
    ) -> Result<LoggedIn, Down> {
        let end = Instant::now() + ATTEMPT;
        if let Some(sent) = sent {
            self.follow(sent).await?;
        }
        let mut has_asked = false;
        loop {
            let Some(Next { target, nearest, is_either }) = self.next.pop_front() else {
                if has_asked {
                    break;
                }
                has_asked = true;
                match self.server.targets().await {
                    Ok(targets) => {
                        self.next.extend(targets.into_iter().map(|target| Next {
                            target,
                            nearest: Reach::Machine,
                            is_either: false,
                        }));
                    }
                    Err(why) => self.tried.failed(why)?,
                }
                continue;
            };
            if self.seen.contains(&target) {
                continue;
            }
            if !self.seen.is_empty() && Instant::now() >= end {
                break;
            }
            self.seen.push(target.clone());
            match self.attempt(&target, nearest, resume.clone()).await {
                Ok(logged_in) => return Ok(logged_in),
                Err((Down::SeeOtherHost { host }, Some(from))) => {
                    debug!("{target}: see {host}");
                    self.follow(Sent { host, from }).await?;
                }
                Err((why, origin)) => {
                    debug!("{target}: {why}");
                    // It was not gone to on another server's word; the records may name it, too.
                    if origin.is_none() && matches!(why, Down::Redirect { .. }) {
                        self.seen.pop();
                    }
                    if is_either && matches!(why, Down::TlsFailed { .. }) {
                        let target = target.other_way();
                        self.next.push_front(Next { target, nearest, is_either: false });
                    }
                    self.tried.failed(why)?;
                }
            }
        }
        Err(self.tried.0.unwrap_or_else(|| self.server.no_address("its records name no server")))
    }

    /// Tries one server; a failure comes with where that server is, if it was reached.
    async fn attempt(
        &self,
        target: &Target,
        nearest: Reach,
        resume: Option<sm::Resume>,
    ) -> Result<LoggedIn, (Down, Option<Origin>)> {
        let line = self.server.dial(target, nearest).await.map_err(|why| (why, None))?;
        let origin = line.origin;
        let steps = async {
            let connected = self.server.secure(line, self.pace.setup).await?;
            self.login.run(connected, self.pace.setup, resume).await
        };
        steps.await.map_err(|why| (why, Some(origin)))
    }

    /// Puts the servers of another host before all others, or says why not.
    ///
    /// # Errors
    ///
    /// [`Tried::failed`].
    async fn follow(&mut self, sent: Sent) -> Result<(), Down> {
        match self.led_to(sent).await {
            Ok(new) => {
                for next in new.into_iter().rev() {
                    self.next.push_front(next);
                }
                Ok(())
            }
            Err(why) => self.tried.failed(why),
        }
    }

    /// The servers of another host that are to be tried, or why there is none.
    async fn led_to(&mut self, Sent { host, from }: Sent) -> Result<Vec<Next>, Down> {
        let refused = |why| Down::Redirect { host: host.clone(), why };
        self.n_hops = self.n_hops.saturating_add(1);
        if self.n_hops > MOST_HOPS {
            return Err(refused("that is once too often in one attempt"));
        }
        if !self.server.has_tls() {
            return Err(refused("the stream has no TLS to show whose server that is"));
        }
        let elsewhere = Elsewhere::parse(&host).map_err(refused)?;
        let is_either = elsewhere.port.is_some();
        let targets = self.server.elsewhere(elsewhere, from.way).await?;
        let new: Vec<Next> = targets
            .into_iter()
            .filter(|target| !self.was_at(target))
            .take(MOST_ELSEWHERE)
            .map(|target| Next { target, nearest: from.reach, is_either })
            .collect();
        if new.is_empty() { Err(refused("that was tried before in this attempt")) } else { Ok(new) }
    }

    /// Whether that host and port were tried, however TLS began there.
    fn was_at(&self, target: &Target) -> bool {
        self.seen.contains(target) || self.seen.contains(&target.clone().other_way())
    }
}

/// The servers of a domain that were tried in vain: what is said of them all.
#[derive(Debug, Default)]
struct Tried(Option<Down>);

impl Tried {
    /// Another one failed. The next may do better, wherever this one stopped; but it knows no other
    /// password, and what took the resource is there too.
    ///
    /// # Errors
    ///
    /// The failure itself, if no other server is to be tried.
    fn failed(&mut self, why: Down) -> Result<(), Down> {
        if matches!(why, Down::AuthRefused { .. } | Down::Conflict) {
            return Err(why);
        }
        // As long as one of them may mend itself, so may all.
        if self.0.as_ref().is_none_or(|last| last.is_fatal() || !why.is_fatal()) {
            self.0 = Some(why);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_server_is_tried_wherever_the_one_before_failed() {
        let mut tried = Tried::default();
        let fatal = || Down::TlsNotOffered { server: "one:5222".to_owned() };
        for why in [fatal(), Down::Closed, Down::Timeout("while securing the stream"), fatal()] {
            assert_eq!(tried.failed(why), Ok(()));
        }
        assert_eq!(tried.0, Some(Down::Timeout("while securing the stream")));

        let refused = Down::AuthRefused {
            condition: "not-authorized".to_owned(),
            text: String::new(),
            advice: "",
        };
        assert_eq!(tried.failed(refused.clone()), Err(refused));
    }
}
