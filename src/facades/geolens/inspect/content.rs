//! Whether a file begins as its extension says.

use super::Unreadable;

/// How much of a file is looked at.
pub(in crate::facades::geolens) const HEAD_BYTES: usize = 4096;

/// The extension, in lower case and without its dot.
pub(super) fn extension(file_name: &str) -> String {
    file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// Compares the first bytes of a file with what its extension promises.
pub(in crate::facades::geolens) fn check_content(file_name: &str, head: &[u8]) -> Result<(), Unreadable> {
    if head.is_empty() {
        return Err(Unreadable("The uploaded file is empty.".to_owned()));
    }
    let extension = extension(file_name);
    let (looks_right, what) = match extension.as_str() {
        "zip" | "xlsx" => (head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06"), "a ZIP archive"),
        "gpkg" => (head.starts_with(b"SQLite format 3\0"), "a GeoPackage (an SQLite database)"),
        "tif" | "tiff" => (is_tiff(head), "a TIFF image"),
        "xls" => (head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Excel 97 workbook"),
        "parquet" => (head.starts_with(b"PAR1"), "a Parquet file"),
        "geojson" | "json" => (is_json(head), "JSON"),
        "csv" => (!head.contains(&0), "text"),
        _ => (true, ""),
    };
    if looks_right {
        return Ok(());
    }
    Err(Unreadable(format!("File content does not match its extension: .{extension} should be {what}.")))
}

/// Classic and big TIFF, of either byte order.
fn is_tiff(head: &[u8]) -> bool {
    [b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b"].iter().any(|magic| head.starts_with(*magic))
}

fn is_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    matches!(head.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_what_extensions_say() {
        for (name, head) in [
            ("a.zip", &b"PK\x03\x04rest"[..]),
            ("a.XLSX", b"PK\x03\x04"),
            ("a.gpkg", b"SQLite format 3\0"),
            ("a.tif", b"II\x2a\0"),
            ("a.tiff", b"MM\0\x2b"),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("a.parquet", b"PAR1"),
            ("a.geojson", b"\xef\xbb\xbf {"),
            ("a.json", b"\n["),
            ("a.csv", b"a,b"),
        ] {
            assert_eq!(check_content(name, head), Ok(()), "{name}");
            assert!(check_content(name, b"").unwrap_err().0.contains("empty"));
            assert!(check_content(name, b"\0wrong").unwrap_err().0.contains("does not match"), "{name}");
        }
    }
}
