//! The life of the task: attempts, the stream while it is up, and the pauses between.

use jid::FullJid;
use log::debug;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{
    Command, Down, Event,
    entrance::{Entrance, Sent},
    ledger::Ledger,
    login::{LoggedIn, Stream},
    online::{Ended, Online},
    owner::Owner,
    pace::{Failures, Pace},
};

/// A stream whose connection is lost, but which the server may let us take up again.
#[derive(Debug)]
struct Kept {
    jid: FullJid,
    ledger: Ledger,
    until: Instant,
}

/// Runs the stream until it is told to stop.
pub(super) async fn run(
    entrance: Entrance,
    pace: Pace,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
) {
    let mut owner = Owner::new(commands, events);
    let face = entrance.face();
    let mut failures = Failures::default();
    let mut kept: Option<Kept> = None;
    let mut sent: Option<Sent> = None;
    loop {
        let request =
            kept.as_ref().and_then(|kept| kept.ledger.resume()).map(|(request, _)| request);
        let attempt = entrance.enter(&pace, request, sent.take());
        let ledger = kept.as_mut().map(|kept| &mut kept.ledger);
        let Some(result) = owner.meanwhile(attempt, ledger).await else { break };
        let settled = result.and_then(|logged_in| {
            let origin = logged_in.origin;
            Ok((settle(logged_in, &mut kept, &mut owner)?, origin))
        });
        let why = match settled {
            Err(why) => why,
            Ok(((online, jid), from)) => {
                failures.came_in();
                let began = Instant::now();
                let Ended { why, ledger } = online.run(&face, &pace, &mut owner).await;
                failures.was_up(began.elapsed(), &pace);
                kept = ledger.and_then(|ledger| keep(ledger, jid));
                let Some(why) = why else { break };
                if let Down::SeeOtherHost { host } = &why {
                    sent = Some(Sent { host: host.clone(), from });
                }
                why
            }
        };
        debug!("stream down: {why}");
        let is_final = failures.is_final(&why, Instant::now(), &pace);
        if is_final || kept.as_ref().is_some_and(|kept| Instant::now() >= kept.until) {
            give_up(&mut kept, &mut owner);
        }
        let retry_in = (!is_final).then(|| {
            // The jitter keeps many clients of one server from coming back together.
            failures.pause(&why, &pace).mul_f64(rand::random_range(0.75..1.25))
        });
        owner.tell(Event::Offline { why, retry_in });
        let pause = async {
            match retry_in {
                Some(pause) => sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        let ledger = kept.as_mut().map(|kept| &mut kept.ledger);
        if owner.meanwhile(pause, ledger).await.is_none() {
            break;
        }
    }
    give_up(&mut kept, &mut owner);
    owner.tell(Event::Stopped);
    // An owner that does not listen any more is not waited for.
    if timeout(pace.stop, owner.deliver_all()).await.is_err() {
        debug!("the last events were not taken");
    }
}

fn keep(ledger: Ledger, jid: FullJid) -> Option<Kept> {
    let (_, limit) = ledger.resume()?;
    Some(Kept { jid, ledger, until: Instant::now() + limit })
}

/// The earlier stream is gone: nobody knows what became of the rest.
fn give_up(kept: &mut Option<Kept>, owner: &mut Owner) {
    if let Some(Kept { ledger, .. }) = kept.take() {
        owner.tell_lost(ledger.into_lost());
    }
}

fn tell_acked(tags: Vec<u64>, owner: &mut Owner) {
    for tag in tags {
        owner.tell(Event::Acked(tag));
    }
}

/// Tells the owner of the stream, an earlier one or a new one, and makes it ready to run.
fn settle(
    logged_in: LoggedIn,
    kept: &mut Option<Kept>,
    owner: &mut Owner,
) -> Result<(Online, FullJid), Down> {
    let LoggedIn { link, stream, mechanism, negotiated, origin: _ } = logged_in;
    let mut online = Online::new(link);
    let (jid, resumed) = match (stream, kept.take()) {
        (Stream::Resumed { h }, Some(Kept { jid, mut ledger, .. })) => {
            match ledger.acked(h) {
                Ok(tags) => tell_acked(tags, owner),
                Err(why) => {
                    owner.tell_lost(ledger.into_lost());
                    return Err(why);
                }
            }
            online.resume(ledger);
            (jid, true)
        }
        (Stream::Resumed { .. }, None) => {
            return Err(Down::Broken("it resumed a stream that was none".to_owned()));
        }
        (Stream::New { jid, ledger, had }, earlier) => {
            if let Some(Kept { ledger: mut old, .. }) = earlier {
                // Servers that have forgotten the stream may still know the count.
                let tags = had.and_then(|h| old.acked(h).ok()).unwrap_or_default();
                tell_acked(tags, owner);
                owner.tell_lost(old.into_lost());
            }
            online.begin(ledger);
            (jid, false)
        }
    };
    owner.tell(Event::Online { jid: jid.clone(), resumed, negotiated, mechanism });
    Ok((online, jid))
}
