use super::*;

fn launched(fields: &[(&str, &str)]) -> Presentation {
    let custom = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Presentation::of_launch(&custom.collect())
}

fn brand(json: &str) -> Theme {
    launched(&[("brand", json)]).theme
}

/// The theme of Canvas as it is delivered, and more that is none of our business.
const CANVAS: &str = r##"{"ic-brand-primary":"#0374B5","ic-brand-font-color-dark":"#2D3B45",
    "ic-link-color":"#0374B5","ic-brand-button--primary-bgd":"#0374B5",
    "ic-brand-button--primary-text":"#ffffff","ic-brand-header-image":"/images/x.png",
    "ic-brand-global-nav-bgd":"#394B58","odd":{"a":[1]},"number":7}"##;

#[test]
fn the_theme_of_canvas_is_taken_where_it_can_be_read() {
    let theme = brand(CANVAS);

    assert_eq!(theme.name().as_deref(), Some("2d3b45-0374b5-0374b5-0374b5-ffffff"));
    let css = theme.css();
    for line in ["--ink: #2d3b45;", "--brand: #0374b5;", "--button: #0374b5;", "--link: #0374b5;"] {
        assert!(css.contains(line), "{line} in {css}");
    }
}

#[test]
fn colours_without_contrast_and_what_is_no_colour_stay_away() {
    for json in [
        "",
        "null",
        "[]",
        "{",
        "{}",
        r##"{"ic-link-color":"#999999"}"##,
        r#"{"ic-link-color":"red"}"#,
        r#"{"ic-link-color":7}"#,
        r##"{"ic-link-color":"#000;} body{display:none"}"##,
        r##"{"ic-brand-primary":"#ffff00"}"##,
        r##"{"ic-brand-font-color-dark":"#fff"}"##,
        r##"{"ic-brand-button--primary-bgd":"#000000"}"##,
        r##"{"ic-brand-button--primary-bgd":"#0374b5","ic-brand-button--primary-text":"#333"}"##,
        r##"{"ic-brand-button--primary-bgd":"#ffffff","ic-brand-button--primary-text":"#000"}"##,
    ] {
        assert_eq!(brand(json), Theme::Ours, "{json}");
    }
}

#[test]
fn what_is_missing_is_made_of_the_main_colour_where_that_can_be_read() {
    let name = |json| brand(json).name().unwrap();

    assert_eq!(name(r##"{"ic-brand-primary":"#0374B5"}"##), "x-0374b5-0374b5-0374b5-ffffff");
    // Dark enough for what is drawn, too light for texts.
    let light = r##"{"ic-brand-primary":"#0E8FDB"}"##;
    assert_eq!(name(light), "x-x-0e8fdb-x-x");
    assert!(brand(light).css().contains("--link: var(--ink);"));
    assert!(brand(light).css().contains("--button: var(--ink);"));
}

#[test]
fn a_pressed_button_stays_readable() {
    // Dark text on a light button, which may not get darker.
    let theme = brand(
        r##"{"ic-brand-button--primary-bgd":"#8a8a8a","ic-brand-button--primary-text":"#000000"}"##,
    );
    assert!(theme.css().contains("--button-dark: #8a8a8a;") || theme.css().contains("#686868"));

    let Theme::Brand(Brand { button: Some((paper, text)), .. }) = theme else {
        panic!("{theme:?}")
    };
    assert!(text.contrast(paper) >= TEXT);
}

#[test]
fn high_contrast_goes_before_the_brand() {
    let theme = |value| launched(&[("high_contrast", value), ("brand", CANVAS)]).theme;

    assert_eq!(theme("true"), Theme::HighContrast);
    assert_eq!(theme("True"), Theme::HighContrast);
    assert_eq!(theme("false"), brand(CANVAS));
    assert_eq!(theme(""), brand(CANVAS));
    assert!(Theme::HighContrast.css().contains("--line-strong: #000000;"));
}

#[test]
fn only_time_zones_that_exist_are_kept() {
    for (sent, kept) in [
        ("Europe/Amsterdam", Some("Europe/Amsterdam")),
        ("america/denver", Some("America/Denver")),
        (" UTC ", Some("UTC")),
        ("Europe/Atlantis", None),
        ("$Person.address.timezone", None),
        ("../../etc/localtime", None),
        ("", None),
        (&"x".repeat(1_000), None),
    ] {
        let presentation = launched(&[("tz", sent)]);
        assert_eq!(presentation.zone.as_deref(), kept, "{sent:?}");
        assert_eq!(presentation.time_zone().is_some(), kept.is_some());
    }
}

#[test]
fn what_is_stored_comes_back() {
    for presentation in [
        launched(&[("tz", "Asia/Tehran")]),
        launched(&[("brand", CANVAS)]),
        launched(&[("brand", CANVAS), ("tz", "America/New_York")]),
        launched(&[("high_contrast", "true")]),
    ] {
        let text = presentation.to_text().unwrap();
        assert!(text.len() < 120, "{text}");
        assert_eq!(Presentation::of_text(&text), presentation);
    }
    assert_eq!(Presentation::default().to_text(), None);
    for odd in ["", "{", "[]", r#"{"theme":"x"}"#, r#"{"theme":7}"#, r#"{"zone":"/etc"}"#] {
        assert_eq!(Presentation::of_text(odd), Presentation::default(), "{odd}");
    }
    let newer = r#"{"zone":"UTC","font":"serif"}"#;
    assert_eq!(Presentation::of_text(newer).zone.as_deref(), Some("UTC"));
}

#[test]
fn a_name_says_the_theme_and_nothing_else_is_one() {
    for theme in [brand(CANVAS), Theme::HighContrast] {
        assert_eq!(Theme::of_name(&theme.name().unwrap()), Some(theme));
    }
    for odd in [
        "",
        "x-x-x-x-x",
        "x-999999-x-x-x",
        "x-x-0374b5-x-x",
        "X-X-0E8FDB-X-X",
        "x-x-0e8fdb-x",
        "x-x-0e8fdb-x-x-x",
        "x-x-0e8fdb-000000-x",
        "2d3b45-ffff00-0374b5-0374b5-ffffff",
        "x-x-0e8fdb-x-x;",
        "high-contrast.css",
        "é-x-0e8fdb-x-x",
    ] {
        assert_eq!(Theme::of_name(odd), None, "{odd}");
    }
}

#[test]
fn where_the_platform_is_is_stored_beside_its_colours() {
    let platform = Presentation::default().at(&["https://lms.example".to_owned()]);
    let text = platform.to_text().unwrap();
    assert_eq!(Presentation::of_text(&text), platform);

    let odd = Presentation::of_text(r#"{"origins":["https://a.example/x","*","a; b"]}"#);
    assert_eq!(odd.origins, ["https://a.example"]);
}
