//! The learners of a course as a table for spreadsheets (RFC 4180).

use jiff::{Timestamp, tz::TimeZone};
use tr::tr;

use super::{clock::Clock, layout::reference, outcome, roster::step};
use crate::records::{CourseRow, GradeState};

/// The media type of the table.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";

/// By what a cell begins that a spreadsheet would take for a formula, also in the forms for wide
/// letters.
const BEGINS_FORMULA: [char; 8] =
    ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The table, in the language of the present [`scope`](crate::i18n::scope), with the moments in the time
/// zone of the clock. It begins with a byte order mark, without which Excel takes it for another
/// encoding.
pub fn csv(rows: &[CourseRow], clock: &Clock) -> String {
    let heads = [
        tr!("Learner"),
        tr!("Jabber ID"),
        tr!("Assignment"),
        tr!("Step"),
        tr!("Last activity"),
        tr!("Grade in percent"),
        tr!("State of the grade"),
        tr!("Since"),
        tr!("Reference"),
    ];
    let mut table = String::from('\u{feff}');
    line(&mut table, &heads);
    for row in rows {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (percent, state, since) = grade(row, clock);
        line(
            &mut table,
            &[
                text(&row.name),
                text(&row.jid),
                text(&row.link_title),
                step(row.standing()),
                moment(row.active_at, clock),
                percent,
                state,
                since,
                reference(&row.id),
            ],
        );
    }
    table
}

fn grade(row: &CourseRow, clock: &Clock) -> (String, String, String) {
    let Some((score, state)) = &row.grade else { return Default::default() };
    let percent = format!("{:.0}", score.clamp(0.0, 1.0) * 100.0);
    let (state, since) = match state {
        GradeState::Recorded { at } => (tr!("recorded"), moment(*at, clock)),
        GradeState::Due { why: None, .. } => (tr!("being sent"), String::new()),
        GradeState::Due { why: Some(why), .. } => {
            let why = outcome::plain(why).unwrap_or_else(|| why.clone());
            (format!("{}: {why}", tr!("being sent")), String::new())
        }
        GradeState::Failed { why } => {
            let is_unclear = lti::answer::is_unclear(why);
            let state = if is_unclear { tr!("sent, not confirmed") } else { tr!("not accepted") };
            let why = outcome::plain(why).unwrap_or_else(|| why.clone());
            (format!("{state}: {why}"), String::new())
        }
    };
    (percent, state, since)
}

/// A moment in seconds since 1970, as spreadsheets read it: date, time and offset (ISO 8601).
fn moment(at: i64, clock: &Clock) -> String {
    let zone = clock.zone.clone().unwrap_or(TimeZone::UTC);
    let moment = Timestamp::from_second(at).map(|moment| moment.to_zoned(zone));
    moment.map(|moment| moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default()
}

fn line(table: &mut String, cells: &[String]) {
    for (n, text) in cells.iter().enumerate() {
        table.push_str(if n == 0 { "\"" } else { ",\"" });
        // A spreadsheet takes what begins with an apostrophe for a text.
        let begin = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        if begin.starts_with(BEGINS_FORMULA) {
            table.push('\'');
        }
        table.extend(text.chars().flat_map(|character| {
            let twice = (character == '"').then_some('"');
            twice.into_iter().chain([character])
        }));
        table.push('"');
    }
    table.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        i18n,
        records::{EnrolmentId, Progress},
    };

    fn written(row: CourseRow) -> Vec<String> {
        let zone = Some(TimeZone::get("Europe/Amsterdam").unwrap());
        let (catalogs, _) = i18n::load(None);
        let table = i18n::scope(&catalogs.find("en_GB"), || {
            csv(&[row], &Clock { now: 1_795_476_605, zone })
        });
        let (heads, rest) = table.split_once("\r\n").unwrap();
        assert!(heads.starts_with("\u{feff}\"Learner\",\"Jabber ID\",\"Assignment\""), "{heads}");
        let row = rest.strip_suffix("\r\n").unwrap();
        let cells = row.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        cells.split("\",\"").map(str::to_owned).collect()
    }

    fn row(name: &str) -> CourseRow {
        CourseRow {
            id: EnrolmentId::from_text("0123456789abcdef0123456789abcdef"),
            name: Some(name.to_owned()),
            link_title: Some("Week 3, \"OTR\"".to_owned()),
            jid: Some("zoe@chat.example".to_owned()),
            progress: Progress::Done,
            // 2026-11-23, 23:30:05 UTC.
            active_at: 1_795_476_605,
            grade: Some((1.0, GradeState::Recorded { at: 1_795_476_605 })),
        }
    }

    #[test]
    fn a_row_says_what_the_page_says() {
        let cells = written(row("Zoë"));

        let expected = [
            "Zoë",
            "zoe@chat.example",
            "Week 3, \"\"OTR\"\"",
            "Finished the lesson",
            "2026-11-24T00:30:05+01:00",
            "100",
            "recorded",
            "2026-11-24T00:30:05+01:00",
        ];
        assert_eq!(cells[..8], expected);
        assert!(!cells[8].is_empty());
        let none = written(CourseRow { grade: None, jid: None, name: None, ..row("") });
        assert_eq!((none[0].as_str(), none[1].as_str(), none[5].as_str()), ("", "", ""));
    }

    #[test]
    fn a_grade_that_nobody_confirms_is_none_that_was_not_accepted() {
        let of = |why: &str| {
            let state = GradeState::Failed { why: why.to_owned() };
            written(CourseRow { grade: Some((1.0, state)), ..row("Zoë") })[6].clone()
        };
        let unclear =
            lti::answer::Why::from("an empty answer".to_owned()).unclear().for_teacher("");

        assert_eq!(of("no points"), "not accepted: no points");
        assert!(of(&unclear).starts_with("sent, not confirmed: "), "{}", of(&unclear));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for name in [
            "=HYPERLINK(\"https://evil.example\")",
            "+1",
            "-1",
            "@SUM(1)",
            " =1",
            "\t=1",
            "\r=1",
            "\n+1",
            "\u{ff1d}1",
            "\u{a0}=1",
        ] {
            let cell = written(row(name))[0].clone();
            assert!(cell.starts_with('\''), "{cell}");
        }
        assert_eq!(written(row("Anne-Marie = 1"))[0], "Anne-Marie = 1");
    }
}
