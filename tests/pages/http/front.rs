//! Connections, and how requests are framed on them: by clients that browsers are not.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use otrbot::{
    http::{
        front::Limits,
        health::{self, Health},
    },
    metrics::{Format, Metrics},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::http::support::{FORM, Launch, Tool, until};

const PATIENCE: Duration = Duration::from_secs(30);
/// The clock of actix-http goes by half seconds.
const SOON: Duration = Duration::from_secs(1);
const PAGE: &str = "GET /hello_world HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_PAGE: &str = "GET /hello_world HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A connection of a client that says exactly what it is told.
struct Line(TcpStream);

impl Line {
    async fn open(server: SocketAddr) -> Self {
        Self::from([127, 0, 0, 1], server).await
    }

    /// From another address of this machine.
    async fn from(address: [u8; 4], server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Answers that are not read are soon more than fits.
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind((address, 0).into()).unwrap();
        Self(timeout(PATIENCE, socket.connect(server)).await.unwrap().unwrap())
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// An answer, whose length its head gives.
    async fn answer(&mut self) -> String {
        let mut read = Vec::new();
        timeout(PATIENCE, async {
            loop {
                let text = String::from_utf8_lossy(&read).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "))
                        .map_or(0, |length| length.parse().unwrap());
                    if body.len() >= length {
                        return text;
                    }
                }
                assert!(self.0.read_buf(&mut read).await.unwrap() > 0, "no whole answer: {text}");
            }
        })
        .await
        .unwrap()
    }

    /// All until the server ends the connection.
    async fn rest(&mut self) -> String {
        let mut read = Vec::new();
        // The end may be a reset: what was sent may not have been read.
        let end = timeout(PATIENCE, self.0.read_to_end(&mut read)).await;
        drop(end.unwrap_or_else(|_| panic!("no end after {:?}", String::from_utf8_lossy(&read))));
        String::from_utf8(read).unwrap()
    }
}

/// A launch whose body never comes.
fn stuck_launch() -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\n"
    )
}

async fn say_all(server: SocketAddr, text: &str) -> String {
    let mut line = Line::open(server).await;
    line.say(text).await;
    line.rest().await
}

fn address(tool: &Tool) -> SocketAddr {
    tool.base.strip_prefix("http://").unwrap().parse().unwrap()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

fn counted(metrics: &Metrics, line: &str) -> bool {
    metrics.encode(Format::OpenMetrics).unwrap().lines().any(|found| found == line)
}

/// The pages within these limits.
async fn tool(change: impl FnOnce(&mut Limits)) -> Tool {
    let mut limits = Limits::pages();
    change(&mut limits);
    Tool::start_within(true, limits).await
}

/// The server of the metrics, which has nothing to say yet.
fn health() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let health = Health { parts: Arc::default(), metrics: Arc::new(Metrics::new()) };
    actix::spawn(health::serve(health, listener).unwrap());
    address
}

#[actix::test]
async fn requests_sent_at_once_are_answered_in_turn() {
    let tool = Tool::start().await;

    let text = say_all(address(&tool), &(PAGE.repeat(199) + LAST_PAGE)).await;

    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 200);
    assert_eq!(text.matches("</html>").count(), 200);
}

#[actix::test]
async fn a_connection_is_kept_for_the_next_request() {
    let tool = Tool::start().await;
    let mut line = Line::open(address(&tool)).await;

    for _ in 0..3 {
        line.say(PAGE).await;
        assert!(line.answer().await.starts_with("HTTP/1.1 200"));
    }
    line.say("HEAD /hello_world HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    line.say(LAST_PAGE).await;

    assert_eq!(answers(&line.rest().await), 2);
    let old = say_all(address(&tool), "GET /hello_world HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200") || old.starts_with("HTTP/1.1 200"), "{old}");
}

#[actix::test]
async fn launches_come_in_chunks_and_after_a_question() {
    let tool = Tool::start().await;
    let head = format!("POST / HTTP/1.1\r\nHost: tool.example\r\nContent-Type: {FORM}\r\n");
    let body = Launch::of("ann", "Learner").body();
    let (first, second) = body.split_at(100);
    let mut line = Line::open(address(&tool)).await;

    line.say(&format!("{head}Transfer-Encoding: chunked\r\n\r\n")).await;
    line.say(&format!("{:X}\r\n{first}\r\n{:x};x=y\r\n{second}", first.len(), second.len())).await;
    line.say("\r\n0\r\n\r\n").await;
    let chunked = line.answer().await;
    let body = Launch::of("ben", "Learner").body();
    line.say(&format!("{head}Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", body.len()))
        .await;
    let go_on = line.answer().await;
    line.say(&body).await;
    let asked = line.answer().await;

    assert!(chunked.starts_with("HTTP/1.1 200") && chunked.contains("jid"), "{chunked}");
    assert_eq!(go_on, "HTTP/1.1 100 Continue\r\n\r\n");
    assert!(asked.starts_with("HTTP/1.1 200") && asked.contains("jid"), "{asked}");
}

#[actix::test]
async fn what_others_could_read_differently_ends_the_connection() {
    let tool = Tool::start().await;
    let post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    for server in [address(&tool), health()] {
        for text in [
            "GET /healthz HTTP/1.1\nHost: localhost\n\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\n\r\n".to_owned(),
            "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
            format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{PAGE}"),
            format!("{post}Content-Length: 5\r\nContent-Length: 0\r\n\r\n{PAGE}"),
            format!("{post}Content-Length: -5\r\n\r\n{PAGE}"),
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{PAGE}"),
            format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{PAGE}"),
        ] {
            let answer = say_all(server, &text).await;

            assert!(answer.starts_with("HTTP/1.1 400 "), "{text:?}: {answer:?}");
            assert_eq!(answers(&answer), 1, "{text:?}: {answer:?}");
        }
        let long =
            format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(64_000));
        assert!(say_all(server, &long).await.starts_with("HTTP/1.1 431 "));
    }
}

#[actix::test]
async fn a_body_that_is_framed_wrongly_hides_no_request() {
    let tool = Tool::start().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: tool.example\r\nContent-Type: {FORM}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    for chunk in ["-1\r\n", "3;\n\r\nabc\r\n", "3\r\nabcd\r\n", "fffffffffffffffff\r\n", "\r\n"] {
        let answer = say_all(address(&tool), &format!("{head}{chunk}0\r\n\r\n{PAGE}")).await;

        assert!(answer.starts_with("HTTP/1.1 400 "), "{chunk:?}: {answer:?}");
        assert_eq!(answers(&answer), 1, "{chunk:?}: {answer:?}");
    }
    let extension = "x".repeat(100_000);
    let answer = say_all(address(&tool), &format!("{head}3;{extension}\r\nabc\r\n")).await;
    assert!(answers(&answer) <= 1 && !answer.contains(" 200 "), "{answer}");
}

#[actix::test]
async fn another_protocol_is_nothing_to_wait_for() {
    let tool = Tool::start().await;
    let upgrade = "GET /hello_world HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n";

    let websocket = format!("{upgrade}Upgrade: websocket\r\n\r\n{PAGE}");
    let websocket = say_all(address(&tool), &websocket).await;
    let newer = say_all(address(&tool), &format!("{upgrade}Upgrade: h2c\r\n\r\n{LAST_PAGE}")).await;

    assert!(websocket.starts_with("HTTP/1.1 200") && answers(&websocket) == 1, "{websocket}");
    assert!(newer.starts_with("HTTP/1.1 200"), "{newer}");
}

#[actix::test]
async fn who_waits_makes_room() {
    let tool = tool(|limits| limits.per_address = 4).await;
    let mut lines = Vec::new();
    for _ in 0..4 {
        let mut line = Line::open(address(&tool)).await;
        line.say(PAGE).await;
        line.answer().await;
        lines.push(line);
    }

    // Nobody is sent away who has only just come.
    tokio::time::sleep(SOON).await;
    let answer = say_all(address(&tool), LAST_PAGE).await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut n_left = 0;
    for line in &mut lines {
        line.say(LAST_PAGE).await;
        n_left += usize::from(line.rest().await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(n_left, 3, "one has made room, and no more than one");
}

#[actix::test]
async fn one_address_does_not_keep_others_out() {
    let tool = tool(|limits| (limits.in_all, limits.per_address) = (40, 30)).await;
    let mut stuck = Vec::new();
    for _ in 0..60 {
        let mut line = Line::from([127, 0, 0, 2], address(&tool)).await;
        // It never sends its body.
        line.say(&stuck_launch()).await;
        stuck.push(line);
    }
    // One that was slow to begin may have made room.
    let none = "otrbot_http_refused_connections_total{server=\"pages\",reason=\"address\"} 0";
    until("refusals", async || !counted(&tool.metrics, none)).await;

    until("all at work", async || {
        counted(&tool.metrics, "otrbot_http_connections{server=\"pages\"} 30")
    })
    .await;
    let answer = say_all(address(&tool), LAST_PAGE).await;

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(stuck[59].rest().await, "", "the last ones were refused");
}

#[actix::test]
async fn all_addresses_together_have_a_bound() {
    let tool = tool(|limits| (limits.in_all, limits.per_address) = (8, 2)).await;
    let mut stuck = Vec::new();
    for site in 1..=5 {
        for _ in 0..2 {
            let mut line = Line::from([127, 0, 1, site], address(&tool)).await;
            line.say(&stuck_launch()).await;
            stuck.push(line);
        }
    }

    let none = "otrbot_http_refused_connections_total{server=\"pages\",reason=\"all\"} 0";
    until("refusals", async || !counted(&tool.metrics, none)).await;
    stuck.truncate(4);
    until("room", async || say_all(address(&tool), LAST_PAGE).await.contains(" 200 ")).await;
}

#[actix::test]
async fn what_trickles_has_an_end() {
    let tool = tool(|limits| (limits.head, limits.body) = (SOON, SOON)).await;
    let mut line = Line::open(address(&tool)).await;
    line.say(PAGE).await;
    line.answer().await;

    line.say("GET /hello_world HT").await;
    let late_head = line.rest().await;
    let late_body = say_all(address(&tool), &(stuck_launch() + "a=b")).await;
    let none = say_all(address(&tool), "").await;
    // A page that does not look at a body does not wait for it, either.
    let mut unasked = Line::open(address(&tool)).await;
    unasked.say("GET /hello_world HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let unasked = unasked.rest().await;

    assert!(late_head.starts_with("HTTP/1.1 408 "), "{late_head}");
    assert!(late_body.starts_with("HTTP/1.1 408 "), "{late_body}");
    assert!(none.starts_with("HTTP/1.1 408 ") || none.is_empty(), "{none}");
    assert!(unasked.starts_with("HTTP/1.1 200 "), "{unasked}");
    until("no connections", async || {
        counted(&tool.metrics, "otrbot_http_connections{server=\"pages\"} 0")
    })
    .await;
}

#[actix::test]
async fn who_does_not_read_is_left() {
    let tool = tool(|limits| limits.unread = SOON).await;
    let mut line = Line::open(address(&tool)).await;
    // More than the buffers of both sides hold, as answers.
    let asked = PAGE.repeat(20_000);
    let mut sent = 0;
    while sent < asked.len() {
        match timeout(PATIENCE, line.0.write(&asked.as_bytes()[sent..])).await.unwrap() {
            Ok(n) => sent += n,
            // It was left already.
            Err(_) => break,
        }
    }

    until("no connections", async || {
        counted(&tool.metrics, "otrbot_http_connections{server=\"pages\"} 0")
    })
    .await;
}

#[actix::test]
async fn metrics_are_for_programs_on_this_machine() {
    let server = health();
    let status = async |host: &str| {
        let head = format!("GET /healthz HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        say_all(server, &head).await.split(' ').nth(1).unwrap().to_owned()
    };

    for host in ["localhost", "localhost:9464", "127.0.0.1:1", "127.3.2.1", "[::1]:9464"] {
        assert_eq!(status(&format!("Host: {host}\r\n")).await, "200", "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:9464", "192.0.2.1", "[2001:db8::1]"] {
        assert_eq!(status(&format!("Host: {host}\r\n")).await, "403", "{host}");
    }
    for host in ["", "Host:\r\n", "Host: a b\r\n", "Host: x@localhost\r\n"] {
        assert_eq!(status(host).await, "400", "{host}");
    }
    let old = say_all(server, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.contains(" 400 ") && old.ends_with("the request names no host\n"), "{old}");
}

#[actix::test]
async fn large_launches_together_have_a_bound_and_small_ones_go_on() {
    let tool = Tool::start().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 200000\r\n\r\n"
    );
    let begin = head + &"a".repeat(40_000);
    let mut stuck = Vec::new();
    for _ in 0..135 {
        let mut line = Line::open(address(&tool)).await;
        line.say(&begin).await;
        stuck.push(line);
    }

    until("128 of them", async || {
        counted(&tool.metrics, "otrbot_http_connections{server=\"pages\"} 128")
    })
    .await;
    let small = tool.launch(&Launch::of("ann", "Learner")).await;
    let large = Launch::of("ben", "Learner").with("custom_document", &"x".repeat(100_000));
    let refused = tool.launch(&large).await;
    drop(stuck);
    until("room", async || tool.launch(&large.clone()).await.status == 200).await;

    assert_eq!((small.status, small.name()), (200, "start"));
    assert_eq!(refused.status, 503);
}
