//! What teachers ask the gateway: how far the learners of their course are, and to send grades again
//! that the platform has refused.

use actix::{Handler, Message, ResponseFuture};
use log::info;
use lti::token::PageToken;
use tokio::runtime::Handle;

use super::{LtiGateway, PageError, View, desk::Desk};

use crate::{
    actors::ambient::unix_now,
    records::{Course, CourseRow, Enrolment, EnrolmentId, Funnel, Wanted},
};

/// How many learners stand on a page.
pub const PAGE_SIZE: usize = 50;

/// A teacher looks at the course.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CourseView, PageError>")]
pub struct OpenCourse {
    /// The page token.
    pub token: PageToken,
    /// Which learners are to be shown; the page's size is the gateway's matter.
    pub wanted: Wanted,
    /// Which grades are to be sent again first.
    pub send_again: Option<SendAgain>,
}

/// A teacher takes the learners along, as many as are wanted, not page by page.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<CourseView, PageError>")]
pub struct TakeTable {
    /// The page token.
    pub token: PageToken,
    /// Which learners.
    pub wanted: Wanted,
}

/// Which grades are to be sent again, of those that were refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendAgain {
    /// That of one enrolment, by its id as the page sent it.
    One(String),
    /// All of the course.
    All,
}

/// A course at a glance.
#[derive(Clone, Debug)]
pub struct CourseView {
    /// The teacher's own.
    pub view: View,
    /// Some of the learners.
    pub rows: Vec<CourseRow>,
    /// Which ones were asked for; the page is one that there is.
    pub wanted: Wanted,
    /// How many match in all.
    pub n_matching: usize,
    /// How far all learners of the course are.
    pub funnel: Funnel,
    /// How many grades were put on their way again, if that was asked for.
    pub n_sent_again: Option<u64>,
}

impl CourseView {
    /// How many pages there are; at least one.
    pub fn n_pages(&self) -> usize {
        self.n_matching.div_ceil(PAGE_SIZE).max(1)
    }
}

impl Desk {
    async fn open_course(&self, message: OpenCourse) -> Result<CourseView, PageError> {
        let OpenCourse { token, wanted, send_again } = message;
        let wanted = Wanted { page_size: PAGE_SIZE, ..wanted };
        let mut course = self.look_at(&token, wanted, send_again).await?;
        course.wanted.page = course.wanted.page.min(course.n_pages().saturating_sub(1));
        Ok(course)
    }

    async fn take_table(&self, message: TakeTable) -> Result<CourseView, PageError> {
        let TakeTable { token, wanted } = message;
        let wanted = Wanted { page: 0, page_size: usize::MAX, ..wanted };
        self.look_at(&token, wanted, None).await
    }

    async fn look_at(
        &self,
        token: &PageToken,
        wanted: Wanted,
        send_again: Option<SendAgain>,
    ) -> Result<CourseView, PageError> {
        let visit = self.visit(token).await?;
        if !visit.enrolment.is_teacher {
            return Err(PageError::NotTeacher);
        }
        self.looks.take(visit.enrolment.id.as_str())?;
        let course = course_of(&visit.enrolment);
        let n_sent_again = match send_again {
            Some(which) => Some(self.send_again(&course, &which).await?),
            None => None,
        };
        let (rows, n_matching, funnel) = self.look_through(course, wanted.clone()).await?;
        let view = self.view(visit).await?;
        Ok(CourseView { view, rows, wanted, n_matching, funnel, n_sent_again })
    }

    /// Looks through a course, which takes a while for thousands of learners: away from the thread
    /// that other pages are made on, and one after the other.
    async fn look_through(
        &self,
        course: Course,
        wanted: Wanted,
    ) -> Result<(Vec<CourseRow>, usize, Funnel), PageError> {
        let (store, runtime) = (self.store.clone(), Handle::current());
        let platform = course.consumer_key.clone();
        let looked = self.looking_through.wait(&platform, None, move || {
            runtime.block_on(async { store.course(&course, &wanted).await })
        });
        Ok(looked.await??)
    }

    async fn send_again(&self, course: &Course, which: &SendAgain) -> Result<u64, PageError> {
        let now = unix_now();
        let n = match which {
            SendAgain::One(id) => match EnrolmentId::from_outside(id) {
                Some(id) => self.store.send_again(course, Some(&id), now).await?,
                None => 0,
            },
            SendAgain::All => self.store.send_again(course, None, now).await?,
        };
        info!("grades: {n} are sent again, as a teacher asked");
        if n > 0 {
            self.wake_outbox();
        }
        Ok(n)
    }
}

/// The course that an enrolment is in.
fn course_of(enrolment: &Enrolment) -> Course {
    let has_context = !enrolment.context_id.is_empty();
    Course {
        consumer_key: enrolment.consumer_key.clone(),
        context_id: enrolment.context_id.clone(),
        resource_link_id: if has_context {
            String::new()
        } else {
            enrolment.resource_link_id.clone()
        },
    }
}

impl Handler<TakeTable> for LtiGateway {
    type Result = ResponseFuture<Result<CourseView, PageError>>;

    fn handle(&mut self, message: TakeTable, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.take_table(message).await })
    }
}

impl Handler<OpenCourse> for LtiGateway {
    type Result = ResponseFuture<Result<CourseView, PageError>>;

    fn handle(&mut self, message: OpenCourse, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.open_course(message).await })
    }
}
