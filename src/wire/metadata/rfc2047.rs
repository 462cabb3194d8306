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

/// Makes a stored value fit for a header: ASCII as it is, all else as encoded words.
///
/// Every answer that was seen of AWS is what `JavaMail`'s `MimeUtility.encodeText` makes: Q where most characters are
/// ASCII, else B, and a value that is too long for one word is cut into halves until they fit. Control characters count
/// as not ASCII, tabs and line breaks do not.
pub fn encode_header_value(value: &str) -> String {
    let not_ascii = value.encode_utf16().filter(|unit| !is_mail_ascii(*unit)).count();
    if not_ascii == 0 {
        return value.to_owned();
    }
    let units: Vec<char> = value.chars().collect();
    let encoding = if utf16_len(&units) - not_ascii > not_ascii { Encoding::Q } else { Encoding::B };
    let mut words = Vec::new();
    encode_words(&units, encoding, &mut words);
    words.join(" ")
}

/// A header value that [`decode_header_value`] turns into just this text, also where it looks like an encoded word: for
/// what came by another way than a header.
pub fn encode_verbatim(value: &str) -> String {
    let plain = value.bytes().all(|byte| byte == b'\t' || matches!(byte, b' '..=b'~'));
    // White space at the ends of a header does not count.
    if plain && !value.contains("=?") && value.trim() == value {
        value.to_owned()
    } else {
        format!("=?UTF-8?B?{}?=", STANDARD.encode(value))
    }
}

/// How an encoded word is written (RFC 2047, section 4).
#[derive(Clone, Copy)]
enum Encoding {
    Q,
    B,
}

/// What fits between `=?UTF-8?Q?` and `?=` in an encoded word of at most 75 characters.
const MAX_WORD_TEXT: usize = 63;

fn is_mail_ascii(unit: u16) -> bool {
    matches!(unit, 0x20..0x7F | 0x09 | 0x0A | 0x0D)
}

fn utf16_len(text: &[char]) -> usize {
    text.iter().map(|letter| letter.len_utf16()).sum()
}

fn encode_words(text: &[char], encoding: Encoding, words: &mut Vec<String>) {
    let utf8: String = text.iter().collect();
    let (name, encoded) = match encoding {
        Encoding::Q => ('Q', encode_q(&utf8)),
        Encoding::B => ('B', STANDARD.encode(&utf8)),
    };
    if encoded.len() <= MAX_WORD_TEXT || text.len() < 2 {
        words.push(format!("=?UTF-8?{name}?{encoded}?="));
        return;
    }
    // Half of the UTF-16 units, as Java counts; a pair of surrogates stays in one.
    let half = utf16_len(text) / 2;
    let mut passed = 0;
    let cut = text.iter().position(|letter| {
        passed += letter.len_utf16();
        passed > half
    });
    let (left, right) = text.split_at(cut.unwrap_or(text.len() / 2).max(1));
    encode_words(left, encoding, words);
    encode_words(right, encoding, words);
}

fn encode_q(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => encoded.push('_'),
            b'=' | b'?' | b'_' | ..b' ' | 0x7F.. => {
                encoded.push('=');
                encoded.push_str(&hex::encode_upper([byte]));
            }
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
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
            ("a\tb", "a\tb"),
            // Seen on AWS.
            ("ÄMÄZÕÑ S3", "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?="),
            ("\0\u{1}\u{2}\u{3}", "=?UTF-8?B?AAECAw==?="),
            ("\u{FFFD}\u{FFFD}", "=?UTF-8?B?77+977+9?="),
            (
                "test_—_file%E2%80%94_é_2👑.pdf",
                "=?UTF-8?Q?test=5F=E2=80=94=5Ffile%E2%80%94=5F=C3=A9=5F2=F0=9F=91=91.pdf?=",
            ),
            (
                "Seen, in two words, “of AWS”, for a text with more than will do for one",
                "=?UTF-8?Q?Seen,_in_two_words,_=E2=80=9Cof_AWS=E2=80=9D,_for_a?= =?UTF-8?Q?_text_with_more_than_will_do_for_one?=",
            ),
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
    fn verbatim_values_come_back_as_they_are() {
        for value in ["plain\t", " plain", "é", "=?UTF-8?Q?plain?=", "a\nb", ""] {
            assert_eq!(decode_header_value(&encode_verbatim(value)), value);
        }
        assert_eq!(encode_verbatim("plain"), "plain");
    }

    #[test]
    fn words_are_no_longer_than_mail_allows() {
        for value in ["👑".repeat(100), "é".repeat(99) + "👑", "one word “in quotes” ".repeat(50)] {
            let encoded = encode_header_value(&value);
            assert!(encoded.split(' ').all(|word| word.len() <= 75), "{encoded}");
            assert_eq!(decode_header_value(&encoded), value);
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
