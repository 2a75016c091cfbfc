//! From an account to a connection that is secured as configured.

use std::{future::Future, time::Duration};

use hickory_resolver::TokioResolver;
use jid::BareJid;
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use url::Host;
use xmpp_parsers::{ns, starttls};

use super::{
    Account, ConfigError, Down, Negotiated,
    dns::{self, Found},
    link::{Io, Link, unexpected},
    target::{Elsewhere, PORT, Reach, Target, Way},
    tls::{Connector, Secured},
};

/// Longest wait for a name server.
pub(super) const RESOLVE: Duration = Duration::from_secs(10);

/// Where the server of an account is and how a stream to it is secured.
#[derive(Debug)]
pub(super) struct Place {
    own: BareJid,
    /// The domain of the account in the form of DNS.
    domain: Host,
    fixed: Option<Target>,
    tls: Option<Connector>,
    /// Whom to ask for records; `None`: whom the system asks.
    resolver: Option<TokioResolver>,
}

/// Where a stream leads: what is said there about other servers is judged by it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Origin {
    pub(super) way: Way,
    pub(super) reach: Reach,
}

/// A connection of which nothing is used yet.
#[derive(Debug)]
pub(super) struct Line {
    stream: TcpStream,
    server: String,
    pub(super) origin: Origin,
}

/// A connection that is ready for the login.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) link: Link<Box<dyn Io>>,
    /// What TLS agreed on.
    pub(super) negotiated: Option<Negotiated>,
    /// Data of the channel binding `tls-exporter`.
    pub(super) exporter: Option<Vec<u8>>,
    /// Where it leads.
    pub(super) origin: Origin,
}

impl Place {
    pub(super) fn new(account: &Account) -> Result<Self, ConfigError> {
        let domain_text = account.jid.domain().as_str();
        let no_domain = || ConfigError::Domain { domain: domain_text.to_owned() };
        // It also turns domains in other scripts into the form that DNS and TLS know.
        let domain = Host::parse(domain_text).map_err(|_no_host| no_domain())?;
        let fixed = account.server.as_deref().map(Target::parse).transpose()?;
        let tls = if account.tls.enabled {
            let target = fixed.as_ref().map_or(&domain, |target| &target.host);
            if account.tls.ca_certs.is_none() && is_elsewhere(target) {
                return Err(ConfigError::UncheckedServer { server: target.to_string() });
            }
            let name = match &domain {
                Host::Domain(name) => {
                    ServerName::try_from(name.clone()).map_err(|_no_name| no_domain())?
                }
                &Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
                &Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
            };
            Some(Connector::new(&account.tls, name)?)
        } else if fixed.as_ref().is_some_and(|target| target.way == Way::DirectTls) {
            return Err(ConfigError::DirectTls { why: "tls.enabled is false" });
        } else {
            None
        };
        Ok(Self { own: account.jid.clone(), domain, fixed, tls, resolver: None })
    }

    /// Connects to one of the servers, if it is not nearer than `nearest`.
    pub(super) async fn dial(&self, target: &Target, nearest: Reach) -> Result<Line, Down> {
        Line::to(target, nearest).await
    }

    /// Secures the stream within `limit`.
    pub(super) async fn secure(&self, line: Line, limit: Duration) -> Result<Connected, Down> {
        let Line { stream, server, origin } = line;
        let Some(connector) = &self.tls else {
            return Ok(Connected::in_clear(stream, origin, &self.own));
        };
        let secured = within(limit, "while securing the stream", async {
            let stream = match origin.way {
                Way::StartTls => self.starttls(stream, &server).await?,
                Way::DirectTls => stream,
            };
            connector.secure(stream, &server, origin.way).await
        })
        .await?;
        let Secured { stream, negotiated, exporter } = secured;
        let io: Box<dyn Io> = Box::new(stream);
        Ok(Connected {
            link: Link::new(io, &self.own),
            negotiated: Some(negotiated),
            exporter,
            origin,
        })
    }

    /// Whether the stream is secured, so that its certificate shows whose server it is.
    pub(super) fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Asks for TLS on a stream in the clear, which is used for nothing else.
    async fn starttls(&self, stream: TcpStream, server: &str) -> Result<TcpStream, Down> {
        let mut link = Link::new(stream, &self.own);
        let features = match link.open(false).await {
            Err(Down::Broken(_) | Down::Closed) if link.may_want_tls() => {
                return Err(Down::TlsFailed {
                    server: server.to_owned(),
                    why: format!(
                        "it hung up on a stream in the clear; if that is a port of TLS from the first \
                         byte, xmpp.accounts.….server is xmpps://{server}"
                    ),
                });
            }
            opened => opened?,
        };
        if !features.has_child("starttls", ns::TLS) {
            return Err(Down::TlsNotOffered { server: server.to_owned() });
        }
        link.send(&starttls::Request).await?;
        let answer = link.nonza().await?;
        if answer.is("failure", ns::TLS) {
            return Err(Down::TlsNotOffered { server: server.to_owned() });
        }
        if !answer.is("proceed", ns::TLS) {
            return Err(unexpected(answer.name(), None));
        }
        // Anything read ahead was sent in the clear by anyone, but would count as secured.
        if link.has_more() {
            return Err(Down::Broken("it sent data between <proceed/> and TLS".to_owned()));
        }
        let (stream, ..) = link.into_parts();
        Ok(stream)
    }

    /// The servers, in the order in which they are to be tried.
    pub(super) async fn targets(&self) -> Result<Vec<Target>, Down> {
        match &self.fixed {
            Some(target) => Ok(vec![target.clone()]),
            None => self.targets_of(&self.domain, Way::StartTls).await,
        }
    }

    /// The servers to which a server sends us: also what the records of a host say is a stranger's
    /// word, and may not lead to other services.
    pub(super) async fn elsewhere(
        &self,
        elsewhere: Elsewhere,
        way: Way,
    ) -> Result<Vec<Target>, Down> {
        match elsewhere {
            Elsewhere { host, port: Some(port) } => Ok(vec![Target { host, port, way }]),
            Elsewhere { host, port: None } => {
                let mut targets = self.targets_of(&host, way).await?;
                targets.retain(|target| Elsewhere::may_be_at(target.port));
                if targets.is_empty() {
                    let why = "its DNS names nothing but ports of other services";
                    return Err(Down::Redirect { host: host.to_string(), why });
                }
                Ok(targets)
            }
        }
    }

    /// What the records of a host say; without any, itself.
    async fn targets_of(&self, host: &Host, way: Way) -> Result<Vec<Target>, Down> {
        let itself = Target { host: host.clone(), port: PORT, way };
        let Host::Domain(name) = host else { return Ok(vec![itself]) };
        // Reserved names (RFC 6761) are in no DNS.
        if is_localhost(name) {
            return Ok(vec![itself]);
        }
        match dns::find(self.resolver.clone(), name, self.tls.is_some()).await {
            Found::Nothing => Ok(vec![itself]),
            Found::NoService => Err(Down::Resolve {
                host: name.clone(),
                why: "its DNS says that it has no XMPP server for clients (a record with the \
                      target .); xmpp.accounts.….server can name one"
                    .to_owned(),
            }),
            Found::Targets(targets) => Ok(targets),
        }
    }

    /// There is none.
    pub(super) fn no_address(&self, why: &str) -> Down {
        Down::Resolve { host: self.domain.to_string(), why: why.to_owned() }
    }
}

/// A server on this machine, with a component's stream in the clear.
#[derive(Debug)]
pub(super) struct Local {
    own: BareJid,
    target: Target,
}

impl Local {
    pub(super) fn new(server: &str, own: &BareJid) -> Result<Self, ConfigError> {
        let target = Target::parse(server)?;
        if target.way == Way::DirectTls {
            return Err(ConfigError::DirectTls { why: "the stream of a component has no TLS" });
        }
        let is_here = match &target.host {
            Host::Domain(name) => is_localhost(name),
            Host::Ipv4(_) | Host::Ipv6(_) => !is_elsewhere(&target.host),
        };
        if !is_here {
            return Err(ConfigError::Elsewhere { server: target.to_string() });
        }
        Ok(Self { own: own.clone(), target })
    }

    pub(super) async fn connect(&self) -> Result<Connected, Down> {
        let Line { stream, origin, .. } = Line::to(&self.target, Reach::Machine).await?;
        Ok(Connected::in_clear(stream, origin, &self.own))
    }
}

impl Line {
    async fn to(target: &Target, nearest: Reach) -> Result<Self, Down> {
        let stream = target.dial(nearest).await?;
        // A connection that is gone already leads nowhere in particular.
        let reach = stream.peer_addr().map_or(Reach::World, |peer| Reach::of(peer.ip()));
        Ok(Self { stream, server: target.to_string(), origin: Origin { way: target.way, reach } })
    }
}

impl Connected {
    fn in_clear(stream: TcpStream, origin: Origin, own: &BareJid) -> Self {
        let io: Box<dyn Io> = Box::new(stream);
        Self { link: Link::new(io, own), negotiated: None, exporter: None, origin }
    }
}

fn is_localhost(domain: &str) -> bool {
    domain == "localhost" || domain.ends_with(".localhost")
}

/// Whether the host is certainly not this machine; a name is only known once looked up.
fn is_elsewhere(host: &Host) -> bool {
    match host {
        Host::Domain(_) => false,
        Host::Ipv4(address) => !address.is_loopback(),
        Host::Ipv6(address) => !address.to_canonical().is_loopback(),
    }
}

/// Bounds a step of the set-up.
pub(super) async fn within<T>(
    limit: Duration,
    what: &'static str,
    step: impl Future<Output = Result<T, Down>>,
) -> Result<T, Down> {
    timeout(limit, step).await.unwrap_or(Err(Down::Timeout(what)))
}

#[cfg(test)]
mod tests;
