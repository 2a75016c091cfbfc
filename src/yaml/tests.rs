use super::{Place, lines::Lines};

#[test]
fn a_place_in_a_long_line_is_found_by_its_characters() {
    let text = format!("a\n{}x # é\n", "é ".repeat(700));
    let lines = Lines::of(&text);
    let at = |column| Place { line: 2, column };

    for column in [1, 255, 257, 511, 513, 1399] {
        assert_eq!(lines.sign(at(column)), Some('é'), "{column}");
        assert_eq!(lines.sign(at(column + 1)), Some(' '), "{column}");
    }
    assert_eq!(lines.sign(at(1401)), Some('x'));
    assert_eq!(lines.comment(at(1402)), Some((at(1403), true)));
    assert_eq!((lines.sign(at(1405)), lines.sign(at(1406))), (Some('é'), None));
    assert_eq!(lines.sign(at(u64::MAX)), None);
    assert_eq!(lines.next_sign(at(1402)), None);
}
