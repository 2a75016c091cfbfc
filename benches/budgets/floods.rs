//! Floods of stanzas.

use std::time::Duration;

use otr::{
    fragment,
    tlv::{Tlv, TlvType},
};

use crate::{
    attacks::{Aim, Attackers, SOME},
    crowd::Crowd,
    hand::{Hand, abort},
    person::Person,
    private::key,
    school::{OTHERS, School},
};

/// Longest wait for the bot, while nothing else is on the line.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many stanzas are sent before a sign of life is waited for. More would only wait in the server.
const AHEAD: usize = 40;
/// The first learner who takes part.
const FIRST: usize = 100;

/// Somebody sends as fast as the bot reads.
fn flood(
    school: &School,
    aim: &Aim,
    arm: impl FnOnce(&mut Crowd) -> Box<dyn FnMut(&mut Crowd, usize) + Send>,
) -> Attackers {
    let mut crowd = school.crowd(OTHERS);
    // The bot's full address is known as soon as it has said something.
    let somebody = format!("other{}", FIRST - 1);
    crowd.say(&somebody, "hello");
    crowd.hear(&somebody, PATIENCE);
    let mut send = arm(&mut crowd);
    let aim = aim.clone();
    vec![Box::new(move || {
        for n in 0.. {
            if aim.is_over() {
                return;
            }
            send(&mut crowd, n);
            aim.sent(1);
            if n % AHEAD == AHEAD - 1 {
                crowd.ping(Duration::from_secs(5));
                crowd.forget();
            }
        }
    })]
}

/// So many learners in private conversations.
fn hands(crowd: &mut Crowd, n: usize) -> Vec<Hand> {
    let key = key();
    let mut hands: Vec<Hand> = (FIRST..FIRST + n)
        .zip(20_000..)
        .map(|(number, seed)| Hand::new(format!("other{number}"), &key, seed))
        .collect();
    for hand in &mut hands {
        crowd.say(&hand.name, "hello");
        crowd.hear(&hand.name, PATIENCE);
        crowd.ping(PATIENCE);
        crowd.forget();
        assert!(hand.go_private(crowd, PATIENCE).is_some(), "{} is not private", hand.name);
    }
    hands
}

const CHAT: &str = "<message from='FROM' to='BOT' type='chat'><body>TEXT</body></message>";

/// Chats of strangers, each of another.
pub(crate) fn strangers(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |_| {
        let xml = CHAT.replace("TEXT", "hello");
        Box::new(move |crowd, n| crowd.send_xml(&format!("stranger{n}"), &xml))
    })
}

/// Long ones.
pub(crate) fn large_strangers(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |_| {
        let xml = CHAT.replace("TEXT", &"word ".repeat(13_000));
        Box::new(move |crowd, n| crowd.send_xml(&format!("stranger{n}"), &xml))
    })
}

/// Requests of strangers, which the bot answers.
pub(crate) fn requests(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |_| {
        let xml = "<iq from='FROM' to='TO' id='info' type='get'>\
            <query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
        Box::new(move |crowd, n| crowd.send_xml(&format!("stranger{n}"), xml))
    })
}

/// Chats of a learner.
pub(crate) fn chats(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |_| {
        Box::new(move |crowd, _| crowd.say(&format!("other{FIRST}"), "help, what now?"))
    })
}

/// Long ones, of some learners.
pub(crate) fn large_chats(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |_| {
        let text = "how what where why stuck ".repeat(800);
        Box::new(move |crowd, n| crowd.say(&format!("other{}", FIRST + n % SOME), &text))
    })
}

/// Whole key exchanges, one after the other, of so many learners.
pub(crate) fn exchanges(school: &School, aim: &Aim, n_learners: usize) -> Attackers {
    flood(school, aim, |_| {
        let key = key();
        Box::new(move |crowd, n| {
            let name = format!("other{}", FIRST + n % n_learners);
            let seed = 30_000 + u64::try_from(n).unwrap();
            let mut person = Person::new(name, &key, seed);
            // Who sends too much is not answered.
            person.go_private(crowd, Duration::from_millis(100));
        })
    })
}

/// Beginnings of SMP, whose proofs hold.
pub(crate) fn smp(school: &School, aim: &Aim, n_learners: usize) -> Attackers {
    flood(school, aim, |crowd| {
        let mut hands = hands(crowd, n_learners);
        let first = hands[0].smp_first(None);
        Box::new(move |crowd, n| {
            let hand = &mut hands[n % n_learners];
            let body = hand.say("", &[abort(), first.clone()]);
            crowd.say(&hand.name, &body);
        })
    })
}

/// First pieces of messages that do not go on.
pub(crate) fn fragments(school: &School, aim: &Aim, n_learners: usize) -> Attackers {
    flood(school, aim, |crowd| {
        let mut hands = hands(crowd, n_learners);
        let text = "word ".repeat(36_000);
        let pieces: Vec<String> = hands
            .iter_mut()
            .map(|hand| {
                let whole = hand.say(&text, &[]);
                fragment::split(whole, hand.address, 50_000).swap_remove(0)
            })
            .collect();
        Box::new(move |crowd, n| {
            let ix = n % n_learners;
            crowd.say(&hands[ix].name, &pieces[ix]);
        })
    })
}

/// Data messages of a thousand TLVs.
pub(crate) fn tlvs(school: &School, aim: &Aim) -> Attackers {
    flood(school, aim, |crowd| {
        let mut hands = hands(crowd, SOME);
        let tlvs = vec![Tlv::empty(TlvType(0x0077)); 1_000];
        Box::new(move |crowd, n| {
            let hand = &mut hands[n % SOME];
            let body = hand.say("", &tlvs);
            crowd.say(&hand.name, &body);
        })
    })
}
