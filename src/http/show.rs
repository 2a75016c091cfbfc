//! From what the gateway says to a page: which one it is, and what is around it.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        Method,
        header::{self, HeaderName},
    },
};
use gettext::{Catalog, Reader};
use lti::Presentation;
use maud::Markup;

use super::{
    Site,
    error::Failure,
    headers::{self, Ancestors},
    pages::{self, Asked, Clock, Frame, GradeView, House, Language, LivePage, Status, Whose},
    request::{Said, header_text},
};

use crate::{
    actors::{
        ambient::unix_now,
        lti::{FramedBy, JidProblem, View, course::CourseView},
    },
    drawing::previews::Preview,
    i18n::scope,
    records::{Enrolment, GradeState, Graded, Progress},
    session::{BotSecretVerdict, SecretVerdict},
};

/// How the browser treats a page that it asked for by `GET`, and one that changes all the time.
const NOT_KEPT: &str = "no-store";
/// How it treats the answer to a form. There is no secret on it, as none is ever sent back, and it
/// is for one person alone. A browser that may not keep it cannot go back to it either: in a frame
/// the learner would be left with an error of the browser's own.
const KEPT_FOR_THE_WAY_BACK: &str = "private, no-cache";

/// A page of the learner's way.
#[derive(Clone, Debug)]
pub(super) enum Step<'a> {
    /// What this is, and the way in.
    Start,
    /// The Jabber ID, please; with what was typed and what is wrong with it.
    EnterJid(&'a str, Option<JidProblem>),
    /// The Jabber ID is taken: add the bot.
    JidEntered,
    /// The shared secret, please.
    AskForSecret(Option<SecretVerdict>),
    /// The bot secret, please.
    EnterBotSecret(Option<BotSecretVerdict>),
    /// The same, where the shared secret was taken just now, and has blanks in it.
    BlanksTaken,
    /// The lesson is done.
    Done,
}

impl<'a> Step<'a> {
    /// Where a learner stands who was just launched.
    pub(super) fn of_launch(view: &'a View) -> Self {
        match (&view.enrolment.jid, &view.known_jid) {
            (Some(_), _) => Self::next(view),
            _ if is_done(view) => Self::Done,
            // Who knows another exercise knows what this is.
            (None, Some(known)) => Self::EnterJid(known, None),
            (None, None) => Self::Start,
        }
    }

    /// Where somebody stands who gave their Jabber ID.
    fn next(view: &View) -> Self {
        if is_done(view) {
            return Self::Done;
        }
        match &view.whereabouts {
            Some(whereabouts) if whereabouts.has_secret => Self::EnterBotSecret(None),
            Some(whereabouts) if whereabouts.progress >= Progress::Encrypted => {
                Self::AskForSecret(None)
            }
            Some(_) | None => Self::JidEntered,
        }
    }
}

/// Who may show a page of a launch in a frame.
pub(super) fn ancestors(framed_by: &FramedBy) -> Ancestors {
    match framed_by {
        FramedBy::Origins(origins) => Ancestors::platforms(origins.iter().cloned()),
        FramedBy::Settings(sources) => Ancestors::Only(sources.clone()),
    }
}

/// Whether a browser says that it puts the answer into a frame.
pub(super) fn is_for_a_frame(request: &HttpRequest) -> bool {
    let destination = header_text(request, HeaderName::from_static("sec-fetch-dest"));
    matches!(destination, "iframe" | "frame" | "embed" | "object")
}

/// Whether the lesson is passed.
pub(super) fn is_done(view: &View) -> bool {
    view.grade.as_ref().is_some_and(Graded::is_full)
        || view.enrolment.progress == Progress::Done
        || view.whereabouts.as_ref().is_some_and(|now| now.progress == Progress::Done)
}

impl Site {
    /// The page for whoever was just launched.
    pub(super) async fn welcome(
        &self,
        request: &HttpRequest,
        view: &View,
    ) -> Result<HttpResponse, Failure> {
        if self.is_out_of_place(request, &view.framed_by) {
            return Ok(self.show_elsewhere(request, view));
        }
        if view.enrolment.is_teacher {
            self.course_of(request, view).await
        } else {
            Ok(self.show(request, view, &Step::of_launch(view)))
        }
    }

    /// Whether a browser is about to put a page into a frame in which it would not show it, as far as
    /// that can be known: by whose page asked for it. That is no proof, as a page of another address may
    /// have stood in the frame before, and started the launch; but an empty frame is worse than a button.
    /// Where the settings say who may frame the pages, they are believed.
    fn is_out_of_place(&self, request: &HttpRequest, framed_by: &FramedBy) -> bool {
        if !is_for_a_frame(request) || matches!(framed_by, FramedBy::Settings(_)) {
            return false;
        }
        let ancestors = ancestors(framed_by);
        let own = self.config.public_url.origin().ascii_serialization();
        match header_text(request, header::ORIGIN) {
            "" | "null" => ancestors.names_nobody(),
            origin => !ancestors.has(origin, &own),
        }
    }

    /// The way to the page for whoever was just launched, in a window of its own.
    fn show_elsewhere(&self, request: &HttpRequest, view: &View) -> HttpResponse {
        let (action, field) = if view.enrolment.is_teacher {
            ("/course", None)
        } else {
            match Step::of_launch(view) {
                Step::Start => ("/enter_jid", Some("start")),
                Step::EnterJid(..) => ("/enter_jid", None),
                Step::JidEntered => ("/jid_entered", None),
                Step::AskForSecret(_) => ("/ask_for_secret", None),
                Step::BlanksTaken | Step::EnterBotSecret(_) | Step::Done => {
                    ("/enter_bot_secret", None)
                }
            }
        };
        let markup = pages::elsewhere(&self.frame(request, view), action, field);
        self.page(request, HttpResponse::Ok(), &Ancestors::Anybody, markup)
    }

    /// A page for a teacher: the course.
    pub(super) fn show_course(&self, request: &HttpRequest, course: &CourseView) -> HttpResponse {
        let taught = self.taught(request, &course.view);
        let frame = self.frame(request, &course.view);
        let markup = pages::teacher(&frame, course, taught.as_ref());
        self.page(request, HttpResponse::Ok(), &ancestors(&course.view.framed_by), markup)
    }

    /// A page for a teacher: the lesson.
    pub(super) fn show_lesson(
        &self,
        request: &HttpRequest,
        view: &View,
        preview: &Preview,
    ) -> HttpResponse {
        let taught = self.taught(request, view);
        let markup = pages::lesson(&self.frame(request, view), view, preview, taught.as_ref());
        self.page(request, HttpResponse::Ok(), &ancestors(&view.framed_by), markup)
    }

    /// The learners of a course, to be taken along.
    pub(super) fn table(&self, request: &HttpRequest, course: &CourseView) -> HttpResponse {
        let frame = self.frame(request, &course.view);
        let table = scope(&frame.house.catalog, || pages::csv(&course.rows, &frame.clock));
        let name = "attachment; filename=\"learners.csv\"";
        HttpResponse::Ok()
            .insert_header((header::CONTENT_DISPOSITION, name))
            .insert_header((header::CACHE_CONTROL, NOT_KEPT))
            .content_type(pages::CSV)
            .body(table)
    }

    /// A page for a learner.
    pub(super) fn show(&self, request: &HttpRequest, view: &View, step: &Step<'_>) -> HttpResponse {
        let frame = self.frame(request, view);
        let markup = match step {
            Step::Start => pages::start(&frame),
            Step::EnterJid(typed, problem) => {
                let is_known = view.known_jid.as_deref() == Some(*typed);
                pages::enter_jid(&frame, &Asked { typed, is_known, problem: *problem })
            }
            Step::JidEntered => pages::jid_entered(&frame, &status(view)),
            Step::AskForSecret(verdict) => {
                pages::ask_for_secret(&frame, &status(view), verdict.as_ref())
            }
            Step::EnterBotSecret(verdict) => {
                pages::enter_bot_secret(&frame, &status(view), *verdict)
            }
            Step::BlanksTaken => pages::blanks_taken(&frame, &status(view)),
            Step::Done => pages::done(&frame, &status(view)),
        };
        let ancestors = ancestors(&view.framed_by);
        self.page(request, HttpResponse::Ok(), &ancestors, markup)
    }

    /// The parts of a page that change.
    pub(super) fn show_status(
        &self,
        request: &HttpRequest,
        view: &View,
        page: LivePage,
    ) -> HttpResponse {
        let markup = pages::status(&self.frame(request, view), page, &status(view));
        self.answer(HttpResponse::Ok(), &Ancestors::Nobody, NOT_KEPT, markup)
    }

    /// An answer with a page.
    pub(super) fn page(
        &self,
        request: &HttpRequest,
        mut answer: HttpResponseBuilder,
        ancestors: &Ancestors,
        markup: Markup,
    ) -> HttpResponse {
        if request.method() != Method::POST {
            return self.answer(answer, ancestors, NOT_KEPT, markup);
        }
        // What was typed stays in the buffer of a connection as long as that is open. Launches come
        // many at a time from one proxy, and nobody has typed them.
        if request.path() != "/" {
            answer.force_close();
        }
        self.answer(answer, ancestors, KEPT_FOR_THE_WAY_BACK, markup)
    }

    /// An answer with the headers of pages.
    fn answer(
        &self,
        mut answer: HttpResponseBuilder,
        ancestors: &Ancestors,
        kept: &'static str,
        markup: Markup,
    ) -> HttpResponse {
        let policy = headers::content_security_policy(ancestors, self.config.css_url.as_ref());
        answer
            .insert_header((header::CONTENT_SECURITY_POLICY, policy))
            .insert_header((header::CACHE_CONTROL, kept))
            .content_type("text/html; charset=utf-8")
            .body(markup.into_string())
    }

    /// Whoever sent a request, as far as their language is concerned.
    pub(super) fn reader(&self, request: &HttpRequest) -> Reader {
        let accepted = header_text(request, header::ACCEPT_LANGUAGE);
        Reader::new(self.config.catalogs.clone(), accepted)
    }

    fn frame(&self, request: &HttpRequest, view: &View) -> Frame {
        let Enrolment { locale, return_url, consumer_key, .. } = &view.enrolment;
        let is_alone = Said::kept(request).is_alone;
        // The course is still in the window that this one was opened from, and may be framed there.
        let return_url = return_url.clone().filter(|_| !is_alone);
        let presentation = presentation(view);
        let theme = presentation.theme.name().map(|name| format!("/theme/{name}.css"));
        let destination = HeaderName::from_static("sec-fetch-dest");
        Frame {
            house: self.house(request, locale.as_deref(), return_url, Some(consumer_key)),
            token: view.token.as_str().to_owned(),
            bot_jid: self.config.bot_jid.clone(),
            bot_alias: self.config.bot_alias.clone(),
            keeps_key: self.config.keeps_key,
            clock: Clock { now: unix_now(), zone: presentation.time_zone() },
            theme,
            whose: whose(&view.enrolment),
            // Browsers that do not say where a page goes may well put it into a frame.
            is_framed: !is_alone && header_text(request, destination) != "document",
            is_alone,
            languages: self.languages(),
        }
    }

    /// The languages that pages can be had in.
    fn languages(&self) -> Vec<Language> {
        let all = self.config.catalogs.all();
        let is_alone = |name: &str| all.iter().filter(|one| one.own_name() == name).count() == 1;
        let language = |catalog: &Arc<Catalog>| {
            let (tag, name) = (catalog.language_tag(), catalog.own_name());
            let name = match tag.split_once('-') {
                Some((_, which)) if !is_alone(name) => format!("{name} ({which})"),
                Some(_) | None => name.to_owned(),
            };
            let direction = if catalog.is_rtl() { "rtl" } else { "ltr" };
            Language { tag: tag.to_owned(), name, direction }
        };
        all.iter().map(language).collect()
    }

    /// What every page has, for a reader with this locale, who comes from this consumer.
    pub(super) fn house(
        &self,
        request: &HttpRequest,
        locale: Option<&str>,
        return_url: Option<String>,
        consumer_key: Option<&str>,
    ) -> House {
        House {
            catalog: self.reader(request).catalog(locale),
            project_name: self.config.project_name.clone(),
            css_url: self.config.css_url.as_ref().map(ToString::to_string),
            return_url,
            is_trial: !self.config.authenticate,
            contact: self.config.contacts.of(consumer_key).map(str::to_owned),
        }
    }
}

fn whose(enrolment: &Enrolment) -> Whose {
    Whose {
        person: enrolment.name.clone().or_else(|| enrolment.jid.clone()),
        assignment: enrolment.link_title.clone(),
        course: enrolment.context_title.clone(),
        is_teacher: enrolment.is_teacher,
        claim_number: enrolment.claim_number().map(|number| number.to_string()),
    }
}

fn presentation(view: &View) -> Presentation {
    view.enrolment.presentation.as_deref().map(Presentation::of_text).unwrap_or_default()
}

fn status(view: &View) -> Status<'_> {
    Status {
        jid: view.enrolment.jid.as_deref().unwrap_or_default(),
        whereabouts: view.whereabouts.as_ref(),
        reached: view.enrolment.progress,
        is_unreachable: view.whereabouts.as_ref().is_some_and(|now| now.unreachable.is_some()),
        is_done: is_done(view),
        grade: grade_view(view),
    }
}

fn grade_view(view: &View) -> GradeView {
    let is_done = is_done(view);
    match &view.grade {
        Some(Graded { score, state }) if !is_done => match state {
            GradeState::Due { .. } => GradeView::Part { percent: percent(*score), is_sent: false },
            GradeState::Recorded { .. } => {
                GradeView::Part { percent: percent(*score), is_sent: true }
            }
            // The whole grade will be tried as well; there is nothing to be done about the part.
            GradeState::Failed { .. } => GradeView::NotGraded,
        },
        // The whole grade is about to be put on its way.
        None if is_done && view.enrolment.may_grade => GradeView::Sending,
        Some(grade) if !grade.is_full() => GradeView::Sending,
        None => GradeView::NotGraded,
        Some(Graded { state: GradeState::Due { .. }, .. }) => GradeView::Sending,
        Some(Graded { state: GradeState::Recorded { at }, .. }) => GradeView::Recorded { at: *at },
        Some(Graded { state: GradeState::Failed { why }, .. }) => {
            let reference = pages::reference(&view.enrolment.id);
            if lti::answer::is_unclear(why) {
                GradeView::Unclear { reference }
            } else {
                GradeView::Failed { reference }
            }
        }
    }
}

/// A score in percent.
fn percent(score: f64) -> String {
    format!("{:.0}", score * 100.0)
}
