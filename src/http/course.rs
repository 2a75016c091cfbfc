//! The teacher's pages.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    Site,
    error::Failure,
    launch::{self, finish, open_page},
    request::PageForm,
    show::Step,
};
use crate::{
    actors::lti::{
        PageError, View,
        course::{OpenCourse, SendAgain, TakeTable},
    },
    records::{Standing, Wanted},
};

/// The longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// `GET,POST /course`: the learners, and how far they are.
pub(super) async fn course(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let answer = async {
        let form = launch::read(&site, &request, payload).await?;
        site.course(&request, &form, None).await
    };
    finish(&site, &request, answer.await).await
}

/// `POST /course/table`: the learners that are wanted, as a table to take along.
pub(super) async fn table(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let answer = async {
        let form = launch::read(&site, &request, payload).await?;
        let take = TakeTable { token: form.token.clone(), wanted: wanted(&form) };
        let table = site.ask(take).await?;
        Ok(site.table(&request, &table))
    };
    finish(&site, &request, answer.await).await
}

/// `POST /course/resend`: sends grades again that the platform has refused, one or all.
pub(super) async fn resend(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let answer = async {
        let form = launch::read(&site, &request, payload).await?;
        let which = match form.field("enrolment") {
            Some(id) => SendAgain::One(id.to_owned()),
            None => SendAgain::All,
        };
        site.course(&request, &form, Some(which)).await
    };
    finish(&site, &request, answer.await).await
}

/// What a page shows to the teacher who sent a form.
async fn view_of_teacher(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<View, Failure> {
    let form = launch::read(site, request, payload).await?;
    let view = open_page(site, request, &form).await?;
    if view.enrolment.is_teacher { Ok(view) } else { Err(PageError::NotTeacher.into()) }
}

/// `POST /course/try`: the exercise as a learner has it, where the teacher stands in it.
pub(super) async fn try_it(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let answer = async {
        let view = view_of_teacher(&site, &request, payload).await?;
        Ok(site.show(&request, &view, &Step::of_launch(&view)))
    };
    finish(&site, &request, answer.await).await
}

/// `GET,POST /course/lesson`: the lesson as a graph.
pub(super) async fn lesson(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let answer = async {
        let view = view_of_teacher(&site, &request, payload).await?;
        let catalog = site.reader(&request).catalog(view.enrolment.locale.as_deref());
        let preview = site.config.previews.find(view.enrolment.lesson.as_deref(), &catalog);
        let preview = preview.ok_or(Failure::NotFound)?;
        Ok(site.show_lesson(&request, &view, &preview))
    };
    finish(&site, &request, answer.await).await
}

/// Which learners a form asks for.
fn wanted(form: &PageForm) -> Wanted {
    let search = form.field("search").unwrap_or_default();
    Wanted {
        search: search.chars().take(LONGEST_SEARCH).collect(),
        failed_only: form.field("failed").is_some(),
        standing: form.field("standing").and_then(Standing::of_word),
        // A page that was open when this was a check box has that.
        by_name: form.field("order") == Some("name") || form.field("by_name").is_some(),
        page: form.field("page").and_then(|page| page.parse().ok()).unwrap_or(0),
        ..Wanted::default()
    }
}

impl Site {
    /// The course of a teacher who was just launched.
    pub(super) async fn course_of(
        &self,
        request: &HttpRequest,
        view: &View,
    ) -> Result<HttpResponse, Failure> {
        let wanted = Wanted::default();
        let open = OpenCourse { token: view.token.clone(), wanted, send_again: None };
        let course = self.ask(open).await?;
        Ok(self.show_course(request, &course))
    }

    async fn course(
        &self,
        request: &HttpRequest,
        form: &PageForm,
        send_again: Option<SendAgain>,
    ) -> Result<HttpResponse, Failure> {
        let open = OpenCourse { token: form.token.clone(), wanted: wanted(form), send_again };
        let course = self.ask(open).await?;
        Ok(self.show_course(request, &course))
    }
}
