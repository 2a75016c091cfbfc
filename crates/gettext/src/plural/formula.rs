//! Expressions of C with whole numbers and the variable `n`, by recursive descent.
//!
//! ```text
//! choice = or ['?' choice ':' choice]      or = and {'||' and}       and = equal {'&&' equal}
//! equal = order {('=='|'!=') order}        order = sum {('<'|'<='|'>'|'>=') sum}
//! sum = product {('+'|'-') product}        product = unary {('*'|'/'|'%') unary}
//! unary = '!' unary | number | 'n' | '(' choice ')'
//! ```

use std::{iter::Peekable, str::Chars};

/// Longest expression, in bytes. That of Irish has some 80.
const MAX_LEN: usize = 1000;

/// Deepest nesting of brackets, `!` and `?`.
const MAX_DEPTH: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    N,
    Number(u64),
    Not(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Choice(Box<Self>, Box<Self>, Box<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
}

/// Operators by how they bind, the loosest first.
const LEVELS: [&[(&str, Operator)]; 6] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("==", Operator::Equal), ("!=", Operator::NotEqual)],
    &[
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[("*", Operator::Times), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

impl Expression {
    /// `n != 1`.
    pub(super) fn is_not_one() -> Self {
        Self::Binary(Operator::NotEqual, Box::new(Self::N), Box::new(Self::Number(1)))
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LEN {
            return Err("it is longer than 1000 bytes");
        }
        let mut reader = Reader { rest: text.chars().peekable(), depth: 0 };
        let expression = reader.choice()?;
        reader.blanks();
        match reader.rest.peek() {
            None => Ok(expression),
            Some(_) => Err("there is more after its end"),
        }
    }

    /// Its value, or `None` where it divides by zero or leaves the numbers from 0 to 2^64.
    pub(super) fn evaluate(&self, n: u64) -> Option<u64> {
        Some(match self {
            Self::N => n,
            Self::Number(number) => *number,
            Self::Not(inner) => u64::from(inner.evaluate(n)? == 0),
            Self::Choice(condition, yes, no) => {
                if condition.evaluate(n)? == 0 {
                    no.evaluate(n)?
                } else {
                    yes.evaluate(n)?
                }
            }
            Self::Binary(Operator::Or, left, right) => {
                u64::from(left.evaluate(n)? != 0 || right.evaluate(n)? != 0)
            }
            Self::Binary(Operator::And, left, right) => {
                u64::from(left.evaluate(n)? != 0 && right.evaluate(n)? != 0)
            }
            Self::Binary(operator, left, right) => {
                operator.apply(left.evaluate(n)?, right.evaluate(n)?)?
            }
        })
    }
}

impl Operator {
    fn apply(self, left: u64, right: u64) -> Option<u64> {
        Some(match self {
            Self::Or => u64::from(left != 0 || right != 0),
            Self::And => u64::from(left != 0 && right != 0),
            Self::Equal => u64::from(left == right),
            Self::NotEqual => u64::from(left != right),
            Self::Less => u64::from(left < right),
            Self::LessOrEqual => u64::from(left <= right),
            Self::Greater => u64::from(left > right),
            Self::GreaterOrEqual => u64::from(left >= right),
            Self::Plus => left.checked_add(right)?,
            Self::Minus => left.checked_sub(right)?,
            Self::Times => left.checked_mul(right)?,
            Self::Divide => left.checked_div(right)?,
            Self::Remainder => left.checked_rem(right)?,
        })
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    depth: usize,
}

impl Reader<'_> {
    fn choice(&mut self) -> Result<Expression, &'static str> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("it is nested too deep");
        }
        let condition = self.level(0)?;
        let expression = if self.takes("?") {
            let yes = self.choice()?;
            if !self.takes(":") {
                return Err("a \"?\" has no \":\"");
            }
            let no = self.choice()?;
            Expression::Choice(Box::new(condition), Box::new(yes), Box::new(no))
        } else {
            condition
        };
        self.depth -= 1;
        Ok(expression)
    }

    /// Operators of one level, from the left.
    fn level(&mut self, level: usize) -> Result<Expression, &'static str> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.takes(sign)) {
            let right = self.level(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, &'static str> {
        self.blanks();
        match self.rest.next() {
            Some('!') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("it is nested too deep");
                }
                let inner = self.unary()?;
                self.depth -= 1;
                Ok(Expression::Not(Box::new(inner)))
            }
            Some('n') => Ok(Expression::N),
            Some('(') => {
                let inner = self.choice()?;
                if self.takes(")") { Ok(inner) } else { Err("a \"(\" has no \")\"") }
            }
            Some(digit) if digit.is_ascii_digit() => {
                let mut digits = String::from(digit);
                while let Some(digit) = self.rest.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                let number = digits.parse().ok().ok_or("a number is too large")?;
                Ok(Expression::Number(number))
            }
            Some(_) => Err("only n, whole numbers, brackets and operators of C may stand in it"),
            None => Err("it ends too early"),
        }
    }

    /// Takes a sign, where it comes next.
    fn takes(&mut self, sign: &str) -> bool {
        self.blanks();
        let mut ahead = self.rest.clone();
        if sign.chars().all(|c| ahead.next() == Some(c)) {
            self.rest = ahead;
            true
        } else {
            false
        }
    }

    fn blanks(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }
}
