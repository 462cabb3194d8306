//! Writes XML as S3 does: the declaration, then everything on one line. It escapes; it does not validate names.

use std::fmt::Write as _;

use super::read::Element;

/// The first line of most documents.
pub const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The namespace of result roots (`<Error>` has none).
pub const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// The namespace of `xsi:type`.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Whether a document begins with [`DECLARATION`]; S3 leaves it out of some errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// With the declaration.
    Yes,
    /// Starting at the root element.
    No,
}

/// A document being written. Every `open` needs its `close`.
#[derive(Debug)]
pub struct XmlWriter {
    out: String,
    /// Where in `out` the names of the open elements stand: start and length.
    open: Vec<(usize, usize)>,
}

impl XmlWriter {
    /// An empty document.
    pub fn new(declaration: Declaration) -> XmlWriter {
        let mut out = String::with_capacity(512);
        if declaration == Declaration::Yes {
            out.push_str(DECLARATION);
        }
        XmlWriter { out, open: Vec::new() }
    }

    /// `<tag>`
    pub fn open(&mut self, tag: &str) -> &mut XmlWriter {
        self.open_with(tag, &[])
    }

    /// `<tag xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`
    pub fn open_ns(&mut self, tag: &str) -> &mut XmlWriter {
        self.open_with(tag, &[("xmlns", NAMESPACE)])
    }

    /// `<tag name="value" …>`
    pub fn open_with(&mut self, tag: &str, attributes: &[(&str, &str)]) -> &mut XmlWriter {
        self.out.push('<');
        self.open.push((self.out.len(), tag.len()));
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_into(&mut self.out, value);
            self.out.push('"');
        }
        self.out.push('>');
        self
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) -> &mut XmlWriter {
        debug_assert!(!self.open.is_empty(), "close() without an open element");
        if let Some((start, len)) = self.open.pop() {
            self.out.push_str("</");
            self.out.extend_from_within(start..start + len);
            self.out.push('>');
        }
        self
    }

    /// `<tag>value</tag>`
    pub fn text(&mut self, tag: &str, value: &str) -> &mut XmlWriter {
        self.leaf(tag, |out| escape_into(out, value))
    }

    /// `<tag>value</tag>`, or nothing.
    pub fn optional(&mut self, tag: &str, value: Option<&str>) -> &mut XmlWriter {
        match value {
            Some(value) => self.text(tag, value),
            None => self,
        }
    }

    /// `<tag>42</tag>`
    pub fn number(&mut self, tag: &str, value: impl Into<u64>) -> &mut XmlWriter {
        let value = value.into();
        self.leaf(tag, |out| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{value}");
        })
    }

    /// `<tag/>`
    pub fn empty(&mut self, tag: &str) -> &mut XmlWriter {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push_str("/>");
        self
    }

    /// An element with all that is in it; an empty one as `<tag/>`.
    pub fn element(&mut self, element: &Element) -> &mut XmlWriter {
        if element.attributes.is_empty() && element.children.is_empty() {
            return if element.text.is_empty() {
                self.empty(&element.name)
            } else {
                self.text(&element.name, &element.text)
            };
        }
        // The one attribute in S3's documents is a grantee's type.
        match element.attribute("type") {
            Some(kind) => self.open_with(&element.name, &[("xmlns:xsi", SCHEMA_INSTANCE), ("xsi:type", kind)]),
            None => self.open(&element.name),
        };
        for child in &element.children {
            self.element(child);
        }
        self.close()
    }

    /// The document.
    pub fn finish(self) -> String {
        debug_assert!(self.open.is_empty(), "finish() with open elements");
        self.out
    }

    fn leaf(&mut self, tag: &str, content: impl FnOnce(&mut String)) -> &mut XmlWriter {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
        content(&mut self.out);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        self
    }
}

/// Appends `text` with `& < > "` and control characters escaped, but for line feeds: those of a string to sign stand as
/// they are. References to most control characters are XML 1.1, but they are what S3 sends.
fn escape_into(out: &mut String, text: &str) {
    // Most text is as it is.
    if !text.bytes().any(|byte| byte < 0x20 || matches!(byte, b'&' | b'<' | b'>' | b'"')) {
        return out.push_str(text);
    }
    let mut written = 0;
    for (position, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            // Line breaks and tabs survive in text, and S3 sends them so: the lines of `StringToSign`.
            b'\n' | b'\t' => continue,
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[written..position]);
        written = position + 1;
        if entity.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "&#x{byte:X};");
        } else {
            out.push_str(entity);
        }
    }
    out.push_str(&text[written..]);
}

#[cfg(test)]
mod tests {
    use super::super::Element;
    use super::*;

    #[test]
    fn a_result() {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("ListPartsResult").text("Bucket", "b").text("Key", "a&b");
        xml.open("Part").number("PartNumber", 1_u16).text("ETag", "\"abc\"").optional("ChecksumCRC32", None).close();
        xml.optional("Owner", Some("x")).empty("Prefix").close();
        assert_eq!(
            xml.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b</Bucket><Key>a&amp;b</Key>\
             <Part><PartNumber>1</PartNumber><ETag>&quot;abc&quot;</ETag></Part><Owner>x</Owner><Prefix/>\
             </ListPartsResult>"
        );
    }

    #[test]
    fn an_error_without_declaration() {
        let mut xml = XmlWriter::new(Declaration::No);
        xml.open("Error").text("Code", "NoSuchKey").close();
        assert_eq!(xml.finish(), "<Error><Code>NoSuchKey</Code></Error>");
    }

    #[test]
    fn attributes_are_escaped() {
        let mut xml = XmlWriter::new(Declaration::No);
        xml.open_with("Grantee", &[("xsi:type", "a\"b")]).close();
        assert_eq!(xml.finish(), "<Grantee xsi:type=\"a&quot;b\"></Grantee>");
    }

    #[test]
    fn escaping() {
        let cases = [
            ("", ""),
            ("plain ключ", "plain ключ"),
            ("<a>&\"'", "&lt;a&gt;&amp;&quot;'"),
            ("\u{1}\u{1F}\u{7F}", "&#x1;&#x1F;\u{7F}"),
            ("a\r\n\tb", "a&#xD;\n\tb"),
            ("é<é", "é&lt;é"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            escape_into(&mut out, text);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn the_reader_reads_what_the_writer_writes() {
        let value: String = ('\u{1}'..'\u{300}').collect();
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open("Key").text("V", &value).close();
        let root = Element::parse(xml.finish().as_bytes()).unwrap();
        assert_eq!(root.child_text("V"), Some(value.as_str()));
    }
}
