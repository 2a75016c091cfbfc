//! How the platform presents itself: the colours of its theme and the reader's time zone, from the
//! custom fields of the launch, and where it is, whose pages are around ours.
//!
//! ```text
//! brand          $com.instructure.brandConfigJSON           {"ic-brand-primary":"#0374b5", …}
//! high_contrast  $Canvas.user.prefersHighContrast           true
//! tz             $Person.address.timezone                   Europe/Amsterdam
//! ```
//!
//! The fields are an LMS administrator's to choose, so nothing here trusts them: a colour is only
//! what reads `#rgb` or `#rrggbb`, and is taken only where texts and controls keep their contrast
//! (WCAG 2.2: 4.5:1 and 3:1). What is left goes into a style sheet whose address says it all, so
//! that it is served without knowing for whom, and may be kept by browsers.

use std::{collections::BTreeMap, fmt};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{
    colour::{Colour, WHITE},
    origins,
};

/// The least contrast of text (WCAG 2.2, 1.4.3).
const TEXT: f64 = 4.5;
/// The least contrast of controls and of what is drawn (WCAG 2.2, 1.4.11).
const CONTROLS: f64 = 3.0;
/// The backgrounds in our style sheet on which links stand: `--paper`, `--paper-soft`.
const LINK_PAPERS: [Colour; 2] = [WHITE, Colour::new(0xf4, 0xf7, 0xf8)];
/// Those on which other texts stand as well: `--good-soft`, `--warn-soft`, `--bad-soft`.
const TEXT_PAPERS: [Colour; 3] =
    [Colour::new(0xe9, 0xf5, 0xed), Colour::new(0xfd, 0xf4, 0xe3), Colour::new(0xfc, 0xed, 0xee)];
/// The longest name of a time zone that is looked up, in bytes.
const LONGEST_ZONE: usize = 64;
/// The name of the theme with high contrast.
const HIGH_CONTRAST: &str = "high-contrast";
/// Stands in a theme's name for a colour that is ours.
const OURS: &str = "x";

/// What a launch says of presentation. The default says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// The colours.
    pub theme: Theme,
    /// The name of the reader's time zone, which exists.
    pub zone: Option<String>,
    /// The origins of the platform, which may show pages in a frame.
    pub origins: Vec<String>,
}

/// The colours of pages, as far as they are not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Our own.
    #[default]
    Ours,
    /// Our own, with more contrast.
    HighContrast,
    /// Those of the platform that keep enough contrast.
    Brand(Brand),
}

/// The platform's colours that are good to read. Not all are ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Of texts.
    dark: Option<Colour>,
    link: Option<Colour>,
    primary: Option<Colour>,
    /// The background of the main button, and its text.
    button: Option<(Colour, Colour)>,
}

/// What is stored: [`Presentation`] as JSON.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
}

impl Presentation {
    /// Reads the custom fields of a launch; what is not good there is as if it were absent.
    pub fn of_launch(custom: &BTreeMap<String, String>) -> Self {
        let wants_contrast =
            custom.get("high_contrast").is_some_and(|it| it.trim().eq_ignore_ascii_case("true"));
        let theme = if wants_contrast {
            Theme::HighContrast
        } else {
            custom.get("brand").map_or(Theme::Ours, |json| Theme::of_brand(json))
        };
        let zone = custom.get("tz").and_then(|name| zone(name));
        Self { theme, zone, origins: Vec::new() }
    }

    /// With the origins of the platform.
    #[must_use]
    pub fn at(self, origins: &[String]) -> Self {
        Self { origins: origins.to_vec(), ..self }
    }

    /// The text to store; `None` where there is nothing to keep.
    pub fn to_text(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        let stored = Stored {
            theme: self.theme.name(),
            zone: self.zone.clone(),
            origins: self.origins.clone(),
        };
        serde_json::to_string(&stored).ok()
    }

    /// Reads what was stored, whichever version wrote it.
    pub fn of_text(text: &str) -> Self {
        let stored: Stored = serde_json::from_str(text).unwrap_or_default();
        Self {
            theme: stored.theme.and_then(|name| Theme::of_name(&name)).unwrap_or_default(),
            zone: stored.zone.and_then(|name| zone(&name)),
            origins: stored.origins.iter().filter_map(|known| origins::origin(known)).collect(),
        }
    }

    /// The reader's time zone.
    pub fn time_zone(&self) -> Option<TimeZone> {
        TimeZone::get(self.zone.as_deref()?).ok()
    }
}

/// The name of a time zone, if there is one of that name.
fn zone(name: &str) -> Option<String> {
    let name = name.trim();
    let is_tame = name.len() <= LONGEST_ZONE
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'+' | b'-'));
    let zone = is_tame.then(|| TimeZone::get(name).ok())??;
    zone.iana_name().map(str::to_owned)
}

impl Theme {
    /// Reads the JSON of Canvas's brand variables.
    fn of_brand(json: &str) -> Self {
        let variables: BTreeMap<String, serde_json::Value> =
            serde_json::from_str(json).unwrap_or_default();
        let colour = |name: &str| variables.get(name)?.as_str().and_then(Colour::parse);
        let button = colour("ic-brand-button--primary-bgd");
        Self::of_colours(
            colour("ic-brand-font-color-dark"),
            colour("ic-link-color"),
            colour("ic-brand-primary"),
            button.zip(colour("ic-brand-button--primary-text")),
        )
    }

    /// Takes the colours that keep enough contrast.
    fn of_colours(
        dark: Option<Colour>,
        link: Option<Colour>,
        primary: Option<Colour>,
        button: Option<(Colour, Colour)>,
    ) -> Self {
        let primary = primary.filter(|primary| primary.contrast(WHITE) >= CONTROLS);
        let tint = primary.map(Colour::tint);
        let reads_on = |colour: Colour, papers: &[Colour]| {
            papers.iter().all(|paper| colour.contrast(*paper) >= TEXT)
        };
        let is_link = |colour: &Colour| reads_on(*colour, &LINK_PAPERS);
        let is_for_texts = |colour: &Colour| {
            is_link(colour)
                && reads_on(*colour, &TEXT_PAPERS)
                && tint.is_none_or(|tint| colour.contrast(tint) >= TEXT)
        };
        let is_button = |(paper, text): &(Colour, Colour)| {
            text.contrast(*paper) >= TEXT && paper.contrast(WHITE) >= CONTROLS
        };
        let brand = Brand {
            dark: dark.filter(is_for_texts),
            link: link.filter(is_link).or_else(|| primary.filter(is_link)),
            primary,
            button: button
                .filter(is_button)
                .or_else(|| primary.map(|primary| (primary, WHITE)).filter(is_button)),
        };
        if brand == Brand::default() { Self::Ours } else { Self::Brand(brand) }
    }

    /// The name under which its style sheet is served, of `a-z 0-9 -`; `None`: it needs none.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Ours => None,
            Self::HighContrast => Some(HIGH_CONTRAST.to_owned()),
            Self::Brand(brand) => {
                let button = brand.button;
                let parts = [
                    brand.dark,
                    brand.link,
                    brand.primary,
                    button.map(|(paper, _)| paper),
                    button.map(|(_, text)| text),
                ];
                let part = |it: Option<Colour>| it.map_or_else(|| OURS.to_owned(), Colour::digits);
                Some(parts.map(part).join("-"))
            }
        }
    }

    /// The theme of a name, whoever wrote it; `None` for what is not exactly a name.
    pub fn of_name(name: &str) -> Option<Self> {
        if name == HIGH_CONTRAST {
            return Some(Self::HighContrast);
        }
        // The longest name has five colours.
        if name.len() > 5 * 6 + 4 {
            return None;
        }
        let parts: Vec<Option<Colour>> = name.split('-').map(Colour::of_digits).collect();
        let [dark, link, primary, paper, text] = parts.try_into().ok()?;
        let theme = Self::of_colours(dark, link, primary, paper.zip(text));
        // Other spellings, and colours that were not good, are nobody's address.
        (theme.name().as_deref() == Some(name)).then_some(theme)
    }

    /// The style sheet, to go after our own.
    pub fn css(&self) -> String {
        match self {
            Self::Ours => String::new(),
            Self::HighContrast => HIGH_CONTRAST_CSS.to_owned(),
            Self::Brand(brand) => brand.to_string(),
        }
    }
}

/// Borders as dark as texts, and texts of 7:1 and more.
const HIGH_CONTRAST_CSS: &str = ":root {
  --ink: #000000;
  --ink-soft: #1f2a30;
  --line: #75838b;
  --line-strong: #000000;
  --paper-soft: #ffffff;
  --brand: #003540;
  --brand-dark: #00222a;
  --brand-soft: #ffffff;
  --good: #0a4522;
  --good-soft: #ffffff;
  --warn: #4d2f00;
  --warn-soft: #ffffff;
  --bad: #78000b;
  --bad-soft: #ffffff;
}
";

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, ":root {{")?;
        if let Some(dark) = self.dark {
            writeln!(f, "  --ink: {dark};")?;
        }
        if let Some(primary) = self.primary {
            writeln!(f, "  --brand: {primary};\n  --brand-soft: {};", primary.tint())?;
            // Text in the dark shade stands on white and on the tint; the ink does for both.
            let shade = primary.shade();
            if shade.contrast(primary.tint()) >= TEXT {
                writeln!(f, "  --brand-dark: {shade};")?;
            } else {
                writeln!(f, "  --brand-dark: var(--ink);")?;
            }
        }
        if let Some(link) = self.link {
            writeln!(f, "  --link: {link};\n  --link-dark: {};", link.shade())?;
        } else if self.primary.is_some() {
            // The primary colour need not be dark enough for texts.
            writeln!(f, "  --link: var(--ink);\n  --link-dark: var(--ink);")?;
        }
        if let Some((paper, text)) = self.button {
            let pressed = [paper.shade(), paper].into_iter().find(|it| text.contrast(*it) >= TEXT);
            let pressed = pressed.unwrap_or(paper);
            writeln!(f, "  --button: {paper};\n  --button-dark: {pressed};")?;
            writeln!(f, "  --button-ink: {text};")?;
        } else if self.primary.is_some() {
            writeln!(f, "  --button: var(--ink);\n  --button-dark: var(--ink);")?;
            writeln!(f, "  --button-ink: #ffffff;")?;
        }
        writeln!(f, "}}")
    }
}

#[cfg(test)]
mod tests;
