//! The texts of lessons: their variables, and what is put in their place.

/// Name of the variable that only a verified learner may see.
pub const BOT_SECRET: &str = "bot_secret";

/// Variables that every lesson can use: those of `format_strings` that the settings always have,
/// and those of the session.
pub const KNOWN_VARIABLES: [&str; 11] = [
    "bot_title",
    "bot_description",
    "project_name",
    "bot_alias",
    // The bot's fingerprint in this session, and the learner's in this private conversation.
    "fingerprint",
    "learner_fingerprint",
    // Why the last shared secret was refused, and what to do better.
    "secret_warning",
    "secret_advice",
    // Whom the settings name for learners in trouble, and the question that the learner asked last.
    "contact",
    "learner_question",
    BOT_SECRET,
];

/// The names in the `${name}` of a text, in order.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).filter_map(|piece| match piece {
        Piece::Variable { name, .. } => Some(name),
        Piece::Plain(_) => None,
    })
}

/// Whether a text carries the bot secret.
pub fn is_confidential(text: &str) -> bool {
    variables(text).any(|name| name == BOT_SECRET)
}

/// Puts values in the place of `${name}`. What has no value stays as it is, and values are not
/// looked into. `$$` gives `$`.
pub fn substitute<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut said = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => said.push_str(plain),
            Piece::Variable { name, written } => said.push_str(value(name).unwrap_or(written)),
        }
    }
    said
}

enum Piece<'t> {
    Plain(&'t str),
    Variable { name: &'t str, written: &'t str },
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix("$$") {
            rest = after;
            return Some(Piece::Plain("$"));
        }
        if let Some((name, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}'))
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            let (written, _) = rest.split_at_checked(rest.len() - after.len())?;
            rest = after;
            return Some(Piece::Variable { name, written });
        }
        // A lone `$` is itself; else everything up to the next one.
        let end = rest.char_indices().skip(1).find(|(_, c)| *c == '$').map(|(ix, _)| ix);
        let (plain, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        rest = after;
        Some(Piece::Plain(plain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_and_replaced() {
        let value = |name: &str| match name {
            "bot_alias" => Some("Marvin"),
            "tricky" => Some("${bot_alias}"),
            _ => None,
        };
        for (text, said) in [
            ("I am ${bot_alias}.", "I am Marvin."),
            ("${bot_alias}${bot_alias}", "MarvinMarvin"),
            ("${tricky}", "${bot_alias}"),
            ("${unknown} stays", "${unknown} stays"),
            ("$5, $$5, ${, ${}, ${a b}, $", "$5, $5, ${, ${}, ${a b}, $"),
            ("$${bot_alias}", "${bot_alias}"),
            ("é${bot_alias}é", "éMarviné"),
            ("", ""),
        ] {
            assert_eq!(substitute(text, value), said, "{text:?}");
        }
    }

    #[test]
    fn texts_with_the_bot_secret_are_known() {
        assert!(is_confidential("It is ${bot_secret}"));
        assert!(!is_confidential("It is $${bot_secret}"));
        assert!(!is_confidential("It is ${bot_alias}, not bot_secret"));
        assert_eq!(variables("${a} $${b} ${c}").collect::<Vec<_>>(), ["a", "c"]);
    }
}
