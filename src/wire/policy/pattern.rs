//! Patterns of a policy: `*` for any text, `?` for one character, and `${aws:username}` for what the request says. Not what
//! the names of variables mean.

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `*`
    AnyText,
    /// `?`
    AnyCharacter,
    /// A character that stands for itself.
    Literal(char),
}

/// A pattern whose variables are not filled in yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Token(Token),
    Variable { key: String, default: Option<String> },
}

impl Template {
    /// Reads a pattern in which `${…}` is a variable: policies of version 2012-10-17. `${*}`, `${?}` and `${$}` are the
    /// characters themselves, and what is not closed is text.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn with_variables(text: &str) -> Template {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, inside, after)) = split_variable(rest) {
            pieces.extend(tokens(before).map(Piece::Token));
            pieces.push(match inside {
                "*" => Piece::Token(Token::Literal('*')),
                "?" => Piece::Token(Token::Literal('?')),
                "$" => Piece::Token(Token::Literal('$')),
                variable => read_variable(variable),
            });
            rest = after;
        }
        pieces.extend(tokens(rest).map(Piece::Token));
        Template { text: text.to_owned(), pieces }
    }

    /// Reads a pattern in which `${…}` is text: older policies.
    pub(super) fn without_variables(text: &str) -> Template {
        Template { text: text.to_owned(), pieces: tokens(text).map(Piece::Token).collect() }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern stands for one text, whoever asks.
    pub fn is_fixed(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Token(Token::Literal(_))))
    }

    /// The pattern of a request. None if a variable has no value and no default. What a variable stands for is text, also
    /// where it contains `*`: nobody widens a pattern by a name.
    pub(super) fn fill(&self, variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<Token>> {
        let mut filled = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Token(token) => filled.push(*token),
                Piece::Variable { key, default } => {
                    let value = variable(key).or_else(|| default.clone())?;
                    filled.extend(value.chars().map(Token::Literal));
                }
            }
        }
        Some(filled)
    }
}

fn tokens(text: &str) -> impl Iterator<Item = Token> {
    text.chars().map(|character| match character {
        '*' => Token::AnyText,
        '?' => Token::AnyCharacter,
        other => Token::Literal(other),
    })
}

/// Splits at the first `${…}`: before, inside, after.
fn split_variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}

/// `aws:username` or `aws:PrincipalTag/team, 'everyone'`.
fn read_variable(inside: &str) -> Piece {
    let with_default = inside.split_once(',').and_then(|(key, default)| {
        let default = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some(Piece::Variable { key: key.trim().to_owned(), default: Some(default.to_owned()) })
    });
    with_default.unwrap_or_else(|| Piece::Variable { key: inside.trim().to_owned(), default: None })
}

/// Whether a pattern covers the whole text. It takes at most the product of both lengths.
pub(super) fn matches(pattern: &[Token], text: &str) -> bool {
    let mut position = 0;
    let mut rest = text.chars();
    // Where to go on when what follows the last `*` does not fit: behind that `*`, one character of the text later.
    let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let token = pattern.get(position).copied();
        if token == Some(Token::AnyText) {
            position += 1;
            retry = Some((position, rest.clone()));
            continue;
        }
        let mut next = rest.clone();
        match (token, next.next()) {
            (None, None) => return true,
            (Some(Token::AnyCharacter), Some(_)) => {}
            (Some(Token::Literal(expected)), Some(character)) if expected == character => {}
            _ => {
                let Some((behind, tried)) = &mut retry else { return false };
                if tried.next().is_none() {
                    return false;
                }
                (position, rest) = (*behind, tried.clone());
                continue;
            }
        }
        position += 1;
        rest = next;
    }
}

/// As [`matches`], for patterns without variables, whatever the case of ASCII letters: names of actions.
pub(super) fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    let pattern: Vec<Token> = tokens(&pattern.to_ascii_lowercase()).collect();
    matches(&pattern, &text.to_ascii_lowercase())
}

/// The text that a filled pattern is, where `*` and `?` are characters like others.
pub(super) fn as_text(pattern: &[Token]) -> String {
    let character = |token: &Token| match token {
        Token::AnyText => '*',
        Token::AnyCharacter => '?',
        Token::Literal(character) => *character,
    };
    pattern.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marsaglia's xorshift.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % end as u64).unwrap()
        }

        fn text(&mut self, alphabet: &[char], longest: usize) -> Vec<char> {
            let length = self.below(longest + 1);
            (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
        }
    }

    fn covers(pattern: &str, text: &str) -> bool {
        matches(&Template::without_variables(pattern).fill(&|_| None).unwrap(), text)
    }

    #[test]
    fn wildcards() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a/b"),
            ("**", "a"),
            ("a*", "a"),
            ("*a", "aa"),
            ("a*b*c", "a/b/b/c"),
            ("?", "č"),
            ("a?c", "a/c"),
            ("*?", "x"),
            ("b/*/test/*", "b/1///test///object.jpg"),
            ("b/*/test/*", "b//test/object.jpg"),
            ("b/*/test/*", "b/1/test/"),
            ("${aws:username}", "${aws:username}"),
        ] {
            assert!(covers(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("*?", ""),
            ("a", "A"),
            ("a*", "ba"),
            ("*a", "ab"),
            ("a*b", "a"),
            ("b/*/test/*", "b/1-test/object.jpg"),
            ("b/*/test/*", "b/test/object.jpg"),
            ("b/*/test/*", "b/1/2/test.jpg"),
        ] {
            assert!(!covers(pattern, text), "{pattern} {text}");
        }
    }

    /// The definition, which takes exponential time.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|from| by_definition(rest, &text[from..])),
            (Some(('?', rest)), Some((_, after))) => by_definition(rest, after),
            (Some((expected, rest)), Some((character, after))) if expected == character => by_definition(rest, after),
            _ => false,
        }
    }

    #[test]
    fn the_same_as_the_definition() {
        let mut random = Random(0x5EED);
        let mut covered = 0;
        for _ in 0..100_000 {
            let (pattern, text) = (random.text(&['a', 'b', '*', '?'], 7), random.text(&['a', 'b', 'č'], 8));
            let expected = by_definition(&pattern, &text);
            let (pattern, text) = (String::from_iter(pattern), String::from_iter(text));
            assert_eq!(covers(&pattern, &text), expected, "{pattern} {text}");
            covered += u32::from(expected);
        }
        assert!(covered > 10_000, "{covered}");
    }

    #[test]
    fn a_hostile_pattern_ends_soon() {
        assert!(!covers(&("a*".repeat(200) + "b"), &"a".repeat(1024)));
    }

    #[test]
    fn variables() {
        let variable = |key: &str| (key == "aws:username").then(|| "al*ce".to_owned());
        let filled = |text: &str| Template::with_variables(text).fill(&variable);
        let home = filled("home/${aws:username}/*").unwrap();
        assert!(matches(&home, "home/al*ce/x") && !matches(&home, "home/alice/x"), "a name is no wildcard");
        assert_eq!(as_text(&filled("${*}${?}${$}{x}").unwrap()), "*?${x}");
        assert!(!matches(&filled("${*}").unwrap(), "x"));
        assert_eq!(as_text(&filled("a-${ aws:tag , 'team a' }-${open").unwrap()), "a-team a-${open");
        assert_eq!(filled("${aws:tag}"), None);
        assert_eq!(filled("${aws:tag, x}"), None);
        assert!(Template::with_variables("a-${*}").is_fixed());
        assert!(!Template::with_variables("a-${aws:username}").is_fixed());
        assert!(!Template::without_variables("a-?").is_fixed());
        assert!(Template::without_variables("${aws:username}").is_fixed());
    }

    #[test]
    fn names_of_actions() {
        assert!(matches_ignoring_case("S3:get*ACL", "s3:GetObjectAcl"));
        assert!(!matches_ignoring_case("s3:get", "s3:GetObject"));
    }
}
