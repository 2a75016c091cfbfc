//! The learners' course: they type their bot secrets into the pages, and the LMS takes the grades.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use support::{lms::Launch, oauth::Consumer, outcomes::Outcomes, wait::poll, web::Frame};

/// What launches of the course say.
pub(crate) const CONTEXT: &str = "course";
pub(crate) const LINK: &str = "link";
/// How many learners are on the pages at the same time.
const BROWSERS: usize = 4;

/// The LMS, and learners on the pages of a bot.
pub(crate) struct Course {
    pub(crate) outcomes: Outcomes,
    browsers: Vec<JoinHandle<()>>,
    troubles: Arc<Mutex<Vec<String>>>,
}

/// The user of the LMS that a learner is.
pub(crate) fn user_id(number: usize) -> String {
    format!("{number:032x}")
}

impl Course {
    /// Opens a course, and a way to tell of learners who have read their bot secrets.
    pub(crate) fn open(launch_url: &str) -> (Self, Sender<(usize, String)>) {
        let outcomes = Outcomes::start(&Consumer::stage());
        let (sender, receiver) = channel::<(usize, String)>();
        let receiver = Arc::new(Mutex::new(receiver));
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let browsers = (0..BROWSERS).map(|_| {
            let (receiver, troubles) = (Arc::clone(&receiver), Arc::clone(&troubles));
            let (launch_url, outcome_url) = (launch_url.to_owned(), outcomes.url());
            thread::spawn(move || {
                while let Some((number, secret)) = next(&receiver) {
                    let typing = || hand_in(&launch_url, &outcome_url, number, &secret);
                    let done = catch_unwind(AssertUnwindSafe(typing));
                    if let Err(why) = done.unwrap_or_else(|_| Err("see above".to_owned())) {
                        troubles.lock().unwrap().push(format!("learner {number}: {why}"));
                    }
                }
            })
        });
        let browsers = browsers.collect();
        (Self { outcomes, browsers, troubles }, sender)
    }

    /// After all have typed their secrets: waits for so many grades. What is wrong with them.
    pub(crate) fn close(self, n_expected: usize, patience: Duration) -> Vec<String> {
        for browser in self.browsers {
            browser.join().unwrap();
        }
        let all = poll(patience, || (self.outcomes.grades().len() >= n_expected).then_some(()));
        if all.is_some() {
            // What is sent twice comes a little later.
            thread::sleep(Duration::from_secs(10));
        }
        let mut troubles = self.troubles.lock().unwrap().clone();
        troubles.extend(self.outcomes.refusals());
        let mut by_learner: HashMap<String, Vec<f64>> = HashMap::new();
        for grade in self.outcomes.grades() {
            by_learner.entry(grade.sourcedid).or_default().push(grade.score);
        }
        if by_learner.len() != n_expected {
            troubles.push(format!("{} of {n_expected} learners have a grade", by_learner.len()));
        }
        let odd = by_learner.iter().filter(|(_, scores)| scores.as_slice() != [1.0]);
        troubles.extend(odd.map(|(learner, scores)| format!("{learner} was graded {scores:?}")));
        troubles
    }
}

fn next(receiver: &Mutex<Receiver<(usize, String)>>) -> Option<(usize, String)> {
    receiver.lock().unwrap().recv().ok()
}

/// The learner opens the assignment and types the bot secret.
fn hand_in(launch_url: &str, outcome_url: &str, number: usize, secret: &str) -> Result<(), String> {
    let user = user_id(number);
    let launch = Launch::learner(launch_url, outcome_url, &user)
        .with("user_id", &user)
        .with("context_id", CONTEXT)
        .with("resource_link_id", LINK);
    let mut frame = Frame::launch(launch_url, &launch.sign(&Consumer::stage()));
    frame.go_to("enter_bot_secret", "bot_secret");
    let page = frame.fill_in("bot_secret", secret);
    if page.status == 200 && !page.has_field("bot_secret") {
        Ok(())
    } else {
        Err(format!("{}: {}", page.status, page.text()))
    }
}
