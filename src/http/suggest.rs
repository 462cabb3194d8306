//! "Did you mean …?" for keys that people type: settings, identities. Not a spell checker: only what is near is offered.

/// The known word that is nearest to `unknown`, if one is near enough to be what was meant.
pub fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(unknown);
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&folded, &fold(word)), word))
        .filter(|(score, _)| *score >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// The end of an error's sentence: `; did you mean "port"?`, or nothing.
pub fn hint<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(unknown, known).map(|word| format!("; did you mean `{word}`?")).unwrap_or_default()
}

/// `Access-Key`, `ACCESS_KEY` and `accessKey` differ by fashion, not by meaning.
fn fold(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_offered() {
        let known = ["port", "access_key", "secret_key"];
        assert_eq!(nearest("prot", known), Some("port"));
        assert_eq!(nearest("accessKey", known), Some("access_key"));
        assert_eq!(nearest("elephant", known), None);
        assert_eq!(hint("secret-kye", known), "; did you mean `secret_key`?");
    }
}
