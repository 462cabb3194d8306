//! RFC 2047 encoded words, as S3 uses them to carry user metadata that is not plain ASCII: read when an object is
//! written, produced when it is read. Not a general mail header codec: nothing is folded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Decodes every encoded word (`=?UTF-8?Q?…?=`, `=?UTF-8?B?…?=`) in a header value; all else stays as it is. Known
/// charsets are UTF-8, ISO-8859-1 and US-ASCII; a word that is malformed or in another charset stays as it is.
/// Whitespace between two encoded words disappears (RFC 2047 §6.2).
pub fn decode_header_value(value: &str) -> String {
    let mut decoded = String::with_capacity(value.len());
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let (before, candidate) = rest.split_at(start);
        let blank = before.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        if let Some((text, remaining)) = decode_word(candidate) {
            if !(after_word && blank) {
                decoded.push_str(before);
            }
            decoded.push_str(&text);
            rest = remaining;
            after_word = true;
        } else {
            decoded.push_str(before);
            decoded.push_str("=?");
            rest = &candidate[2..];
            after_word = false;
        }
    }
    decoded.push_str(rest);
    decoded
}

/// Makes a stored value fit for a header: printable ASCII as it is, a value with control characters as one B word, other
/// values as one Q word.
///
/// AWS's guide shows the B form for a value with C1 controls, so those count as control characters too.
pub fn encode_header_value(value: &str) -> String {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        value.to_owned()
    } else if value.chars().any(char::is_control) {
        format!("=?UTF-8?B?{}?=", STANDARD.encode(value))
    } else {
        let mut word = String::from("=?UTF-8?Q?");
        for byte in value.bytes() {
            match byte {
                b' ' => word.push('_'),
                b'=' | b'?' | b'_' | 0x80.. => {
                    word.push('=');
                    word.push_str(&hex::encode_upper([byte]));
                }
                _ => word.push(char::from(byte)),
            }
        }
        word.push_str("?=");
        word
    }
}

/// The text of the encoded word at the start of `candidate`, and what follows it.
fn decode_word(candidate: &str) -> Option<(String, &str)> {
    let (charset, rest) = candidate.strip_prefix("=?")?.split_once('?')?;
    let (encoding, rest) = rest.split_once('?')?;
    let (text, rest) = rest.split_once("?=")?;
    let bytes = match encoding {
        "Q" | "q" => decode_q(text)?,
        "B" | "b" => STANDARD.decode(text).ok()?,
        _ => return None,
    };
    // RFC 2231 §5 lets a language follow the charset: `UTF-8*en`.
    let charset = charset.split('*').next().unwrap_or(charset);
    let text = if charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("us-ascii") {
        String::from_utf8(bytes).ok()?
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        bytes.into_iter().map(char::from).collect()
    } else {
        return None;
    };
    Some((text, rest))
}

fn decode_q(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'_' => decoded.push(b' '),
            b'=' => {
                let mut octet = [0];
                hex::decode_to_slice([bytes.next()?, bytes.next()?], &mut octet).ok()?;
                decoded.push(octet[0]);
            }
            b'!'..=b'~' => decoded.push(byte),
            _ => return None,
        }
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding() {
        let cases = [
            ("", ""),
            ("plain value = ok?", "plain value = ok?"),
            ("héllo wörld_?=", "=?UTF-8?Q?h=C3=A9llo_w=C3=B6rld=5F=3F=3D?="),
            ("ä\u{1}", "=?UTF-8?B?w6QB?="),
            ("a\tb", "=?UTF-8?B?YQli?="),
            // The example of AWS's guide: "ÄMÄZÕÑ S3" sent as UTF-8 and read as Latin-1.
            ("Ã\u{84}MÃ\u{84}ZÃ\u{95}Ã\u{91} S3", "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?="),
        ];
        for (value, expected) in cases {
            assert_eq!(encode_header_value(value), expected);
            assert_eq!(decode_header_value(expected), value);
        }
    }

    #[test]
    fn decoding() {
        let cases = [
            ("=?utf-8?q?=c3=a9?=", "é"),
            ("=?ISO-8859-1?Q?=E9?=", "é"),
            ("=?us-ascii*en?Q?a_b?=", "a b"),
            ("a =?UTF-8?Q?=C3=A9?= b", "a é b"),
            ("=?UTF-8?Q?a?=  =?UTF-8?B?Yg==?= c", "ab c"),
            ("=?UTF-8?Q?a?= x =?UTF-8?Q?b?=", "a x b"),
            ("=?UTF-8?Q??=", ""),
        ];
        for (value, expected) in cases {
            assert_eq!(decode_header_value(value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_encoded_word_stays() {
        for value in [
            "plain",
            "a=?b",
            "=?",
            "=?UTF-8?Q?unfinished",
            "=?UTF-8?X?a?=",
            "=?KOI8-R?Q?a?=",
            "=?UTF-8?Q?=ZZ?=",
            "=?UTF-8?Q?=C3?=",
            "=?UTF-8?B?*?=",
            "=?UTF-8?Q?a b?=",
            "=?é",
        ] {
            assert_eq!(decode_header_value(value), value);
        }
    }
}
