//! Tables as text: `.csv`, with whichever delimiter.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value, json};

use super::columns::{Columns, Kind};
use super::{InspectError, Inspection, unreadable};

const INPUT_BYTES: usize = 64 << 10;
/// A row may not be longer: it is all that is held of the file.
const MAX_ROW_BYTES: usize = 1 << 20;
const MAX_FIELDS: usize = 4096;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

pub(super) fn inspect(
    layer: String,
    reader: &mut dyn Read,
    max_sample_rows: usize,
) -> Result<Inspection, InspectError> {
    let mut rows = Rows::open(reader)?;
    let Some(header) = rows.next()? else { return Err(unreadable("The CSV file has no header row.")) };
    let mut columns = Columns::default();
    for (position, name) in (1..).zip(&header) {
        columns.push(if name.trim().is_empty() { format!("field_{position}") } else { name.trim().to_owned() })?;
    }
    let (mut feature_count, mut sample_rows, mut has_wkt) = (0, Vec::new(), vec![false; header.len()]);
    while let Some(row) = rows.next()? {
        if row.len() > header.len() {
            return Err(unreadable(format!(
                "Row {} of the CSV file has {} fields, but the header has {}.",
                feature_count + 1,
                row.len(),
                header.len()
            )));
        }
        for (index, text) in row.iter().enumerate() {
            columns.meet(index, Kind::of_text(text));
            has_wkt[index] |= is_wkt(text);
        }
        if sample_rows.len() < max_sample_rows {
            sample_rows.push(row);
        }
        feature_count += 1;
    }
    let geometry = Geometry::of(&columns, &has_wkt);
    let sample_rows = sample_rows.into_iter().map(|row| sample(&columns, &row)).collect();
    Ok(Inspection {
        crs: geometry.as_ref().map(|_| "EPSG:4326".to_owned()),
        geometry_type: match &geometry {
            Some(Geometry::Coordinates { .. }) => Some("Point".to_owned()),
            Some(Geometry::Wkt(_)) => Some("Unknown".to_owned()),
            None => None,
        },
        detected_geometry_columns: geometry.map_or(Value::Null, |geometry| geometry.to_json()),
        columns: columns.finish(),
        feature_count,
        sample_rows,
        layers: vec![layer],
    })
}

/// Where a table has its geometry.
enum Geometry {
    Coordinates { longitude: String, latitude: String },
    Wkt(String),
}

impl Geometry {
    fn of(columns: &Columns, has_wkt: &[bool]) -> Option<Geometry> {
        let is_number =
            |index: usize| matches!(columns.kind(index), Kind::Integer | Kind::Integer64 | Kind::Real | Kind::Unknown);
        let named = |names: &[&str]| {
            let position = |name: &&str| columns.names().iter().position(|column| column.eq_ignore_ascii_case(name));
            let found = names.iter().filter_map(position).find(|index| is_number(*index));
            found.map(|index| columns.names()[index].clone())
        };
        let longitude = named(&["longitude", "lon", "lng", "long", "x"]);
        let latitude = named(&["latitude", "lat", "y"]);
        if let (Some(longitude), Some(latitude)) = (longitude, latitude) {
            return Some(Geometry::Coordinates { longitude, latitude });
        }
        let wkt = has_wkt.iter().position(|has| *has)?;
        Some(Geometry::Wkt(columns.names()[wkt].clone()))
    }

    fn to_json(&self) -> Value {
        match self {
            Geometry::Coordinates { longitude, latitude } => json!({ "longitude": longitude, "latitude": latitude }),
            Geometry::Wkt(column) => json!({ "wkt": column }),
        }
    }
}

fn is_wkt(text: &str) -> bool {
    let Some((kind, _)) = text.split_once('(') else { return false };
    let kind = kind.trim().trim_end_matches(['Z', 'M', 'z', 'm', ' ']).to_ascii_uppercase();
    let known =
        ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"];
    text.trim_end().ends_with(')') && known.contains(&kind.as_str())
}

/// A row with the kinds that its columns came to have.
fn sample(columns: &Columns, row: &[String]) -> Map<String, Value> {
    let value = |index: usize, text: &String| {
        let trimmed = text.trim();
        let number = || -> Option<Value> {
            let json = match columns.kind(index) {
                Kind::Integer | Kind::Integer64 => trimmed.parse::<i64>().ok()?.into(),
                Kind::Real => serde_json::Number::from_f64(trimmed.parse().ok()?)?.into(),
                Kind::Boolean => Value::Bool(trimmed.eq_ignore_ascii_case("true")),
                Kind::Unknown | Kind::Date | Kind::DateTime | Kind::Text => return None,
            };
            Some(json)
        };
        if trimmed.is_empty() { Value::Null } else { number().unwrap_or_else(|| Value::String(text.clone())) }
    };
    let names = columns.names().iter().enumerate();
    names.map(|(index, name)| (name.clone(), row.get(index).map_or(Value::Null, |text| value(index, text)))).collect()
}

/// The rows of a table, one at a time.
struct Rows<'r> {
    reader: &'r mut dyn Read,
    parser: Reader,
    input: Vec<u8>,
    /// What of `input` was not parsed yet.
    unread: std::ops::Range<usize>,
    row: Vec<u8>,
    ends: Vec<usize>,
    number: u64,
    ended: Ended,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    No,
    Input,
}

impl<'r> Rows<'r> {
    fn open(reader: &'r mut dyn Read) -> Result<Rows<'r>, InspectError> {
        let mut rows = Rows {
            reader,
            parser: Reader::new(),
            input: vec![0; INPUT_BYTES],
            unread: 0..0,
            row: vec![0; MAX_ROW_BYTES],
            ends: vec![0; MAX_FIELDS],
            number: 0,
            ended: Ended::No,
        };
        rows.fill()?;
        if rows.input[rows.unread.clone()].starts_with(b"\xef\xbb\xbf") {
            rows.unread.start += 3;
        }
        let delimiter = delimiter_of(&rows.input[rows.unread.clone()]);
        rows.parser = ReaderBuilder::new().delimiter(delimiter).build();
        Ok(rows)
    }

    fn fill(&mut self) -> Result<(), InspectError> {
        let mut length = 0;
        // All that fits: what is sniffed at the start shall be more than a network packet.
        while length < self.input.len() {
            match self.reader.read(&mut self.input[length..]) {
                Ok(0) => {
                    self.ended = Ended::Input;
                    break;
                }
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(InspectError::Io(error)),
            }
        }
        self.unread = 0..length;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Vec<String>>, InspectError> {
        let (mut row_bytes, mut fields) = (0, 0);
        loop {
            if self.unread.is_empty() && self.ended == Ended::No {
                self.fill()?;
            }
            let (result, read, written, ends) = self.parser.read_record(
                &self.input[self.unread.clone()],
                &mut self.row[row_bytes..],
                &mut self.ends[fields..],
            );
            self.unread.start += read;
            row_bytes += written;
            fields += ends;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => {
                    return Err(self.wrong(&format!("is longer than {MAX_ROW_BYTES} bytes (is a quote never closed?)")));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(self.wrong(&format!("has more than {MAX_FIELDS} fields")));
                }
                ReadRecordResult::Record => {
                    self.number += 1;
                    return self.fields(fields).map(Some);
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn fields(&self, count: usize) -> Result<Vec<String>, InspectError> {
        let mut start = 0;
        let mut fields = Vec::with_capacity(count);
        for end in &self.ends[..count] {
            let text = std::str::from_utf8(&self.row[start..*end]);
            fields.push(text.map_err(|_| self.wrong("is not UTF-8"))?.to_owned());
            start = *end;
        }
        Ok(fields)
    }

    fn wrong(&self, what: &str) -> InspectError {
        let row = if self.number <= 1 { "The header row".to_owned() } else { format!("Row {}", self.number - 1) };
        unreadable(format!("{row} of the CSV file {what}."))
    }
}

/// The delimiter that is most often in the first line, outside quotes.
fn delimiter_of(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                if let Some(index) = DELIMITERS.iter().position(|delimiter| delimiter == byte) {
                    counts[index] += 1;
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let index = counts.iter().position(|count| *count == most && most > 0);
    index.map_or(b',', |index| DELIMITERS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Inspection, String> {
        inspect("t".to_owned(), &mut { text }, 2).map_err(|error| match error {
            InspectError::Unreadable(reason) => reason.0,
            InspectError::Io(error) => panic!("{error}"),
        })
    }

    #[test]
    fn a_table_with_coordinates() {
        let text = b"\xef\xbb\xbfid;Name;LAT;lon;since\n1;\"A;\n\xc4\x8d\";46.05;14.5;2024-01-02\n2;;45;14;2024-01-03\n3;c;1;2;\n";
        let found = read(text).unwrap();
        let columns: Vec<_> = found.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        let expected = [("id", "Integer"), ("Name", "String"), ("LAT", "Real"), ("lon", "Real"), ("since", "Date")];
        assert_eq!(columns, expected);
        assert_eq!((found.feature_count, found.geometry_type.as_deref()), (3, Some("Point")));
        assert_eq!(found.detected_geometry_columns, json!({ "longitude": "lon", "latitude": "LAT" }));
        assert_eq!(
            Value::from(found.sample_rows),
            json!([
                { "id": 1, "Name": "A;\nč", "LAT": 46.05, "lon": 14.5, "since": "2024-01-02" },
                { "id": 2, "Name": null, "LAT": 45.0, "lon": 14.0, "since": "2024-01-03" },
            ])
        );
    }

    #[test]
    fn tables_without_geometry_or_with_text() {
        let plain = read(b"a,b\n1,x").unwrap();
        assert_eq!((plain.crs, plain.geometry_type, plain.feature_count), (None, None, 1));
        let wkt = read(b"a\tshape\n1\tPOINT Z (1 2 3)\n").unwrap();
        assert_eq!(wkt.detected_geometry_columns, json!({ "wkt": "shape" }));
        assert_eq!(
            read(b"a,,a\n").unwrap().columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>(),
            ["a", "field_2", "a"]
        );
    }

    #[test]
    fn broken_tables_say_what_is_wrong() {
        assert!(read(b"").unwrap_err().contains("no header"));
        assert!(read(b"a,b\n1,2\n1,2,3\n").unwrap_err().contains("Row 2 of the CSV file has 3 fields"));
        assert!(read(b"a\n\xff\n").unwrap_err().contains("not UTF-8"));
        let endless = [b"a,b\n\"".to_vec(), vec![b'x'; 2 << 20]].concat();
        assert!(read(&endless).unwrap_err().contains("longer than"));
        let wide = [vec![b','; 5000], b"\n".to_vec()].concat();
        assert!(read(&wide).unwrap_err().contains("fields"));
    }

    /// Gives one byte at a time: rows must not depend on how the bytes come.
    struct Drops<'b>(&'b [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let take = self.0.len().min(1).min(buffer.len());
            buffer[..take].copy_from_slice(&self.0[..take]);
            self.0 = &self.0[take..];
            Ok(take)
        }
    }

    #[test]
    fn long_tables_come_in_pieces() {
        let rows: Vec<String> = (0..50_000).map(|n| format!("{n},\"text {n}\"\n")).collect();
        let text = format!("n,t\n{}", rows.concat());
        let found = inspect("t".to_owned(), &mut Drops(text.as_bytes()), 1).unwrap();
        assert_eq!((found.feature_count, found.sample_rows.len()), (50_000, 1));
    }
}
