//! The parameter `parts` of a commit: the parts of an item in their order, as Kubernetes and Server write them, and as
//! Esri's own client does. Not whether they were uploaded.

use super::error::ArcError;
use crate::wire::part::PartNumber;

/// Reads `1,3,5`; `"Test.sd.1","Test.sd.3"`, with quotes or without; or either of these as a JSON array, which is what
/// Esri's client for Python makes of a list. A name is that of the item, and the number of the part.
pub(super) fn parse(text: &str, item_name: &str) -> Result<Vec<PartNumber>, ArcError> {
    let names = if text.trim_start().starts_with('[') { json(text)? } else { list(text)? };
    if names.is_empty() {
        return Err(ArcError::bad_request("'parts' names no part."));
    }
    names.iter().map(|name| number(name, item_name)).collect()
}

/// Reads `partNumber`, which is also what a name in `parts` ends in.
pub(super) fn parse_number(text: &str) -> Option<PartNumber> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { PartNumber::parse(text).ok() } else { None }
}

fn number(name: &str, item_name: &str) -> Result<PartNumber, ArcError> {
    let of_item = name.strip_prefix(item_name).and_then(|rest| rest.strip_prefix('.'));
    parse_number(of_item.unwrap_or(name)).ok_or_else(|| {
        ArcError::bad_request(format!(
            "'parts' names '{name}', which is no part: a part is a number from 1 to {max}, or '{item_name}.' with one.",
            max = PartNumber::MAX.get()
        ))
    })
}

fn json(text: &str) -> Result<Vec<String>, ArcError> {
    let malformed = || ArcError::bad_request("'parts' is no JSON array of part numbers or names.");
    let values: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| malformed())?;
    let name = |value: &serde_json::Value| match value {
        serde_json::Value::Number(number) => Ok(number.to_string()),
        serde_json::Value::String(name) => Ok(name.clone()),
        _ => Err(malformed()),
    };
    values.iter().map(name).collect()
}

/// Names between commas. In quotes, a comma is part of the name, and of two quotes together one is.
fn list(text: &str) -> Result<Vec<String>, ArcError> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim().to_owned(), &rest[end..])
        };
        names.push(name);
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) if next.trim().is_empty() => return Err(ArcError::bad_request("'parts' ends in a comma.")),
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err(ArcError::bad_request("'parts' has something between a quote and the next comma.")),
        };
    }
    Ok(names)
}

/// What stands before the closing quote, and what comes after it.
fn unquote(text: &str) -> Result<(String, &str), ArcError> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"').ok_or_else(|| ArcError::bad_request("'parts' has a quote that does not end."))?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Ok((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Option<Vec<u16>> {
        parse(text, "Test, 1.sd").ok().map(|parts| parts.into_iter().map(PartNumber::get).collect())
    }

    #[test]
    fn every_spelling_of_a_list() {
        for (text, expected) in [
            ("1,3,5", vec![1, 3, 5]),
            (" 5 , 1 ", vec![5, 1]),
            (r#""Test, 1.sd.3","Test, 1.sd.1""#, vec![3, 1]),
            (r#""Test, 1.sd.3", 2 ,"4""#, vec![3, 2, 4]),
            ("[1, 3]", vec![1, 3]),
            (r#"["Test, 1.sd.2", "10000"]"#, vec![2, 10_000]),
            ("2", vec![2]),
        ] {
            assert_eq!(numbers(text), Some(expected), "{text}");
        }
        assert_eq!(parse("Test.sd.1,Test.sd.3", "Test.sd").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "",
            " ",
            ",",
            "1,",
            ",1",
            "1,,2",
            "0",
            "10001",
            "-1",
            "+1",
            "1.5",
            "x",
            "Other.sd.1",
            "Test, 1.sd.",
            "1;2",
            "1 2",
            r#""1"#,
            r#""1"2"#,
            "[]",
            "[1",
            "[[1]]",
            "[null]",
            "[1.5]",
            "[-1]",
        ] {
            assert_eq!(numbers(text), None, "{text}");
        }
    }
}
