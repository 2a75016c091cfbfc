//! The difficult learners.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    course::{Course, Stop},
    trial::{Trial, Verdict},
    words::{self, PROGRAMS, QUESTIONS},
};

use crate::session::{BotSecretVerdict, SecretVerdict};

/// How long nobody is pressed who was in danger, a little less.
const PEACE: Duration = Duration::from_secs(595);

/// Shorter than the time after which a session warns.
const LONG_SILENCE: Duration = Duration::from_secs(25 * 60 - 10);

/// How many times somebody calls for help.
const N_CALLS: usize = 10;

/// What nobody understands.
const UNKNOWN: &str = "xyzzy plugh";

/// What is asked in other languages.
const OTHER_LANGUAGES: [&str; 8] = [
    "who_are_you",
    "legal",
    "logs",
    "who_reads",
    "what_is_otr",
    "what_is_end_to_end",
    "human",
    "help",
];

/// What a secret that is told is wrapped into.
const TOLD: &str = "By the way, our secret is";

/// A kind of learner.
pub(super) struct Learner {
    /// What makes them difficult.
    pub(super) name: &'static str,
    /// Where they are so: at which stops of the straight way.
    pub(super) stops: fn(&Course) -> Vec<&Stop>,
    /// What they do there.
    pub(super) play: fn(&mut Trial<'_>),
}

/// All kinds.
pub(super) const LEARNERS: [Learner; 26] = [
    Learner { name: "silence", stops: Course::all, play: silence },
    Learner { name: "help, ten times", stops: Course::all, play: help },
    Learner { name: "danger", stops: Course::all, play: danger },
    Learner { name: "danger, ten times", stops: Course::all, play: dangers },
    Learner { name: "danger, after a pause", stops: Course::all, play: late_danger },
    Learner { name: "danger, in other words", stops: Course::ends, play: other_dangers },
    Learner { name: "questions", stops: Course::all, play: questions },
    Learner { name: "?", stops: Course::all, play: only_sign },
    Learner { name: "stop", stops: Course::all, play: stop },
    Learner { name: "programs", stops: Course::all, play: programs },
    Learner { name: "nonsense", stops: Course::all, play: nonsense },
    Learner { name: "in a hurry", stops: Course::all, play: hurry },
    Learner { name: "other languages", stops: Course::ends, play: languages },
    Learner { name: "tells the secret beforehand", stops: Course::open, play: tells_before },
    Learner { name: "tells the secret unverified", stops: Course::comparing, play: tells_after },
    Learner { name: "tells the secret in the clear", stops: Course::comparing, play: tells_open },
    Learner { name: "tells somebody the secret", stops: Course::doubtful, play: tells_somebody },
    Learner { name: "tells the bot secret", stops: Course::given, play: tells_code },
    Learner { name: "tells somebody the bot secret", stops: Course::doubtful, play: gives_code },
    Learner { name: "wrong secret, three times", stops: Course::comparing, play: mismatches },
    Learner { name: "question", stops: Course::comparing, play: question },
    Learner { name: "cancels", stops: Course::comparing, play: cancels },
    Learner { name: "weak secret, wrong code", stops: Course::private, play: mistypes },
    Learner { name: "OTR off in the middle", stops: Course::private, play: switches_off },
    Learner { name: "another program", stops: Course::private, play: changes_program },
    Learner { name: "goes away", stops: Course::all, play: goes_away },
];

/// Nothing but waiting.
fn silence(trial: &mut Trial<'_>) {
    let has_hints = trial.stage.state().is_some_and(|ix| {
        trial.ground.lesson.graph().state(ix).is_some_and(|state| !state.hints.is_empty())
    });
    let said = trial.wait(LONG_SILENCE);
    if has_hints && said.is_empty() {
        trial.fail(Verdict::Silent, Vec::new());
    }
    let hello = trial.ground.words("greeting", "Hello!");
    trial.say(&hello);
}

fn help(trial: &mut Trial<'_>) {
    let help = trial.ground.words("help", "help");
    for _ in 0..N_CALLS {
        trial.say(&help);
        trial.wait(Duration::from_secs(5));
    }
}

fn danger(trial: &mut Trial<'_>) {
    let general = general(trial);
    let phrases = phrases_of_danger(trial);
    for phrase in phrases.iter().cycle().take(3) {
        cry(trial, phrase, &general);
    }
    let said = trial.wait(PEACE.saturating_sub(Duration::from_mins(1)));
    if !said.is_empty() {
        trial.fail(Verdict::Pressed, said);
    }
    let place = trial.ground.words("where", "where");
    trial.say(&place);
}

/// Says it again and again: nobody in danger is told to go on with the lesson.
fn dangers(trial: &mut Trial<'_>) {
    let general = general(trial);
    let Some(phrase) = phrases_of_danger(trial).into_iter().next() else { return };
    for _ in 0..N_CALLS {
        cry(trial, &phrase, &general);
    }
}

/// Comes back after a while, in danger.
fn late_danger(trial: &mut Trial<'_>) {
    let general = general(trial);
    trial.wait(Duration::from_mins(9));
    if let Some(phrase) = phrases_of_danger(trial).first() {
        cry(trial, phrase, &general);
    }
}

/// What somebody in danger says.
fn phrases_of_danger(trial: &Trial<'_>) -> Vec<String> {
    let topic = words::urgent(&trial.ground.lesson).next();
    let phrases = topic.map(|topic| words::phrases(topic, &trial.ground.catalog));
    let phrases = phrases.filter(|phrases| !phrases.is_empty());
    phrases.unwrap_or_else(|| vec!["I am in danger".to_owned()])
}

/// What is said here to what nobody understands, before and after somebody was in danger.
fn general(trial: &Trial<'_>) -> BTreeSet<String> {
    let mut sibling = trial.sibling();
    let cry = phrases_of_danger(trial).into_iter().next();
    let mut general = BTreeSet::new();
    for _ in 0..6 {
        general.extend(sibling.say(UNKNOWN));
    }
    cry.map(|cry| sibling.say(&cry));
    for _ in 0..6 {
        general.extend(sibling.say(UNKNOWN));
    }
    general.retain(|line| !trial.ground.texts.is_urgent(line));
    general
}

/// Says that there is danger, and holds that it is heard, and not answered as anything else.
fn cry(trial: &mut Trial<'_>, phrase: &str, general: &BTreeSet<String>) {
    let reply = trial.say(phrase);
    if reply.iter().any(|line| trial.ground.texts.is_task(line)) {
        trial.fail(Verdict::Pressed, reply);
    } else if reply.iter().any(|line| general.contains(line)) {
        trial.fail(Verdict::Unheard, reply);
    }
}

/// Says everything that is a sign of danger, with something else in between.
fn other_dangers(trial: &mut Trial<'_>) {
    let general = general(trial);
    let lesson = Arc::clone(&trial.ground.lesson);
    for topic in words::urgent(&lesson) {
        for phrase in words::phrases(topic, &trial.ground.catalog) {
            cry(trial, &phrase, &general);
            trial.say(UNKNOWN);
        }
    }
}

fn questions(trial: &mut Trial<'_>) {
    for (topic, english) in QUESTIONS {
        let asked = trial.ground.words(topic, english);
        trial.say(&asked);
        trial.wait(Duration::from_secs(5));
    }
}

fn only_sign(trial: &mut Trial<'_>) {
    for sign in ["?", "???", "?"] {
        trial.say(sign);
        trial.wait(Duration::from_secs(5));
    }
}

fn stop(trial: &mut Trial<'_>) {
    for (topic, english) in [("stop", "stop"), ("bye", "bye"), ("stop", "stop"), ("help", "help")] {
        let said = trial.ground.words(topic, english);
        trial.say(&said);
    }
}

fn programs(trial: &mut Trial<'_>) {
    for (topic, english) in PROGRAMS {
        let named = trial.ground.words(topic, english);
        trial.say(&named);
        trial.wait(Duration::from_secs(5));
    }
}

fn nonsense(trial: &mut Trial<'_>) {
    let greetings = trial
        .ground
        .catalogs
        .iter()
        .map(|catalog| words::say(&trial.ground.lesson, catalog, "greeting", "hello"));
    let all_at_once = greetings.collect::<Vec<_>>().join(" ");
    let help = trial.ground.words("help", "help");
    let marked: String = help.chars().flat_map(|c| [c, '\u{200f}']).collect();
    let within = format!("un{help}ness");
    for said in [
        UNKNOWN,
        "😀😀😀",
        "\u{1}\u{2}\u{7f}",
        "\u{200f}\u{200e}\u{200f}",
        &all_at_once,
        &marked,
        &within,
        "……!!!",
        "<b>&amp;</b> %s ${bot_secret} \\n",
    ] {
        trial.say(said);
        trial.wait(Duration::from_secs(5));
    }
    // Programs encrypt no more than 64 kB.
    let (n_words, size) = if trial.stage.is_private() { (9_000, 63) } else { (14_500, 101) };
    trial.say_as(&"walrus ".repeat(n_words), &format!("({size} kB of words)"));
}

/// Does not wait for answers.
fn hurry(trial: &mut Trial<'_>) {
    let said = [("help", "help"), ("why", "Why?"), ("help", "help")];
    let said = said.map(|(topic, english)| trial.ground.words(topic, english));
    trial.quietly("(writes three messages at once)", |trial| {
        trial.stage.set_hasty(true);
        for said in &said {
            trial.stage.echo(said);
            trial.stage.say(said);
        }
        trial.stage.say(UNKNOWN);
        trial.stage.set_hasty(false);
    });
    trial.wait(Duration::from_mins(1));
    trial.say(UNKNOWN);
}

/// Asks in all other languages, something else in each.
fn languages(trial: &mut Trial<'_>) {
    let ground = trial.ground;
    let own = ground.catalog.locale();
    let mut topics = OTHER_LANGUAGES.iter().cycle();
    let mut n_asked = 0_usize;
    for catalog in ground.catalogs.iter().filter(|catalog| catalog.locale() != own) {
        let known = topics.by_ref().take(OTHER_LANGUAGES.len()).find_map(|name| {
            let (_, topic) = words::topic(&ground.lesson, name)?;
            let is_source = catalog.locale() == gettext::SOURCE_LOCALE;
            (is_source || words::is_translated(topic, catalog)).then_some(topic)
        });
        let Some(topic) = known else { continue };
        // The longest is the least like a word of another language.
        let phrases = words::phrases(topic, catalog).into_iter().take(6);
        let Some(phrase) = phrases.max_by_key(|phrase| phrase.chars().count()) else { continue };
        n_asked += 1;
        let reply = trial.say(&phrase);
        let is_in = reply.iter().any(|line| ground.texts.is_in(line, catalog.locale()));
        if !reply.is_empty() && !is_in {
            trial.fail(Verdict::OtherLanguage, reply);
        }
        trial.wait(Duration::from_secs(5));
    }
    if n_asked == 0 {
        trial.skip();
    }
}

// --- Secrets that are told ---

/// Holds that a secret that was told is worth nothing any more, and that another one leads on.
fn is_spent(trial: &mut Trial<'_>, secret: &'static str) {
    trial.spend(secret);
    if !trial.stage.is_private() {
        trial.quietly("/otr on", |trial| trial.stage.start_otr());
    }
    let mut verdict = None;
    trial.quietly(&format!("/secret {secret}"), |trial| {
        verdict = trial.stage.enter_secret(secret);
    });
    if verdict == Some(SecretVerdict::Accepted) {
        trial.fail(Verdict::SecretTaken, Vec::new());
    }
    if trial.stage.is_private() && !trial.stage.is_shown_verified() {
        let shown = format!("/smp right, with {secret}");
        trial.quietly(&shown, |trial| trial.stage.smp_with(secret));
        if trial.stage.is_shown_verified() {
            trial.fail(Verdict::SecretTaken, Vec::new());
        }
        trial.quietly("/smp abort", |trial| trial.stage.abort_smp());
    }
    trial.go_on();
}

fn secret() -> Option<&'static str> {
    super::way::Way::secrets().next()
}

fn tells_before(trial: &mut Trial<'_>) {
    let Some(secret) = secret() else { return };
    trial.say(&format!("{TOLD} {secret}."));
    is_spent(trial, secret);
}

fn tells_after(trial: &mut Trial<'_>) {
    let Some(secret) = secret() else { return };
    trial.say(&format!("{TOLD} {secret}."));
    is_spent(trial, secret);
}

fn tells_open(trial: &mut Trial<'_>) {
    let Some(secret) = secret() else { return };
    trial.quietly("/otr off", |trial| trial.stage.end_otr());
    trial.say(&format!("{TOLD} {secret}."));
    is_spent(trial, secret);
}

fn tells_somebody(trial: &mut Trial<'_>) {
    let Some(secret) = secret() else { return };
    trial.say(&format!("{TOLD} {secret}."));
    trial.spend(secret);
    let mut verdict = None;
    trial.quietly(&format!("/secret {secret}"), |trial| {
        verdict = trial.stage.enter_secret(secret);
    });
    if verdict == Some(SecretVerdict::Accepted) {
        trial.fail(Verdict::SecretTaken, Vec::new());
    }
    trial.go_on();
}

/// Holds that a bot secret that was told is taken nowhere.
fn is_code_spent(trial: &mut Trial<'_>, code: &str) {
    let mut verdict = None;
    trial.quietly("/code, the one that was told", |trial| {
        verdict = trial.stage.enter_code(Some(code));
    });
    if verdict == Some(BotSecretVerdict::Right) {
        trial.fail(Verdict::SecretTaken, Vec::new());
    }
    trial.go_on();
}

fn tells_code(trial: &mut Trial<'_>) {
    let Some(code) = trial.stage.code().map(str::to_owned) else { return };
    trial.quietly("/otr off", |trial| trial.stage.end_otr());
    trial.say(&code);
    is_code_spent(trial, &code);
}

fn gives_code(trial: &mut Trial<'_>) {
    let Some(code) = trial.stage.code().map(str::to_owned) else { return };
    trial.say(&code);
    is_code_spent(trial, &code);
}

// --- Wrong turns ---

fn mismatches(trial: &mut Trial<'_>) {
    for _ in 0..3 {
        if trial.stage.is_private() && !trial.stage.is_shown_verified() {
            trial.do_it("/smp wrong", |trial| compare_wrongly(trial));
        }
    }
    let help = trial.ground.words("help", "help");
    trial.say(&help);
    trial.type_secret();
    trial.go_on();
}

/// Compares in the way that the lesson wants, with another secret.
fn compare_wrongly(trial: &mut Trial<'_>) {
    if trial.wants_question() {
        trial.stage.ask("What did we agree on?", Some("something else"));
    } else {
        trial.stage.smp(false);
    }
}

fn question(trial: &mut Trial<'_>) {
    for question in ["What is the name of my cat?", "What is my favourite colour?"] {
        trial.do_it(&format!("/smp question {question} = Bob"), |trial| {
            trial.stage.ask(question, Some("Bob"));
        });
    }
    trial.go_on();
}

fn cancels(trial: &mut Trial<'_>) {
    trial.do_it("/smp abort", |trial| trial.stage.abort_smp());
    trial.quietly("/smp abort", |trial| trial.stage.abort_smp());
    let help = trial.ground.words("help", "help");
    trial.say(&help);
    trial.go_on();
}

fn mistypes(trial: &mut Trial<'_>) {
    if trial.stage.has_page() {
        // The page says itself what is wrong.
        trial.quietly("/secret love", |trial| {
            trial.stage.enter_secret("love");
        });
        trial.quietly("/code ABCD-EFGH-IJKL-MNOP", |trial| {
            trial.stage.enter_code(Some("ABCD-EFGH-IJKL-MNOP"));
        });
    }
    trial.go_on();
}

fn switches_off(trial: &mut Trial<'_>) {
    trial.do_it("/otr off", |trial| trial.stage.end_otr());
    trial.say(UNKNOWN);
    trial.go_on();
}

fn changes_program(trial: &mut Trial<'_>) {
    trial.quietly("/client", |trial| trial.stage.change_client(None));
    let hello = trial.ground.words("greeting", "Hello!");
    trial.say(&hello);
    trial.quietly("/otr on", |trial| trial.stage.start_otr());
    trial.say(UNKNOWN);
    trial.go_on();
}

fn goes_away(trial: &mut Trial<'_>) {
    trial.quietly("/away", |trial| trial.stage.go_away());
    let said = trial.wait(Duration::from_mins(12));
    if !said.is_empty() {
        trial.fail(Verdict::Pressed, said);
    }
    trial.quietly("/back", |trial| trial.stage.come_back());
    let hello = trial.ground.words("greeting", "Hello!");
    trial.say(&hello);
}
