//! Colours of style sheets, and their contrast as WCAG 2.2 computes it.

use std::fmt;

/// White.
pub(super) const WHITE: Colour = Colour::new(255, 255, 255);

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    pub(super) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads `#rgb` or `#rrggbb`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#')?;
        if digits.len() == 3 {
            let doubled: String = digits.chars().flat_map(|digit| [digit, digit]).collect();
            return Self::of_digits(&doubled);
        }
        Self::of_digits(digits)
    }

    /// Reads six hex digits.
    pub(super) fn of_digits(digits: &str) -> Option<Self> {
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self { red, green, blue })
    }

    /// Six hex digits.
    pub(super) fn digits(self) -> String {
        format!("{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }

    /// The contrast with another, from 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// A darker one, for what is pressed or hovered over.
    pub(super) fn shade(self) -> Self {
        self.map(|part| part.saturating_sub(part / 4))
    }

    /// One that is almost white.
    pub(super) fn tint(self) -> Self {
        self.map(|part| 255_u8.saturating_sub((255 - part) / 10))
    }

    fn map(self, change: impl Fn(u8) -> u8) -> Self {
        Self::new(change(self.red), change(self.green), change(self.blue))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_or_six_hex_digits_are_a_colour() {
        for (text, digits) in
            [("#0374B5", "0374b5"), ("#fff", "ffffff"), (" #1a2 ", "11aa22"), ("#000000", "000000")]
        {
            assert_eq!(Colour::parse(text).map(Colour::digits).as_deref(), Some(digits), "{text}");
        }
        for odd in [
            "",
            "#",
            "fff",
            "#ff",
            "#ffff",
            "#fffffff",
            "#+12345",
            "red",
            "rgb(0,0,0)",
            "#é12",
            "#12345é",
            "#fff;}body{",
        ] {
            assert_eq!(Colour::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let contrast = |a: &str, b: &str| {
            Colour::parse(a)
                .unwrap()
                .contrast(Colour::parse(b).unwrap())
                .mul_add(100.0, 0.5)
                .floor()
        };

        assert!((contrast("#000", "#fff") - 2_100.0).abs() < 0.1);
        assert!((contrast("#fff", "#fff") - 100.0).abs() < 0.1);
        // The greys that are known to be just below and above 4.5 on white.
        assert!((contrast("#777777", "#ffffff") - 448.0).abs() < 0.1);
        assert!((contrast("#767676", "#ffffff") - 454.0).abs() < 0.1);
        assert!((contrast("#0000ff", "#ffffff") - 859.0).abs() < 0.1);
    }
}
