//! Sizes and times as people write them. Not as AWS writes them: its numbers are plain.

use std::time::Duration;

/// `1`, `64KiB`, `5 MiB`, `5MB` in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(format!("unknown unit `{unit}`; write bytes, or KiB, MiB, GiB")),
    };
    number.checked_mul(factor).ok_or_else(|| "that is too large".to_owned())
}

/// `500ms`, `20s`, `20`, `5m`, `1h`, `7d`. Nothing is waited for zero time.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let milliseconds = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("unknown unit `{unit}`; write ms, s, m, h or d")),
    };
    match number.checked_mul(milliseconds) {
        Some(0) => Err("it must be more than nothing".to_owned()),
        Some(total) => Ok(Duration::from_millis(total)),
        None => Err("that is too long".to_owned()),
    }
}

fn split(text: &str) -> Result<(u64, &str), String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().map_err(|_| "write a whole number, with a unit if you like".to_owned())?;
    Ok((number, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("1"), Ok(1));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("5 MiB"), Ok(5 << 20));
        assert_eq!(size("5MB"), Ok(5_000_000));
        assert!(size("five").is_err() && size("5 apples").is_err() && size("99999999999GiB").is_err());
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("20"), Ok(Duration::from_secs(20)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("7d"), Ok(Duration::from_hours(168)));
        assert!(duration("0").is_err() && duration("1 year").is_err() && duration("").is_err());
    }
}
