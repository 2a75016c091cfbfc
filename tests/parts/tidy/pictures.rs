//! The pictures of README.md: `make pictures` takes them, and the page shows them all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Where the pictures are.
const FOLDER: &str = "docs/pictures/";

/// The most bytes of a picture of pixels, and of all files of the folder.
const LARGEST: (u64, u64) = (120_000, 500_000);

/// The most pixels from left to right.
const WIDEST: usize = 1200;

/// The fewest characters that say what there is to be seen.
const SHORTEST_ALT: usize = 20;

/// A picture on the page.
#[derive(Debug, PartialEq)]
struct Shown {
    path: String,
    alt: String,
}

/// The pictures of a page: of Markdown and of HTML.
fn shown(page: &str) -> Vec<Shown> {
    let marked = page.split("![").skip(1).filter_map(|rest| {
        let (alt, rest) = rest.split_once("](")?;
        let (path, _) = rest.split_once(')')?;
        Some(Shown { path: path.to_owned(), alt: alt.to_owned() })
    });
    let tags = page.split("<img").skip(1).map(|rest| {
        let tag = rest.split('>').next().unwrap_or_default();
        let value = |name: &str| {
            let value = tag.split_once(&format!("{name}=\"")).and_then(|(_, v)| v.split_once('"'));
            value.map(|(value, _)| value.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        Shown { path: value("src").unwrap_or_default(), alt: value("alt").unwrap_or_default() }
    });
    marked.chain(tags).collect()
}

/// What is wrong between a page and the files that there are.
fn faults(page: &str, files: &BTreeSet<String>) -> Vec<String> {
    let shown = shown(page);
    let missing = shown.iter().filter(|one| !files.contains(&one.path));
    let mut faults: Vec<_> = missing.map(|one| format!("{:?} is not there", one.path)).collect();
    let mute = shown.iter().filter(|one| one.alt.chars().count() < SHORTEST_ALT);
    faults
        .extend(mute.map(|one| format!("{:?} has no alt text that says what it shows", one.path)));
    // A drawing that is too large for the page may be linked.
    let is_named = |file: &str| {
        shown.iter().any(|one| one.path == file) || page.contains(&format!("\"{file}\""))
    };
    let unnamed = files.iter().filter(|file| !is_named(file));
    faults.extend(unnamed.map(|file| format!("{file:?} is not named")));
    faults
}

#[test]
fn the_readme_shows_every_picture_and_each_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("README.md")).unwrap();
    let entries = fs::read_dir(root.join(FOLDER)).unwrap().flatten();
    let files: BTreeSet<_> =
        entries.map(|entry| format!("{FOLDER}{}", entry.file_name().display())).collect();

    assert!(files.len() >= 5, "{files:?}");
    assert_eq!(faults(&page, &files), [""; 0]);

    let mut n_bytes = 0;
    for file in &files {
        let length = fs::metadata(root.join(file)).unwrap().len();
        n_bytes += length;
        if Path::new(file).extension().is_some_and(|end| end == "png") {
            let size = imagesize::size(root.join(file)).unwrap();
            assert!(size.width <= WIDEST, "{file}: {} pixels from left to right", size.width);
            assert!(length <= LARGEST.0, "{file}: {length} bytes");
        }
    }
    assert!(n_bytes <= LARGEST.1, "{n_bytes} bytes together");
}

#[test]
fn pictures_that_are_not_shown_or_not_told_are_found() {
    let files = ["a.png", "b.png", "c.svg"].map(str::to_owned).into();
    let check =
        |page: &str, expected: &[&str]| assert_eq!(faults(page, &files), expected, "{page}");
    let alt = "The page of a learner, on a phone";
    let all = format!("![{alt}](a.png) <a href=\"c.svg\"><img src=\"b.png\"\nalt=\"{alt}\"></a>");

    check(&all, &[]);
    check(&all.replace("\"c.svg\"", "\"d.svg\""), &["\"c.svg\" is not named"]);
    check(&all.replace("a.png", "x.png"), &["\"x.png\" is not there", "\"a.png\" is not named"]);
    check(
        &all.replace(&format!("![{alt}]"), "![]"),
        &["\"a.png\" has no alt text that says what it shows"],
    );
    check(
        &all.replace(&format!("alt=\"{alt}\""), ""),
        &["\"b.png\" has no alt text that says what it shows"],
    );
}
