//! Connections to the servers of HTTP.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// Why connections are refused: all of one address, or all, are at work, or files are short.
pub const CONNECTION_REFUSALS: [&str; 3] = ["address", "all", "files"];
/// The servers of HTTP.
pub const SERVERS: [&str; 2] = ["pages", "metrics"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    server: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    server: &'static str,
    reason: &'static str,
}

/// Connections by server.
#[derive(Debug, Default)]
pub(super) struct Servers {
    open: Family<Served, Gauge>,
    refused: Family<Refused, Counter>,
}

impl Servers {
    /// Declares them, at zero.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let servers = Self::default();
        registry.register(
            "http_connections",
            "Connections that are open now, by server",
            servers.open.clone(),
        );
        registry.register(
            "http_refused_connections",
            "Connections that were closed at once as too many were at work: of their address, or in all, or files were short",
            servers.refused.clone(),
        );
        for server in SERVERS {
            drop(servers.open.get_or_create(&Served { server }));
            for reason in CONNECTION_REFUSALS {
                drop(servers.refused.get_or_create(&Refused { server, reason }));
            }
        }
        servers
    }

    pub(super) fn of(&self, server: &'static str) -> Connections {
        let open = self.open.get_or_create_owned(&Served { server });
        Connections { server, open, refused: self.refused.clone() }
    }
}

/// The connections of one server.
#[derive(Clone, Debug)]
pub struct Connections {
    server: &'static str,
    open: Gauge,
    refused: Family<Refused, Counter>,
}

impl Connections {
    /// Which server that is: one of [`SERVERS`].
    pub fn server(&self) -> &'static str {
        self.server
    }

    /// So many are open now.
    pub fn open(&self, n: usize) {
        self.open.set(i64::try_from(n).unwrap_or(i64::MAX));
    }

    /// One is refused, for a reason of [`CONNECTION_REFUSALS`].
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Refused { server: self.server, reason }).inc();
    }
}
