//! `otrbot status`: asks a running bot, on `metrics.bind`, how it is, and shows the metrics at a
//! glance.

mod glance;

use std::{
    fmt,
    io::{self, IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use reqwest::{Client, Response, StatusCode, header::ACCEPT};
use tokio::time::Instant;

use self::glance::Glance;
use crate::{cli, failure::Failure, settings::Settings};

/// How long the bot may take: longer than its parts may take to answer it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Most of an answer that is shown.
const MOST_BYTES: usize = 200;
/// Most of the metrics that is read.
const MOST_METRICS: usize = 4 * 1024 * 1024;
/// Moves to the top of the terminal, and clears what is below.
const CLEAR: &str = "\x1b[H\x1b[J";

/// Prints whether the bot is alive and ready, and how it does; once, or again and again.
///
/// # Errors
///
/// A [`Failure`] when it is one of the two not.
pub fn run(settings: &Settings, arguments: &cli::Status) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let address = reachable(settings.metrics_bind);
    // Whoever installed a provider before us chose well enough.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().timeout(TIMEOUT).no_proxy().build();
    let client = client.context("cannot make the client that asks")?;
    if arguments.watch {
        return runtime.block_on(watch(&client, address, arguments.every));
    }
    let look = runtime.block_on(look(&client, address))?;
    // A closed pipe is no fault of the bot.
    drop(io::stdout().write_all(look.to_string().as_bytes()));
    if look.is_well {
        return Ok(());
    }
    Err(Failure::Unknown(anyhow!("the bot at {address} is not ready; its log says more")))
}

/// Shows the same again and again, until it is interrupted. A bot that is away is waited for.
async fn watch(client: &Client, address: SocketAddr, every: Duration) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal();
    let mut before: Option<(Glance, Instant)> = None;
    loop {
        let text = match look(client, address).await {
            Ok(look) => {
                let now = Instant::now();
                let rates = before.take().map(|(glance, then)| {
                    look.glance.rates_since(&glance, now.saturating_duration_since(then))
                });
                let text = format!("{look}{}", rates.unwrap_or_default());
                before = Some((look.glance, now));
                text
            }
            Err(failure) => format!("{failure}\n"),
        };
        let mut out = io::stdout().lock();
        let clear = if is_terminal { CLEAR } else { "" };
        let rest = if is_terminal { "\nCtrl-C ends this.\n" } else { "\n" };
        // Who reads no more wants no more.
        if out.write_all(format!("{clear}{text}{rest}").as_bytes()).is_err() || out.flush().is_err()
        {
            return Ok(());
        }
        drop(out);
        tokio::time::sleep(every).await;
    }
}

/// What there is to show.
struct Look {
    alive: String,
    ready: String,
    glance: Glance,
    /// Whether all is well.
    is_well: bool,
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { alive, ready, glance, .. } = self;
        write!(f, "healthz: {alive}\nreadyz: {ready}\n{glance}")
    }
}

async fn look(client: &Client, address: SocketAddr) -> Result<Look, Failure> {
    let (alive, is_alive) = ask(client, address, "healthz").await?;
    let (ready, is_ready) = ask(client, address, "readyz").await?;
    let metrics = client
        .get(format!("http://{address}/metrics"))
        .header(ACCEPT, "text/plain")
        .send()
        .await
        .ok();
    let metrics = match metrics {
        Some(answer) => text(answer, MOST_METRICS).await,
        None => String::new(),
    };
    let glance = Glance::of(&metrics);
    Ok(Look { alive, ready, glance, is_well: is_alive && is_ready })
}

/// What a page says; true if all is well.
async fn ask(client: &Client, address: SocketAddr, page: &str) -> Result<(String, bool), Failure> {
    let answer = client.get(format!("http://{address}/{page}")).send().await;
    // What the library says repeats the address and has no advice.
    let Ok(answer) = answer else {
        return Err(Failure::Unknown(anyhow!(
            "no bot answers at {address}; does it run, and with the same metrics.bind?"
        )));
    };
    let is_well = answer.status() == StatusCode::OK;
    let text = text(answer, MOST_BYTES).await;
    // On one line.
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Ok((line, is_well))
}

/// The beginning of an answer.
async fn text(mut answer: Response, most: usize) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            bytes.truncate(most);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where an address that is listened on can be reached from this machine.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => bound.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => bound.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_interfaces_is_asked_on_loopback() {
        for (bound, asked) in [
            ("0.0.0.0:9464", "127.0.0.1:9464"),
            ("[::]:9464", "[::1]:9464"),
            ("10.0.0.7:1", "10.0.0.7:1"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
