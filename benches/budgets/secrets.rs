//! Shared secrets to be judged by how easily they are guessed.

/// One that is refused.
pub(crate) const WEAK: &str = "password1";
/// One that is taken.
pub(crate) const STRONG: &str = "purple walrus ironing kettles 7";

/// Every character that may stand for a letter. Each has the estimate try its letters, beside those of
/// all others, in every dictionary.
const STAND_INS: &str = "4@8({[<3691!|70$5+%2";
/// As many bytes as the bot takes.
const LONGEST: usize = 256;

/// The slowest secrets that were found, by what they are made of. A search by chance among changes of
/// these (`zxcvbn` 3.1, four minutes) found nothing that is a quarter slower.
pub(crate) fn worst() -> [(&'static str, String); 5] {
    [
        ("of stand-ins for letters", filled(STAND_INS)),
        (
            "of such and words",
            filled(&format!(
                "{STAND_INS}iagoassatgl+ssibabyssatglossis0tassatglossisatassatglossisatea1atglossisatassatg"
            )),
        ),
        ("of repeats", filled("1112")),
        ("of dates", filled("1.1.11")),
        ("of letters beyond ASCII", filled("éü")),
    ]
}

/// A text over and over again.
fn filled(text: &str) -> String {
    let mut filled = String::new();
    for c in text.chars().cycle() {
        if filled.len() + c.len_utf8() > LONGEST {
            return filled;
        }
        filled.push(c);
    }
    filled
}
