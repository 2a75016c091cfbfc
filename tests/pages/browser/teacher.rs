//! The teacher's view in a frame of another site, with scripts and without.

use crate::browser::{access::fill_course, driver::Scripts, journey::Learner};
use crate::http::support::{Launch, until};

const OVERVIEW: &str = "Private chat: the exercise for your learners";

async fn sees(teacher: &Learner, words: &str) {
    until(&format!("the words {words:?}"), async || {
        let text = teacher.browser.script("return document.querySelector('main').innerText").await;
        text.as_str().is_some_and(|text| text.contains(words))
    })
    .await;
    teacher.arrive(OVERVIEW).await;
}

async fn press(teacher: &Learner, button: &str) {
    let button = teacher.browser.find(button).await;
    teacher.browser.click(&button).await;
}

async fn look_after_a_course(scripts: Scripts) {
    let teacher = Learner::sit_down(scripts, Vec::new()).await;
    fill_course(&teacher.tool).await;
    teacher.open_assignment(Launch::of("teacher", "Instructor"), 640).await;
    sees(&teacher, "Learners: 60. Page 1 of 2.").await;
    let text = teacher.browser.text(".funnel").await;
    assert!(text.contains("Opened the exercise: 60 (100 %)"), "{text}");

    press(&teacher, ".pager button").await;
    sees(&teacher, "Page 2 of 2.").await;
    assert!(teacher.browser.title().await.starts_with("Page 2 of 2 – "));
    if scripts == Scripts::On {
        let focused = teacher.browser.script("return document.activeElement.id").await;
        assert_eq!(focused, "found", "the teacher is still at the list");
    }
    press(&teacher, "#failed").await;
    press(&teacher, ".search button").await;
    sees(&teacher, "Found: 4 of 60.").await;
    assert_eq!(teacher.browser.all("tbody tr").await.len(), 4);
    press(&teacher, "td form.row button").await;
    sees(&teacher, "Grades that are being sent again: 1.").await;
    assert_eq!(teacher.browser.all("tbody tr").await.len(), 3, "the search goes on");
    press(&teacher, ".warning button").await;
    sees(&teacher, "Grades that are being sent again: 3.").await;

    let field = teacher.browser.find("#search").await;
    teacher.browser.type_into(&field, "vega 11").await;
    press(&teacher, ".search button").await;
    sees(&teacher, "Found: 1 of 60.").await;
    let field = teacher.browser.find("#search").await;
    assert_eq!(teacher.browser.property(&field, "value").await, "vega 11");

    press(&teacher, "form[action='/course/lesson'] button").await;
    teacher.arrive("The lesson").await;
    let drawn =
        "return document.querySelector('svg.lesson .name').getBoundingClientRect().width > 0
        && getComputedStyle(document.querySelector('svg.lesson .line')).fill === 'none'";
    assert_eq!(teacher.browser.script(drawn).await, true, "the drawing has its styles");
    press(&teacher, "main form[action='/course'] button").await;
    sees(&teacher, "Learners: 60.").await;

    press(&teacher, "form[action='/course/try'] button").await;
    teacher.arrive("Learn to chat in private").await;
    press(&teacher, "footer form[action='/course'] button").await;
    sees(&teacher, "Learners: 60.").await;
}

#[actix::test]
async fn a_teacher_looks_after_a_course_with_scripts() {
    look_after_a_course(Scripts::On).await;
}

#[actix::test]
async fn a_teacher_looks_after_a_course_without_scripts() {
    look_after_a_course(Scripts::Off).await;
}
