//! Servers that are found by a name server on loopback, which speaks real DNS.

use std::{net::SocketAddr, sync::Arc};

use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::{
        op::{Message, MessageType, ResponseCode},
        rr::{Name, RData, Record, RecordType, rdata::SRV},
    },
};
use support::prosody::{Options, Prosody, make_certificates};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

use super::*;
use crate::{Tls, TlsVersion};

/// Bytes of an answer over UDP, without extensions.
const UDP: usize = 512;

/// A name, and what its SRV records are: priority, weight, port, target.
type Zone = Vec<(&'static str, Vec<(u16, u16, u16, String)>)>;

/// The answer to a question: the records, or that there is no such name.
fn answer(question: &[u8], zone: &Zone) -> Message {
    let asked = Message::from_vec(question).unwrap();
    let query = asked.queries[0].clone();
    let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
    assert_eq!(answer.metadata.message_type, MessageType::Response);
    answer.metadata.recursion_desired = asked.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    let name = query.name().to_ascii();
    let found = zone.iter().find(|(owner, _)| *owner == name);
    match found {
        Some((_, records)) if query.query_type() == RecordType::SRV => {
            for (priority, weight, port, target) in records {
                let target = Name::from_ascii(target).unwrap();
                let data = RData::SRV(SRV::new(*priority, *weight, *port, target));
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
            }
        }
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer.add_query(query);
    answer
}

/// A name server that knows these names, over UDP and, for what is too long for it, TCP.
async fn name_server(zone: Zone) -> SocketAddr {
    let zone = Arc::new(zone);
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let known = Arc::clone(&zone);
    drop(tokio::spawn(async move {
        let mut question = [0; 4_096];
        loop {
            let (length, asker) = udp.recv_from(&mut question).await.unwrap();
            let mut answer = answer(&question[..length], &known);
            if answer.to_vec().unwrap().len() > UDP {
                answer.answers.clear();
                answer.metadata.truncation = true;
            }
            udp.send_to(&answer.to_vec().unwrap(), asker).await.unwrap();
        }
    }));
    drop(tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            while let Ok(length) = stream.read_u16().await {
                let mut question = vec![0; length.into()];
                stream.read_exact(&mut question).await.unwrap();
                let answer = answer(&question, &zone).to_vec().unwrap();
                stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        }
    }));
    address
}

/// A resolver that asks there and nowhere else.
fn resolver(address: SocketAddr) -> TokioResolver {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    let server = NameServerConfig::new(address.ip(), true, connections);
    let config = ResolverConfig::from_name_servers(vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
}

fn account(jid: &str) -> Account {
    Account {
        jid: BareJid::new(jid).unwrap(),
        resource: "otrbot".to_owned(),
        password: "pw".to_owned().into(),
        server: None,
        allow_plain_text: false,
        tls: Tls {
            enabled: true,
            min_version: TlsVersion::V1_2,
            cipher_suites: Vec::new(),
            ca_certs: None,
        },
    }
}

/// A place whose domain is looked up in this zone.
async fn place(jid: &str, zone: Zone) -> Place {
    let mut place = Place::new(&account(jid)).unwrap();
    place.resolver = Some(resolver(name_server(zone).await));
    place
}

async fn found(jid: &str, zone: Zone) -> Result<Vec<String>, Down> {
    let targets = place(jid, zone).await.targets().await?;
    Ok(targets.iter().map(ToString::to_string).collect())
}

fn server(target: &str) -> String {
    target.to_owned()
}

const USUAL: &str = "_xmpp-client._tcp.example.org.";
const DIRECT: &str = "_xmpps-client._tcp.example.org.";

#[tokio::test]
async fn servers_of_both_kinds_are_found_in_one_order() {
    let zone = vec![
        (
            USUAL,
            vec![(5, 0, 5_222, server("b.example.org.")), (30, 0, 80, server("d.example.org."))],
        ),
        (
            DIRECT,
            vec![(1, 0, 443, server("a.example.org.")), (20, 0, 5_223, server("c.example.org."))],
        ),
    ];

    assert_eq!(
        found("bot@example.org", zone).await.unwrap(),
        [
            "xmpps://a.example.org:443",
            "b.example.org:5222",
            "xmpps://c.example.org:5223",
            "d.example.org:80",
        ]
    );
}

#[tokio::test]
async fn without_records_it_is_the_domain_itself() {
    assert_eq!(found("bot@example.org", vec![]).await.unwrap(), ["example.org:5222"]);

    let direct_alone = vec![(DIRECT, vec![(0, 0, 443, server("a.example.org."))])];
    let targets = found("bot@example.org", direct_alone).await.unwrap();
    assert_eq!(targets, ["xmpps://a.example.org:443"]);
}

#[tokio::test]
async fn a_domain_that_says_that_it_has_no_server_is_believed() {
    let none = || vec![(0, 0, 0, server("."))];

    let error =
        found("bot@example.org", vec![(USUAL, none()), (DIRECT, none())]).await.unwrap_err();
    assert!(matches!(error, Down::Resolve { .. }), "{error}");
    assert!(error.to_string().contains("no XMPP server"), "{error}");

    let usual = vec![(0, 0, 5_222, server("a.example.org."))];
    let targets = found("bot@example.org", vec![(USUAL, usual), (DIRECT, none())]).await.unwrap();
    assert_eq!(targets, ["a.example.org:5222"]);
}

#[tokio::test]
async fn names_in_other_scripts_are_looked_up_as_dns_knows_them() {
    let zone = vec![(
        "_xmpps-client._tcp.xn--bcher-kva.example.",
        vec![(0, 0, 443, server("xn--brse-5qa.example."))],
    )];

    let targets = found("bot@b\u{fc}cher.example", zone).await.unwrap();

    assert_eq!(targets, ["xmpps://xn--brse-5qa.example:443"]);
}

#[tokio::test]
async fn of_very_many_records_some_are_tried() {
    let many = (0..600).map(|n| (1, n, 5_222, format!("host{n}.example.org.")));

    let targets = found("bot@example.org", vec![(USUAL, many.collect())]).await.unwrap();

    assert_eq!(targets.len(), 16);
}

#[tokio::test]
async fn a_name_without_a_port_is_looked_up_where_a_server_sends_us_there() {
    let zone = vec![(DIRECT, vec![(0, 0, 443, server("a.example.org."))])];
    let place = place("bot@elsewhere.example", zone).await;
    let follow = |text| place.elsewhere(Elsewhere::parse(text).unwrap(), Way::StartTls);

    let by_records = follow("example.org").await.unwrap();
    let by_port = follow("example.org:5222").await.unwrap();
    let by_address = follow("[2001:db8::1]").await.unwrap();

    let texts = [by_records, by_port, by_address].concat();
    let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["xmpps://a.example.org:443", "example.org:5222", "[2001:db8::1]:5222"]);
}

#[tokio::test]
async fn records_of_a_host_do_not_lead_to_other_services_on_a_servers_word() {
    const OTHER: &str = "_xmpp-client._tcp.other.example.org.";
    let at = |port| (1, 0, port, server("a.example.org."));
    let zone =
        vec![(USUAL, vec![at(25), at(22), at(80)]), (OTHER, vec![at(25), at(443), at(1_024)])];
    let place = place("bot@example.org", zone).await;
    let follow = |text| place.elsewhere(Elsewhere::parse(text).unwrap(), Way::StartTls);

    let error = follow("example.org").await.unwrap_err();
    let mut left: Vec<_> =
        follow("other.example.org").await.unwrap().iter().map(|target| target.port).collect();

    assert!(matches!(&error, Down::Redirect { host, .. } if host == "example.org"), "{error}");
    left.sort_unstable();
    assert_eq!(left, [443, 1_024]);
    // A domain may serve its own accounts wherever it likes.
    assert_eq!(place.targets().await.unwrap().len(), 3);
}

#[tokio::test]
async fn servers_that_were_found_are_secured_for_the_domain_of_the_account() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "example.org");
    let path = folder.path().display();
    let ssl =
        format!("{{ key = \"{path}/localhost.key\"; certificate = \"{path}/localhost.crt\" }}");
    let after =
        format!("VirtualHost \"example.org\"\n\tssl = {ssl}\n\tc2s_direct_tls_ssl = {ssl}\n");
    let prosody =
        Prosody::start_with(&[], Options { direct_tls: true, after, ..Options::default() });
    let port = |address: String| address.rsplit_once(':').unwrap().1.parse().unwrap();
    let zone = vec![
        (USUAL, vec![(2, 0, port(prosody.c2s_addr()), server("localhost."))]),
        (DIRECT, vec![(1, 0, port(prosody.direct_addr()), server("localhost."))]),
    ];
    let mut account = account("bot@example.org");
    account.tls.ca_certs = Some(folder.path().join("ca.crt"));
    let mut place = Place::new(&account).unwrap();
    place.resolver = Some(resolver(name_server(zone).await));

    let targets = place.targets().await.unwrap();

    let ways: Vec<_> = targets.iter().map(|target| target.way).collect();
    assert_eq!(ways, [Way::DirectTls, Way::StartTls]);
    for target in targets {
        let line = place.dial(&target, Reach::Machine).await.unwrap();
        let connected = place.secure(line, Duration::from_secs(30)).await.unwrap();
        assert_eq!(connected.negotiated.unwrap().version, "TLSv1.3", "{target}");
    }
}

#[tokio::test]
async fn a_domain_that_a_server_of_direct_tls_lacks_is_told_as_such() {
    let prosody = Prosody::start_with(&[], Options { direct_tls: true, ..Options::default() });
    let mut account = account("bot@example.org");
    account.server = Some(format!("xmpps://{}", prosody.direct_addr()));
    account.tls.ca_certs = Some(prosody.ca_file());
    let place = Place::new(&account).unwrap();
    let target = place.targets().await.unwrap().remove(0);

    let line = place.dial(&target, Reach::Machine).await.unwrap();
    let error = place.secure(line, Duration::from_secs(30)).await.unwrap_err();

    assert_eq!(error, Down::HostUnknown { domain: "example.org".to_owned() });
}

#[tokio::test]
async fn what_is_nearer_than_who_sends_us_there_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new(&account("bot@example.org")).unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let elsewhere = Elsewhere::parse(&format!("{host}:{port}")).unwrap();
        for target in place.elsewhere(elsewhere, Way::StartTls).await.unwrap() {
            for nearest in [Reach::Site, Reach::World] {
                let error = place.dial(&target, nearest).await.unwrap_err();
                assert!(matches!(error, Down::Redirect { .. }), "{host}: {error}");
            }
            place.dial(&target, Reach::Machine).await.unwrap();
        }
    }
    // Those alone that were allowed have connected.
    for _ in 0..5 {
        listener.accept().await.unwrap();
    }
    assert!(timeout(Duration::from_millis(50), listener.accept()).await.is_err());
}
