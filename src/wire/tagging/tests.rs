//! Tests of tags: the document, the header, and what is refused.

use super::*;

fn parse(inner: &str, tagged: Tagged) -> Result<TagSet, TagProblem> {
    let document = format!("<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</Tagging>");
    TagSet::parse(&Element::parse(document.as_bytes()).unwrap(), tagged)
}

fn one(key: &str, value: &str, tagged: Tagged) -> Result<TagSet, TagProblem> {
    parse(&format!("<TagSet><Tag><Key>{key}</Key><Value>{value}</Value></Tag></TagSet>"), tagged)
}

fn set(tags: &[(&str, &str)]) -> TagSet {
    let tag = |(key, value): &(&str, &str)| Tag { key: (*key).to_owned(), value: (*value).to_owned() };
    TagSet { tags: tags.iter().map(tag).collect() }
}

#[test]
fn a_document_and_back() {
    let inner = "<TagSet>\n<Tag><Value/><Key>b</Key></Tag> <Tag><Key>a &amp; b</Key><Value>x</Value></Tag></TagSet>";
    let refused = parse(inner, Tagged::Object).unwrap_err();
    assert_eq!(refused, TagProblem::InvalidKey("a & b".to_owned()));
    let tags = parse(&inner.replace("&amp;", "+"), Tagged::Object).unwrap();
    assert_eq!(tags, set(&[("b", ""), ("a + b", "x")]));
    assert_eq!((tags.len(), tags.value("a + b"), tags.value("A + b")), (2, Some("x"), None));
    assert_eq!(
        tags.to_xml(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>b</Key><Value></Value></Tag>\
         <Tag><Key>a + b</Key><Value>x</Value></Tag></TagSet></Tagging>"
    );
    assert_eq!(TagSet::parse(&Element::parse(tags.to_xml().as_bytes()).unwrap(), Tagged::Object), Ok(tags));
}

#[test]
fn no_tags_are_fine() {
    for inner in ["", "<TagSet/>", "<TagSet> </TagSet>"] {
        assert!(parse(inner, Tagged::Bucket).unwrap().is_empty(), "{inner}");
    }
    for header in ["", "&", "&&&"] {
        assert!(TagSet::parse_header(header).unwrap().is_empty(), "{header}");
    }
}

#[test]
fn the_schema() {
    for inner in [
        "<TagSet><Tag/></TagSet>",
        "<TagSet><Tag><Key>a</Key></Tag></TagSet>",
        "<TagSet><Tag><Value>a</Value></Tag></TagSet>",
        "<TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet>",
        "<TagSet><Tag><Key><b/></Key><Value/></Tag></TagSet>",
        "<TagSet><Tag><Key>a</Key><Value/><More/></Tag></TagSet>",
        "<TagSet><tag><Key>a</Key><Value/></tag></TagSet>",
        "<TagSet/><TagSet/>",
        "<Tag><Key>a</Key><Value/></Tag>",
    ] {
        let problem = parse(inner, Tagged::Bucket).unwrap_err();
        assert!(matches!(problem, TagProblem::Shape(_)), "{inner}: {problem}");
        assert_eq!((problem.code(), problem.message()), (Code::MalformedXml, Code::MalformedXml.message()));
        assert!(problem.fields().is_empty());
    }
    let other = Element::parse(b"<TagSet/>").unwrap();
    assert!(matches!(TagSet::parse(&other, Tagged::Bucket), Err(TagProblem::Shape(ShapeError::WrongRoot { .. }))));
}

/// What AWS answered, by `LocalStack`'s recordings of February 2026.
#[test]
fn what_aws_refuses() {
    let twice = "<TagSet><Tag><Key>Key1</Key><Value>a</Value></Tag><Tag><Key>Key1</Key><Value>b</Value></Tag></TagSet>";
    let field = |name, value: &str| (name, value.to_owned());
    for tagged in [Tagged::Bucket, Tagged::Object] {
        let problem = parse(twice, tagged).unwrap_err();
        assert_eq!(problem.message(), "Cannot provide multiple Tags with the same key");
        assert_eq!((problem.code(), problem.fields()), (Code::InvalidTag, vec![field("TagKey", "Key1")]));

        let problem = one("Key1,Key2", "x", tagged).unwrap_err();
        assert_eq!(problem.message(), "The TagKey you have provided is invalid");
        assert_eq!((problem.code(), problem.fields()), (Code::InvalidTag, vec![field("TagKey", "Key1,Key2")]));

        let problem = one("Key1", "Val1,Val2", tagged).unwrap_err();
        assert_eq!(problem.message(), "The TagValue you have provided is invalid");
        assert_eq!(problem.fields(), [field("TagKey", "Key1"), field("TagValue", "Val1,Val2")]);
    }
    for (tagged, sentence, fields) in [
        (Tagged::Bucket, "System tags cannot be added/updated by requester", vec![field("TagKey", "aws:x")]),
        (Tagged::Object, "Your TagKey cannot be prefixed with aws:", vec![field("TagKey", "aws:x")]),
        (
            Tagged::NewBucket,
            "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" \
             from your tag keys and try again.",
            vec![],
        ),
    ] {
        let problem = one("aws:x", "v", tagged).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::InvalidTag, sentence));
        assert_eq!(problem.fields(), fields);
    }
}

#[test]
fn limits() {
    let many = |count: usize| {
        let tags = (0..count).map(|n| format!("<Tag><Key>k{n}</Key><Value/></Tag>")).collect::<Vec<_>>().concat();
        format!("<TagSet>{tags}</TagSet>")
    };
    for (tagged, sentence) in [
        (Tagged::Bucket, "Bucket tag count cannot be greater than 50"),
        (Tagged::NewBucket, "Bucket tag count cannot be greater than 50"),
        (Tagged::Object, "Object tags cannot be greater than 10"),
    ] {
        assert_eq!(parse(&many(tagged.max_tags()), tagged).unwrap().len(), tagged.max_tags());
        let problem = parse(&many(tagged.max_tags() + 1), tagged).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::BadRequest, sentence));
    }
    let eleven = (0..11).map(|n| format!("k{n}=v")).collect::<Vec<_>>();
    assert!(matches!(TagSet::parse_header(&eleven.join("&")), Err(TagProblem::TooMany { count: 11, .. })));

    // Characters count, not bytes.
    let long = |count| "č".repeat(count);
    assert!(one(&long(128), &long(256), Tagged::Object).is_ok());
    assert!(matches!(one(&long(129), "", Tagged::Object), Err(TagProblem::InvalidKey(_))));
    assert!(matches!(one("k", &long(257), Tagged::Object), Err(TagProblem::InvalidValue { .. })));
    assert!(matches!(one("", "v", Tagged::Object), Err(TagProblem::InvalidKey(_))));
}

#[test]
fn characters() {
    assert!(one("č Ж 漢字", "½ Ⅷ ٣ _.:/=+-@", Tagged::Object).is_ok());
    for character in "azAZ09čЖ漢½٣_.:/=+-@ \u{A0}\u{2028}\u{3000}".chars() {
        assert!(is_tag_character(character), "{character:?}");
    }
    for character in "?(*$#!,;<>&%\"'\\|{}[]^~`\t\n\r\u{7F}\u{200B}😀".chars() {
        assert!(!is_tag_character(character), "{character:?}");
    }
}

/// The cases that versitygw's authors transcribed from AWS, and two that `LocalStack` recorded.
#[test]
fn headers() {
    for (header, tags) in [
        ("key", set(&[("key", "")])),
        ("key&", set(&[("key", "")])),
        ("key=&", set(&[("key", "")])),
        ("key1=val1&key2=val2", set(&[("key1", "val1"), ("key2", "val2")])),
        ("key@=val@", set(&[("key@", "val@")])),
        ("key%2E=value%2F", set(&[("key.", "value/")])),
        ("key++key=value%20value", set(&[("key  key", "value value")])),
        ("a%3Db=c%3Dd", set(&[("a=b", "c=d")])),
    ] {
        assert_eq!(TagSet::parse_header(header), Ok(tags.clone()), "{header}");
        assert_eq!(TagSet::parse_header(&tags.to_header()), Ok(tags), "{header}");
    }
    for header in ["=", "=v", "key%", "key=%FF", "key=val&key=val", "key1=val1&key1=val2", "key1=val1,key2=val2"] {
        let problem = TagSet::parse_header(header).unwrap_err();
        assert_eq!((problem.code(), problem.message()), (Code::InvalidArgument, MALFORMED_HEADER), "{header}");
        let fields = [("ArgumentName", "x-amz-tagging".to_owned()), ("ArgumentValue", header.to_owned())];
        assert_eq!(problem.fields(), fields);
    }
    for header in ["key?=val", "key(=val", "key*=val", "aws:a=b"] {
        assert_eq!(TagSet::parse_header(header).unwrap_err().code(), Code::InvalidTag, "{header}");
    }
    assert_eq!(
        TagSet::parse_header("key=val?"),
        Err(TagProblem::InvalidValue { key: "key".to_owned(), value: "val?".to_owned() })
    );
    assert_eq!(
        MALFORMED_HEADER,
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name \
         duplicates."
    );
}

#[test]
fn stored_as_a_list() {
    let tags = set(&[("b", "1"), ("a", "")]);
    let stored = serde_json::to_string(&tags).unwrap();
    assert_eq!(stored, r#"[{"key":"b","value":"1"},{"key":"a","value":""}]"#);
    assert_eq!(serde_json::from_str::<TagSet>(&stored).unwrap(), tags);
}
