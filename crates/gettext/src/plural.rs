//! Plural forms: which of its translations a text has for `n` things, by the formula in the header
//! of a PO file (GNU gettext manual, "Plural forms"), which is an expression of C.

mod formula;
mod known;

use formula::Expression;
pub use known::plural_forms;

/// The most forms that a language may have. Arabic has 6.
const MAX_FORMS: usize = 8;

/// A rule is tried for all numbers below this when it is read, as `msgfmt` does.
const TRIED: u64 = 1000;

/// What is wrong with the field `Plural-Forms`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluralError {
    /// It has not its two parts.
    #[error("Plural-Forms must read \"nplurals=NUMBER; plural=EXPRESSION;\"")]
    Shape,
    /// There are no forms, or more than any language has.
    #[error("nplurals is {0}, but must be from 1 to 8")]
    Forms(usize),
    /// The expression is not one of C, or not one of the variable `n`.
    #[error("the plural expression cannot be read: {0}")]
    Expression(&'static str),
    /// The expression gives a form that is not there, or divides by zero.
    #[error("the plural expression has no form for n = {n}, with nplurals={n_forms}")]
    OutOfRange {
        /// A number without a form.
        n: u64,
        /// How many forms there are.
        n_forms: usize,
    },
}

/// The plural rule of a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluralRule {
    n_forms: usize,
    expression: Expression,
}

impl Default for PluralRule {
    fn default() -> Self {
        Self::english()
    }
}

impl PluralRule {
    /// One for 1, another for everything else: gettext's rule where a file gives none.
    pub fn english() -> Self {
        Self { n_forms: 2, expression: Expression::is_not_one() }
    }

    /// Reads the value of the field `Plural-Forms`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(field: &str) -> Result<Self, PluralError> {
        let mut parts = field.trim().splitn(2, ';');
        let n_forms = parts.next().and_then(|part| value(part, "nplurals"));
        let n_forms = n_forms.and_then(|number| number.parse().ok()).ok_or(PluralError::Shape)?;
        let expression = parts.next().and_then(|part| value(part, "plural"));
        let expression = expression.ok_or(PluralError::Shape)?;
        if !(1..=MAX_FORMS).contains(&n_forms) {
            return Err(PluralError::Forms(n_forms));
        }
        let expression = expression.trim_end_matches(';');
        let expression = Expression::parse(expression).map_err(PluralError::Expression)?;
        for n in 0..TRIED {
            let form = expression.evaluate(n).and_then(|form| usize::try_from(form).ok());
            if form.is_none_or(|form| form >= n_forms) {
                return Err(PluralError::OutOfRange { n, n_forms });
            }
        }
        Ok(Self { n_forms, expression })
    }

    /// How many forms there are.
    pub fn n_forms(&self) -> usize {
        self.n_forms
    }

    /// The form for `n` things, from 0; the first where the formula has none.
    pub fn form(&self, n: u64) -> usize {
        let form = self.expression.evaluate(n).and_then(|form| usize::try_from(form).ok());
        form.filter(|form| *form < self.n_forms).unwrap_or_default()
    }

    /// A number for each form that has one below a thousand: what a translator thinks of.
    pub fn examples(&self) -> Vec<Option<u64>> {
        (0..self.n_forms).map(|form| (0..TRIED).find(|n| self.form(*n) == form)).collect()
    }

    /// How many forms the numbers below a thousand have.
    pub(super) fn n_used(&self) -> usize {
        self.examples().iter().flatten().count()
    }
}

/// The value of `key=value`.
fn value<'t>(part: &'t str, key: &str) -> Option<&'t str> {
    let rest = part.trim().strip_prefix(key)?.trim_start();
    rest.strip_prefix('=').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: &str, expected: &[(u64, usize)]) {
        let rule = PluralRule::parse(plural_forms(language).unwrap()).unwrap();
        for (n, form) in expected {
            assert_eq!(rule.form(*n), *form, "{language}, {n}");
        }
    }

    #[test]
    fn languages_have_their_forms() {
        check("en", &[(0, 1), (1, 0), (2, 1)]);
        check("fr", &[(0, 0), (1, 0), (2, 1)]);
        check("fa", &[(0, 0), (1, 0), (2, 1)]);
        check("ja", &[(0, 0), (1, 0), (200, 0)]);
        check("ru", &[(1, 0), (21, 0), (11, 2), (2, 1), (12, 2), (22, 1), (5, 2), (100, 2)]);
        check("pl", &[(1, 0), (21, 2), (2, 1), (12, 2), (22, 1), (5, 2)]);
    }

    #[test]
    fn arabic_has_six_forms() {
        check("ar", &[(0, 0), (1, 1), (2, 2), (3, 3), (10, 3), (103, 3), (110, 3)]);
        check("ar", &[(11, 4), (99, 4), (111, 4), (100, 5), (101, 5), (102, 5), (200, 5)]);
    }

    #[test]
    fn every_known_rule_can_be_read() {
        for (language, field) in known::RULES {
            let rule = PluralRule::parse(field).unwrap_or_else(|e| panic!("{language}: {e}"));
            assert!(rule.examples().iter().filter(|e| e.is_some()).count() >= 1, "{language}");
        }
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        use PluralError::{Expression, Forms, OutOfRange, Shape};
        let refused = |field: &str| PluralRule::parse(field).unwrap_err();
        for field in ["", "nplurals=2", "plural=n; nplurals=2", "nplurals=x; plural=0;"] {
            assert_eq!(refused(field), Shape, "{field}");
        }
        assert_eq!(refused("nplurals=0; plural=0;"), Forms(0));
        assert_eq!(refused("nplurals=9; plural=0;"), Forms(9));
        assert_eq!(refused("nplurals=2; plural=n;"), OutOfRange { n: 2, n_forms: 2 });
        assert_eq!(refused("nplurals=2; plural=n/n;"), OutOfRange { n: 0, n_forms: 2 });
        for expression in ["", "m", "n >", "(n", "n)", "n ? 1", "n = 1", "1 1", "n & 1"] {
            let field = format!("nplurals=2; plural={expression};");
            assert!(matches!(refused(&field), Expression(_)), "{field}");
        }
        let deep = format!("nplurals=1; plural={}n{};", "(".repeat(99), ")".repeat(99));
        assert!(matches!(refused(&deep), Expression(_)));
    }

    #[test]
    fn operators_bind_as_in_c() {
        for (expression, n, value) in [
            ("1 || 0 && 0", 0, 1),
            ("n == 1 ? 0 : n == 2 ? 1 : 2", 2, 1),
            ("!n == 1", 0, 1),
            ("1 + 2 * 3", 0, 7),
            ("7 - 2 - 1", 0, 4),
            ("n % 10 == 1 && n % 100 != 11", 21, 1),
            ("n % 10 == 1 && n % 100 != 11", 11, 0),
            ("3 > 2 > 1", 0, 0),
            ("2 <= n && n < 5", 4, 1),
        ] {
            let parsed = Expression::parse(expression).unwrap();
            assert_eq!(parsed.evaluate(n), Some(value), "{expression}");
        }
    }
}
