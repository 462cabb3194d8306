//! GeoJSON (RFC 7946): a collection of features, one feature, or a bare geometry. Features are read one at a time.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::columns::{Columns, Kind};
use super::{InspectError, Inspection, unreadable};

/// A feature may not be larger: texts of one are held while it is read.
const MAX_FEATURE_BYTES: u64 = 32 << 20;
/// What GeoJSON's coordinates are in, unless it says otherwise.
const DEFAULT_CRS: &str = "EPSG:4326";

pub(super) fn inspect(
    layer: String,
    reader: &mut dyn Read,
    max_sample_rows: usize,
) -> Result<Inspection, InspectError> {
    let left_bytes = Cell::new(MAX_FEATURE_BYTES);
    let mut found = Found { left_bytes: &left_bytes, max_sample_rows, ..Found::new(&left_bytes) };
    let rationed = Rationed { reader, left_bytes: &left_bytes };
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(64 << 10, rationed));
    let read = Document(&mut found).deserialize(&mut json).and_then(|()| json.end());
    read.map_err(wrong)?;
    found.finish(layer)
}

fn wrong(error: serde_json::Error) -> InspectError {
    if error.is_io() {
        let error = io::Error::from(error);
        return match error.kind() {
            io::ErrorKind::FileTooLarge => {
                unreadable(format!("A feature of the file is larger than {} MiB.", MAX_FEATURE_BYTES >> 20))
            }
            _ => InspectError::Io(error),
        };
    }
    unreadable(format!("The file is not GeoJSON: {error}."))
}

/// A reader that gives out so many bytes for each feature, and no more.
struct Rationed<'r> {
    reader: &'r mut dyn Read,
    left_bytes: &'r Cell<u64>,
}

impl Read for Rationed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.left_bytes.get().checked_sub(read as u64);
        self.left_bytes.set(left.ok_or(io::ErrorKind::FileTooLarge)?);
        Ok(read)
    }
}

/// What was met so far.
struct Found<'c> {
    left_bytes: &'c Cell<u64>,
    max_sample_rows: usize,
    columns: Columns,
    feature_count: u64,
    geometry_type: Option<String>,
    crs: Option<String>,
    sample_rows: Vec<Map<String, Value>>,
    /// The type of the document itself.
    kind: Option<String>,
    has_features: bool,
    has_geometry: bool,
}

impl<'c> Found<'c> {
    fn new(left_bytes: &'c Cell<u64>) -> Found<'c> {
        Found {
            left_bytes,
            max_sample_rows: 0,
            columns: Columns::default(),
            feature_count: 0,
            geometry_type: None,
            crs: None,
            sample_rows: Vec::new(),
            kind: None,
            has_features: false,
            has_geometry: false,
        }
    }

    fn feature<E: serde::de::Error>(&mut self, feature: Feature) -> Result<(), E> {
        if feature.kind.as_deref() != Some("Feature") {
            return Err(E::custom("an item of features is no Feature"));
        }
        self.add(feature).map_err(|error| match error {
            InspectError::Unreadable(reason) => E::custom(reason.0),
            InspectError::Io(error) => E::custom(error),
        })
    }

    fn add(&mut self, feature: Feature) -> Result<(), InspectError> {
        self.left_bytes.set(MAX_FEATURE_BYTES);
        self.feature_count += 1;
        if let Some(kind) = feature.geometry_type {
            self.geometry_type = Some(match self.geometry_type.take() {
                Some(before) => both(&before, &kind),
                None => kind,
            });
        }
        let properties = feature.properties.unwrap_or_default();
        for (name, value) in &properties {
            let index = self.columns.index(name)?;
            self.columns.meet(index, Kind::of_value(value));
        }
        if self.sample_rows.len() < self.max_sample_rows {
            self.sample_rows.push(properties);
        }
        Ok(())
    }

    fn finish(mut self, layer: String) -> Result<Inspection, InspectError> {
        match self.kind.as_deref() {
            Some("FeatureCollection") if self.has_features => {}
            Some("FeatureCollection") => return Err(unreadable("The FeatureCollection has no features.")),
            Some("Feature") if self.feature_count == 1 => {}
            Some(kind) if is_geometry(kind) && self.has_geometry => {
                let geometry_type = Some(kind.to_owned());
                self.add(Feature { geometry_type, ..Feature::default() })?;
            }
            Some(kind) => return Err(unreadable(format!("The file is not GeoJSON: its type is {kind:?}."))),
            None => return Err(unreadable("The file is not GeoJSON: it has no type.")),
        }
        Ok(Inspection {
            columns: self.columns.finish(),
            crs: Some(self.crs.unwrap_or_else(|| DEFAULT_CRS.to_owned())),
            geometry_type: self.geometry_type,
            feature_count: self.feature_count,
            sample_rows: self.sample_rows,
            detected_geometry_columns: Value::Null,
            layers: vec![layer],
        })
    }
}

/// One name for two: a plural takes its singular in.
fn both(a: &str, b: &str) -> String {
    let plural = |one: &str, many: &str| many.strip_prefix("Multi") == Some(one);
    if a == b || plural(b, a) {
        a.to_owned()
    } else if plural(a, b) {
        b.to_owned()
    } else {
        "Mixed".to_owned()
    }
}

fn is_geometry(kind: &str) -> bool {
    kind == "GeometryCollection"
        || ["Point", "LineString", "Polygon"].contains(&kind.strip_prefix("Multi").unwrap_or(kind))
}

/// The whole document.
struct Document<'f, 'c>(&'f mut Found<'c>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a GeoJSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let found = self.0;
        // Members come in any order: what they make together is known at the end.
        let mut feature = Feature::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "type" => found.kind = Some(map.next_value()?),
                "features" => {
                    found.has_features = true;
                    map.next_value_seed(Features(found))?;
                }
                "crs" => found.crs = crs_of(&map.next_value()?),
                "geometry" => feature.geometry_type = map.next_value_seed(GeometrySeed)?,
                "properties" => feature.properties = map.next_value()?,
                "coordinates" | "geometries" => {
                    found.has_geometry = true;
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found.kind.as_deref() == Some("Feature") {
            feature.kind.clone_from(&found.kind);
            found.feature(feature)?;
        }
        Ok(())
    }
}

/// `{"type": "name", "properties": {"name": …}}`, of GeoJSON before RFC 7946.
fn crs_of(value: &Value) -> Option<String> {
    value.pointer("/properties/name").and_then(Value::as_str).map(str::to_owned)
}

struct Features<'f, 'c>(&'f mut Found<'c>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        while let Some(feature) = features.next_element_seed(FeatureSeed)? {
            self.0.feature::<A::Error>(feature)?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Feature {
    kind: Option<String>,
    geometry_type: Option<String>,
    properties: Option<Map<String, Value>>,
}

struct FeatureSeed;

impl<'de> DeserializeSeed<'de> for FeatureSeed {
    type Value = Feature;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Feature, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeatureSeed {
    type Value = Feature;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feature")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Feature, A::Error> {
        let mut feature = Feature::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "type" => feature.kind = Some(map.next_value()?),
                "geometry" => feature.geometry_type = map.next_value_seed(GeometrySeed)?,
                "properties" => feature.properties = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(feature)
    }
}

/// A geometry's type; its coordinates are read over. `null` is a feature without a place.
struct GeometrySeed;

impl<'de> DeserializeSeed<'de> for GeometrySeed {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<String>, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for GeometrySeed {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a geometry or null")
    }

    fn visit_none<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Option<String>, D::Error> {
        json.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<String>, A::Error> {
        let mut kind: Option<String> = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "type" {
                kind = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        match kind {
            Some(kind) if is_geometry(&kind) => Ok(Some(kind)),
            Some(kind) => Err(A::Error::custom(format!("there is no geometry of the type {kind:?}"))),
            None => Err(A::Error::custom("a geometry has no type")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &[u8]) -> Result<Inspection, String> {
        inspect("layer".to_owned(), &mut { text }, 1).map_err(|error| match error {
            InspectError::Unreadable(reason) => reason.0,
            InspectError::Io(error) => panic!("{error}"),
        })
    }

    #[test]
    fn a_collection_is_counted_and_typed() {
        let text = r#"{"features": [
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0, 0]]]}, "properties": {"a": 1, "b": "x"}},
            {"properties": {"a": 2.5, "c": {"deep": []}}, "type": "Feature",
             "geometry": {"coordinates": [], "type": "MultiPolygon"}},
            {"type": "Feature", "geometry": null, "properties": null}
        ], "name": "n", "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}, "type": "FeatureCollection"}"#;
        let found = read(text.as_bytes()).unwrap();
        let columns: Vec<_> = found.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
        assert_eq!(columns, [("a", "Real"), ("b", "String"), ("c", "String")]);
        assert_eq!((found.feature_count, found.geometry_type.as_deref()), (3, Some("MultiPolygon")));
        assert_eq!((found.crs.as_deref(), found.layers), (Some("EPSG:3857"), vec!["layer".to_owned()]));
        assert_eq!(Value::from(found.sample_rows), json!([{ "a": 1, "b": "x" }]));
    }

    #[test]
    fn features_and_geometries_alone() {
        let feature =
            read(br#"{"properties": {"a": true}, "geometry": {"type": "Point"}, "type": "Feature"}"#).unwrap();
        assert_eq!((feature.feature_count, feature.columns[0].kind), (1, "Boolean"));
        let geometry = read(br#"{"coordinates": [1, 2], "type": "MultiPoint"}"#).unwrap();
        assert_eq!((geometry.feature_count, geometry.geometry_type.as_deref()), (1, Some("MultiPoint")));
        assert_eq!(geometry.crs.as_deref(), Some("EPSG:4326"));
        assert_eq!(both("Point", "LineString"), "Mixed");
    }

    #[test]
    fn what_is_no_geojson_says_why() {
        for (text, words) in [
            ("[]", "a GeoJSON object"),
            ("{}", "no type"),
            (r#"{"type": "Topology"}"#, "Topology"),
            (r#"{"type": "FeatureCollection"}"#, "no features"),
            (r#"{"type": "FeatureCollection", "features": {}}"#, "an array of features"),
            (r#"{"type": "FeatureCollection", "features": [{"type": "Point"}]}"#, "no Feature"),
            (r#"{"type": "Feature", "geometry": {"type": "Sphere"}}"#, "Sphere"),
            (r#"{"type": "FeatureCollection", "features": [{"#, "EOF"),
            (r#"{"type": "Point", "coordinates": [1]} {}"#, "trailing"),
        ] {
            let reason = read(text.as_bytes()).unwrap_err();
            assert!(reason.contains(words), "{text}: {reason}");
        }
        let deep = format!("{{\"type\":\"Feature\",\"properties\":{{\"a\":{}", "[".repeat(1000));
        assert!(read(deep.as_bytes()).unwrap_err().contains("recursion"));
    }

    #[test]
    fn a_feature_has_its_limit_and_a_file_has_none() {
        let feature = |text: &str| format!(r#"{{"type":"Feature","geometry":null,"properties":{{"t":"{text}"}}}}"#);
        let large = feature(&"x".repeat(12 << 20));
        let many = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, [&large[..]; 3].join(","));
        assert_eq!(read(many.as_bytes()).unwrap().feature_count, 3);
        let too_large = feature(&"x".repeat(33 << 20));
        assert!(read(too_large.as_bytes()).unwrap_err().contains("larger than 32 MiB"));
    }
}
