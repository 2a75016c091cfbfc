//! What the bot says of itself is true: of its key, and of where the learner is.

use otr::Version;
use otrbot::session::SessionConfig;

use crate::bot::support::{Class, SECRET, config_of, secs};

fn verified(change: impl FnOnce(&mut SessionConfig)) -> (String, String) {
    let mut config = config_of("basics", Version::V3);
    change(&mut config);
    let mut class = Class::new(config);
    class.say("hello");
    class.start_otr();
    let greeted = class.told();
    class.enter_secret(SECRET);
    class.forget();
    class.start_smp(SECRET);
    class.wait(secs(5));
    (greeted, class.told())
}

#[test]
fn the_bot_says_what_is_true_of_its_key() {
    let (_, fresh) = verified(|_| {});
    assert!(fresh.contains("I make a new one for each session"), "{fresh}");
    assert!(!fresh.contains("will know it again"), "{fresh}");
    let (_, fixed) = verified(|config| config.keeps_key = true);
    assert!(!fixed.contains("new one for each session") && fixed.contains("again"), "{fixed}");
    let (greeted, _) = verified(|config| config.is_returning = true);
    assert!(greeted.contains("been here before") && greeted.contains("new key"), "{greeted}");
    let (greeted, _) = verified(|config| {
        (config.is_returning, config.keeps_key) = (true, true);
    });
    assert!(greeted.contains("same key as then"), "{greeted}");
    let (greeted, _) = verified(|_| {});
    assert!(!greeted.contains("been here before"), "{greeted}");
}

#[test]
fn who_comes_back_is_told_where_they_are() {
    let mut class = Class::new(config_of("basics", Version::V3));
    class.say("hello");
    class.wait(secs(600));
    class.forget();
    class.say("so");
    let told = class.told();
    assert!(told.contains("read above") && told.contains("start a private conversation"), "{told}");
    class.forget();
    class.say("so");
    assert!(!class.told().contains("read above"));
}

#[test]
fn a_fingerprint_that_differs_is_a_reason_to_stop_and_the_same_one_to_go_on() {
    let mut class = Class::private();
    class.forget();
    class.say("it is another fingerprint, not the same");
    let told = class.told();
    assert!(told.contains("Stop") && !told.contains("secret"), "{told}");
    class.end_otr();
    let told = class.told();
    assert!(told.contains("another way") || told.contains("by another"), "{told}");
    class.start_otr();
    class.forget();
    class.say("now they are the same");
    assert!(class.told().contains("Very good"), "{}", class.told());
}

#[test]
fn three_comparisons_that_fail_lead_to_the_fingerprints() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    for _ in 0..3 {
        class.forget();
        class.start_smp("something else");
        class.wait(secs(5));
    }
    let told = class.told();
    assert!(told.contains("third time") && told.contains("fingerprint"), "{told}");
}
