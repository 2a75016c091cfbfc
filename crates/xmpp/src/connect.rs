//! From an account to a connection that is secured as configured.

use std::{future::Future, net::SocketAddr, time::Duration};

use hickory_resolver::{TokioResolver, proto::rr::RData};
use jid::BareJid;
use rustls_pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::Host;
use xmpp_parsers::{ns, starttls};

use super::{
    Account, ConfigError, Down, Negotiated,
    link::{Io, Link, unexpected},
    tls::{Connector, Secured},
};

/// Port of XMPP clients (RFC 6120, "Fallback Process").
const PORT: u16 = 5222;

/// Longest wait for a name server.
const RESOLVE: Duration = Duration::from_secs(10);

/// Longest wait for one address to answer.
const CONNECT: Duration = Duration::from_secs(10);

/// Where the server of an account is and how a stream to it is secured.
#[derive(Debug)]
pub(super) struct Place {
    own: BareJid,
    /// The domain of the account in the form of DNS.
    domain: Host,
    fixed: Option<Target>,
    tls: Option<Connector>,
}

/// A host and a port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    host: Host,
    port: u16,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A connection that is ready for the login.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) link: Link<Box<dyn Io>>,
    /// What TLS agreed on.
    pub(super) negotiated: Option<Negotiated>,
    /// Data of the channel binding `tls-exporter`.
    pub(super) exporter: Option<Vec<u8>>,
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
        } else {
            None
        };
        Ok(Self { own: account.jid.clone(), domain, fixed, tls })
    }

    /// Connects to one of the servers and secures the stream, the latter within `limit`.
    pub(super) async fn connect(
        &self,
        target: &Target,
        limit: Duration,
    ) -> Result<Connected, Down> {
        let stream = dial_target(target).await?;
        let server = target.to_string();
        match &self.tls {
            None => {
                let io: Box<dyn Io> = Box::new(stream);
                let link = Link::new(io, &self.own);
                Ok(Connected { link, negotiated: None, exporter: None })
            }
            Some(connector) => {
                let secured = within(limit, "while securing the stream", async {
                    let stream = self.starttls(stream, &server).await?;
                    connector.secure(stream, &server).await
                })
                .await?;
                let Secured { stream, negotiated, exporter } = secured;
                let io: Box<dyn Io> = Box::new(stream);
                let link = Link::new(io, &self.own);
                Ok(Connected { link, negotiated: Some(negotiated), exporter })
            }
        }
    }

    /// Asks for TLS on a stream in the clear, which is used for nothing else.
    async fn starttls(&self, stream: TcpStream, server: &str) -> Result<TcpStream, Down> {
        let mut link = Link::new(stream, &self.own);
        let features = link.open(false).await?;
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
        if let Some(target) = &self.fixed {
            return Ok(vec![target.clone()]);
        }
        let fallback = Target { host: self.domain.clone(), port: PORT };
        let Host::Domain(domain) = &self.domain else { return Ok(vec![fallback]) };
        // Reserved names (RFC 6761) are in no DNS.
        if is_localhost(domain) {
            return Ok(vec![fallback]);
        }
        let records = timeout(RESOLVE, srv_records(domain)).await.unwrap_or_default();
        match records.as_slice() {
            [] => Ok(vec![fallback]),
            [only] if only.target.is_empty() => {
                Err(self.no_address("its DNS says that it has no XMPP server"))
            }
            _ => {
                let ordered = order(records, |total| rand::random_range(0..=total));
                Ok(ordered
                    .into_iter()
                    .filter_map(|record| {
                        let host = Host::parse(&record.target).ok()?;
                        Some(Target { host, port: record.port })
                    })
                    .collect())
            }
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
        let io: Box<dyn Io> = Box::new(dial_target(&self.target).await?);
        Ok(Connected { link: Link::new(io, &self.own), negotiated: None, exporter: None })
    }
}

impl Target {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let fault = || ConfigError::Server { server: text.to_owned() };
        let (host, port) = text.trim().rsplit_once(':').ok_or_else(fault)?;
        let host = Host::parse(host).map_err(|_no_host| fault())?;
        let port = port.parse().ok().filter(|&port| port != 0).ok_or_else(fault)?;
        Ok(Self { host, port })
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

async fn dial_target(target: &Target) -> Result<TcpStream, Down> {
    let addresses: Vec<SocketAddr> = match &target.host {
        Host::Ipv4(address) => vec![(*address, target.port).into()],
        Host::Ipv6(address) => vec![(*address, target.port).into()],
        Host::Domain(name) => {
            within(RESOLVE, "while looking up the server", async {
                let found = lookup_host((name.as_str(), target.port)).await;
                found
                    .map(Iterator::collect)
                    .map_err(|error| Down::Resolve { host: name.clone(), why: error.to_string() })
            })
            .await?
        }
    };
    let mut why = "it has no address".to_owned();
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Short stanzas should not wait for each other; without it, it works too.
                stream.set_nodelay(true).unwrap_or_default();
                return Ok(stream);
            }
            Ok(Err(error)) => why = error.to_string(),
            Err(_elapsed) => "it does not answer".clone_into(&mut why),
        }
    }
    Err(Down::Unreachable { server: target.to_string(), why })
}

/// A record of the service `_xmpp-client._tcp`.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Record {
    priority: u16,
    weight: u16,
    port: u16,
    /// Without the dot at the end; empty for "no such service here".
    target: String,
}

/// The SRV records of a domain; none if the lookup fails, as the domain itself may still serve.
async fn srv_records(domain: &str) -> Vec<Record> {
    let lookup = async {
        let resolver = TokioResolver::builder_tokio()?.build()?;
        resolver.srv_lookup(format!("_xmpp-client._tcp.{domain}.")).await
    };
    let Ok(found) = lookup.await else { return Vec::new() };
    let record = |data: &RData| {
        let RData::SRV(srv) = data else { return None };
        Some(Record {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_ascii().trim_end_matches('.').to_owned(),
        })
    };
    found.answers().iter().filter_map(|answer| record(&answer.data)).collect()
}

/// Orders records as RFC 2782 says: by priority, and among equals by chance in proportion to
/// their weight. `pick` gives a number from 0 to its argument.
fn order(mut records: Vec<Record>, mut pick: impl FnMut(u32) -> u32) -> Vec<Record> {
    // Those of weight 0 come first, so that they have a small chance at all.
    records.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(first) = records.first() {
        let priority = first.priority;
        let equals = records.iter().take_while(|record| record.priority == priority);
        let total = equals.clone().map(|record| u32::from(record.weight)).sum();
        let mut left = pick(total);
        let chosen = equals.clone().position(|record| {
            let weight = u32::from(record.weight);
            let is_chosen = left <= weight;
            left = left.saturating_sub(weight);
            is_chosen
        });
        ordered.push(records.remove(chosen.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(priority: u16, weight: u16, target: &str) -> Record {
        Record { priority, weight, port: PORT, target: target.to_owned() }
    }

    fn names(records: &[Record]) -> Vec<&str> {
        records.iter().map(|record| record.target.as_str()).collect()
    }

    #[test]
    fn records_are_tried_by_priority_and_weight() {
        let records = vec![
            record(20, 0, "backup"),
            record(10, 60, "big"),
            record(10, 10, "small"),
            record(10, 0, "never"),
        ];

        let lowest = order(records.clone(), |_| 0);
        let highest = order(records.clone(), |total| total);
        let middle = order(records, |total| total / 2);

        assert_eq!(names(&lowest), ["never", "small", "big", "backup"]);
        assert_eq!(names(&highest), ["big", "small", "never", "backup"]);
        assert_eq!(names(&middle), ["big", "small", "never", "backup"]);
    }

    #[test]
    fn servers_are_host_and_port() {
        for (text, expected) in [
            ("127.0.0.1:5222", "127.0.0.1:5222"),
            ("[::1]:5223", "[::1]:5223"),
            (" xmpp.example.org:1 ", "xmpp.example.org:1"),
            ("b\u{fc}cher.example:5222", "xn--bcher-kva.example:5222"),
        ] {
            assert_eq!(Target::parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "localhost", "localhost:", "localhost:0", "localhost:65536", ":5222"] {
            assert!(matches!(Target::parse(text), Err(ConfigError::Server { .. })), "{text}");
        }
    }
}
