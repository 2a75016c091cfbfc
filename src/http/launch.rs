//! The learner's pages, from the launch to the grade.
//!
//! No cookie and no script is needed: each page is the answer to a form, and its own forms carry the
//! page token. The token never stands in a URL, so a `POST` is answered with the next page itself;
//! to send a form again, by a reload or out of the history, does no harm.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use lti::{LaunchError, Other, RawLaunch, form, token::PageToken};
use secrecy::ExposeSecret as _;

use super::{
    Site,
    error::Failure,
    request::{
        self, Body, GOES_ON_FIELD, LANGUAGE_FIELD, LARGEST_LAUNCH, PageForm, Said, header_text,
        is_foreign,
    },
    show::{Step, is_done},
};

use crate::{
    actors::lti::{
        ChooseLanguage, OpenPage, PageError, SubmitBotSecret, SubmitJid, SubmitSecret, TakeLaunch,
        View, Waiting,
    },
    session::{BotSecretVerdict, SecretVerdict},
};

/// What a handler ends in.
type Answer = Result<HttpResponse, Failure>;

/// `POST /`: the launch.
pub(super) async fn launch(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, take_launch(&site, &request, payload).await).await
}

async fn take_launch(site: &Site, request: &HttpRequest, payload: web::Payload) -> Answer {
    stay_at_home(site, request)?;
    // The room for a large one is kept until it is answered.
    let Body { mut bytes, room: _room } = request::body(request, payload, LARGEST_LAUNCH).await?;
    Said::by_launch(&bytes).keep(request);
    let request_as_sent = RawLaunch {
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        content_type: header_text(request, header::CONTENT_TYPE).to_owned(),
        body: std::mem::take(&mut *bytes),
    };
    let taken = TakeLaunch { request: request_as_sent, reader: site.reader(request) };
    let view = site.ask(taken).await?;
    site.note_lesson(request, &view);
    site.welcome(request, &view).await
}

/// `GET /`: somebody opens the tool without a launch, which only helps where nobody signs them.
pub(super) async fn open(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let answer = async {
        stay_at_home(&site, &request)?;
        // A login of LTI 1.3 may come by GET.
        let query = form::parse(request.uri().query().unwrap_or_default().as_bytes());
        if let Some(other) = Other::of_request(&[], &query.unwrap_or_default()) {
            return Err(PageError::from(LaunchError::from(other)).into());
        }
        let reader = site.reader(&request);
        let open = OpenPage { token: PageToken::default(), reader, goes_on: false };
        let view = site.ask(open).await?;
        site.welcome(&request, &view).await
    };
    finish(&site, &request, answer.await).await
}

/// `GET,POST /enter_jid`
pub(super) async fn enter_jid(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, answer_enter_jid(&site, &request, payload).await).await
}

async fn answer_enter_jid(site: &Site, request: &HttpRequest, payload: web::Payload) -> Answer {
    let form = read(site, request, payload).await?;
    let Some(typed) = form.field("jid") else {
        let view = open_page(site, request, &form).await?;
        let is_start = form.field("start").is_some();
        let step = if is_start { Step::Start } else { Step::EnterJid(jid_of(&view), None) };
        return Ok(site.show(request, &view, &step));
    };
    let submitted = SubmitJid { token: form.token.clone(), jid: typed.to_owned() };
    let answer = site.ask(submitted).await?;
    let step = match answer.problem {
        Some(problem) => Step::EnterJid(typed, Some(problem)),
        None => Step::JidEntered,
    };
    Ok(site.show(request, &answer.view, &step))
}

/// `GET,POST /jid_entered`
pub(super) async fn jid_entered(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, answer_jid_entered(&site, &request, payload).await).await
}

async fn answer_jid_entered(site: &Site, request: &HttpRequest, payload: web::Payload) -> Answer {
    let form = read(site, request, payload).await?;
    let view = open_page(site, request, &form).await?;
    Ok(site.show(request, &view, &with_jid(&view, Step::JidEntered)))
}

/// `GET,POST /ask_for_secret`
pub(super) async fn ask_for_secret(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, answer_ask_for_secret(&site, &request, payload).await).await
}

async fn answer_ask_for_secret(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Answer {
    let form = read(site, request, payload).await?;
    let Some(secret) = form.secret("secret") else {
        let view = open_page(site, request, &form).await?;
        // A secret that is strong enough is asked for again only by whoever wants another.
        let wants_another = form.field("again").is_some();
        let has_secret =
            !wants_another && view.whereabouts.as_ref().is_some_and(|now| now.has_secret);
        let step = if has_secret { Step::EnterBotSecret(None) } else { Step::AskForSecret(None) };
        return Ok(site.show(request, &view, &with_jid(&view, step)));
    };
    let has_blanks = secret.expose_secret().trim().contains(char::is_whitespace);
    // As long as this is waited for.
    let waiting = Waiting::default();
    let submitted = SubmitSecret { token: form.token.clone(), secret, caller: waiting.caller() };
    let answer = site.ask(submitted).await?;
    let step = match answer.verdict {
        Some(SecretVerdict::Accepted) if has_blanks => Step::BlanksTaken,
        Some(SecretVerdict::Accepted) => Step::EnterBotSecret(None),
        verdict @ Some(
            SecretVerdict::TooWeak { .. } | SecretVerdict::Told | SecretVerdict::Unusable,
        ) => Step::AskForSecret(verdict),
        None => Step::EnterJid(jid_of(&answer.view), None),
    };
    Ok(site.show(request, &answer.view, &step))
}

/// `GET,POST /enter_bot_secret`
pub(super) async fn enter_bot_secret(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    finish(&site, &request, answer_enter_bot_secret(&site, &request, payload).await).await
}

async fn answer_enter_bot_secret(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Answer {
    let form = read(site, request, payload).await?;
    let Some(typed) = form.secret("bot_secret") else {
        let view = open_page(site, request, &form).await?;
        let step = if is_done(&view) { Step::Done } else { Step::EnterBotSecret(None) };
        return Ok(site.show(request, &view, &with_jid(&view, step)));
    };
    let answer = site.ask(SubmitBotSecret { token: form.token.clone(), typed }).await?;
    let step = match answer.verdict {
        Some(BotSecretVerdict::Right) => Step::Done,
        // A form that is sent again after the lesson, by a reload, has lost its use and no more.
        Some(
            BotSecretVerdict::Wrong | BotSecretVerdict::NotGivenYet | BotSecretVerdict::TooSoon,
        ) if is_done(&answer.view) => Step::Done,
        verdict @ Some(
            BotSecretVerdict::Wrong | BotSecretVerdict::NotGivenYet | BotSecretVerdict::TooSoon,
        ) => Step::EnterBotSecret(verdict),
        None => Step::EnterJid(jid_of(&answer.view), None),
    };
    Ok(site.show(request, &answer.view, &step))
}

/// Asks what a page shows to whom a form stands for, who may have chosen another language for it.
pub(super) async fn open_page(
    site: &Site,
    request: &HttpRequest,
    form: &PageForm,
) -> Result<View, Failure> {
    let chosen = form.pressed(LANGUAGE_FIELD).and_then(|tag| site.config.catalogs.known(tag));
    if let Some(catalog) = chosen {
        let locale = catalog.locale().to_owned();
        site.ask(ChooseLanguage { token: form.token.clone(), locale }).await?;
    }
    let goes_on = form.pressed(GOES_ON_FIELD).is_some();
    site.ask(OpenPage { token: form.token.clone(), reader: site.reader(request), goes_on }).await
}

/// Whoever has no Jabber ID yet is asked for it first.
fn with_jid<'a>(view: &'a View, step: Step<'a>) -> Step<'a> {
    if view.enrolment.jid.is_some() {
        return step;
    }
    // What is finished is so without a Jabber ID, too.
    if is_done(view) { Step::Done } else { Step::EnterJid(jid_of(view), None) }
}

/// The Jabber ID that a learner gave, or is likely to give.
fn jid_of(view: &View) -> &str {
    let jid = view.enrolment.jid.as_ref().or(view.known_jid.as_ref());
    jid.map(String::as_str).unwrap_or_default()
}

/// Reads a form of one of our pages; a `GET` has none.
pub(super) async fn read(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<PageForm, Failure> {
    let form = PageForm::read(request, payload).await?;
    stay_at_home(site, request)?;
    Said::by_form(&form).keep(request);
    if request.method() == Method::POST && is_foreign(request, &site.config.public_url) {
        return Err(Failure::Foreign);
    }
    Ok(form)
}

/// Refuses requests for other hosts where nobody signs launches.
fn stay_at_home(site: &Site, request: &HttpRequest) -> Result<(), Failure> {
    let is_trial = !site.config.authenticate;
    if is_trial && request::is_astray(request, &site.config.public_url) {
        return Err(Failure::Foreign);
    }
    Ok(())
}

pub(super) async fn finish(site: &Site, request: &HttpRequest, answer: Answer) -> HttpResponse {
    match answer {
        Ok(answer) => answer,
        Err(failure) => site.problem(request, &failure).await,
    }
}
