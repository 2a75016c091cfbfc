//! A slip in a text that is right without it.

/// Each slip of a table: what stands in the place of a part of the text, and all that is told.
pub(super) type Slip<'a> = (&'a str, &'a str, &'a [&'a str]);

/// Checks what is told of each slip; all that differ are shown at once.
#[track_caller]
pub(super) fn check_slips(right: &str, slips: &[Slip<'_>], told: impl Fn(&str) -> Vec<String>) {
    let mut wrong = Vec::new();
    assert_eq!(told(right), Vec::<String>::new());
    for (from, to, expected) in slips {
        assert_eq!(right.matches(from).count(), 1, "{from:?}");
        let found = told(&right.replacen(from, to, 1));
        for line in &found {
            super::check_words(line);
        }
        if found != *expected {
            wrong.push(format!("({from:?}, {to:?}, &{found:#?}),"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), slips.len(), wrong.join("\n"));
}
