//! `otrbot status`: asks a running bot, on `metrics.bind`, how it is.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use reqwest::{Client, Response, StatusCode};

use crate::{failure::Failure, settings::Settings};

/// How long the bot may take: longer than its parts may take to answer it.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Most of an answer that is shown.
const MOST_BYTES: usize = 200;

/// Prints whether the bot is alive and whether it is ready.
///
/// # Errors
///
/// A [`Failure`] when it is one of the two not.
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let address = reachable(settings.metrics_bind);
    // Whoever installed a provider before us chose well enough.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = Client::builder().timeout(TIMEOUT).no_proxy().build();
    let client = client.context("cannot make the client that asks")?;
    let (is_alive, is_ready) = runtime.block_on(async {
        let is_alive = ask(&client, address, "healthz").await?;
        Ok::<_, Failure>((is_alive, ask(&client, address, "readyz").await?))
    })?;
    if is_alive && is_ready {
        return Ok(());
    }
    Err(Failure::Unknown(anyhow!("the bot at {address} is not ready; its log says more")))
}

/// Shows what a page says; true if all is well.
async fn ask(client: &Client, address: SocketAddr, page: &str) -> Result<bool, Failure> {
    let answer = client.get(format!("http://{address}/{page}")).send().await;
    // What the library says repeats the address and has no advice.
    let Ok(answer) = answer else {
        return Err(Failure::Unknown(anyhow!(
            "no bot answers at {address}; does it run, and with the same metrics.bind?"
        )));
    };
    let is_well = answer.status() == StatusCode::OK;
    let said = words(answer).await;
    // A closed pipe is no fault of the bot.
    drop(writeln!(io::stdout(), "{page}: {said}"));
    Ok(is_well)
}

/// The first words of an answer, on one line.
async fn words(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            bytes.truncate(MOST_BYTES);
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
