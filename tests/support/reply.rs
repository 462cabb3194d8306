//! What came back, and short ways to look at its XML. The scanner knows elements and entities, not the rest of XML.

/// One HTTP reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case, in the order in which they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body, which has to be UTF-8.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Fails with the whole reply if the status is another.
    #[track_caller]
    pub(crate) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }

    /// Fails with the whole reply unless it is this error. HEAD has no body, so only the status can be expected there.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16, code: &str) -> Self {
        let reply = self.expect_status(status);
        assert_eq!(reply.xml_text("Code").as_deref(), Some(code), "{}", reply.text());
        reply
    }

    /// Fails unless it is this whole error: code, message and every further field, in order.
    #[track_caller]
    pub(crate) fn expect_fields(self, status: u16, fields: &[(&str, &str)]) -> Self {
        let fields: Vec<(String, String)> = fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(self.stable_error_fields(), fields, "{}", self.text());
        self.expect_status(status)
    }

    /// The text of the first element with this name, wherever it is.
    pub(crate) fn xml_text(&self, name: &str) -> Option<String> {
        self.xml_all(name).into_iter().next()
    }

    /// The texts of all elements with this name, in their order.
    pub(crate) fn xml_all(&self, name: &str) -> Vec<String> {
        let elements = elements(self.text()).into_iter().filter(|element| element.name == name);
        elements.map(|element| unescape(element.inner)).collect()
    }

    /// The children of `<Error>` in their order: compare code, message and extra fields with one `assert_eq!`.
    pub(crate) fn error_fields(&self) -> Vec<(String, String)> {
        let elements = elements(self.text());
        assert_eq!(elements.first().map(|root| root.name), Some("Error"), "{}", self.text());
        let children = elements.into_iter().filter(|element| element.depth == 1);
        children.map(|element| (element.name.to_owned(), unescape(element.inner))).collect()
    }

    /// As [`Reply::error_fields`], without `RequestId` and `HostId`, which differ each time.
    pub(crate) fn stable_error_fields(&self) -> Vec<(String, String)> {
        let mut fields = self.error_fields();
        fields.retain(|(name, _)| name != "RequestId" && name != "HostId");
        fields
    }
}

struct Element<'a> {
    name: &'a str,
    depth: usize,
    inner: &'a str,
}

/// All elements in the order of their start tags.
fn elements(xml: &str) -> Vec<Element<'_>> {
    let mut found: Vec<Element<'_>> = vec![];
    let mut open: Vec<(usize, usize)> = vec![];
    let mut at = 0;
    while let Some(start) = xml[at..].find('<').map(|offset| at + offset) {
        let end = xml[start..].find('>').map_or_else(|| panic!("an open tag: {xml}"), |offset| start + offset);
        let tag = &xml[start + 1..end];
        at = end + 1;
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            let (index, from) = open.pop().unwrap_or_else(|| panic!("an end without a start: {xml}"));
            assert_eq!(found[index].name, name, "tags cross: {xml}");
            found[index].inner = &xml[from..start];
            continue;
        }
        let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
        found.push(Element { name, depth: open.len(), inner: "" });
        if !tag.ends_with('/') {
            open.push((found.len() - 1, at));
        }
    }
    assert!(open.is_empty(), "an element does not end: {xml}");
    found
}

fn unescape(text: &str) -> String {
    let mut result = String::new();
    let mut pieces = text.split('&');
    result.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (entity, rest) = piece.split_once(';').unwrap_or_else(|| panic!("a bare '&': {text}"));
        let number = entity.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| entity.strip_prefix('#').map(str::parse));
        let character = match (entity, number) {
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("amp", _) => '&',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            (_, Some(Ok(number))) => char::from_u32(number).expect("a character"),
            _ => panic!("an unknown entity: {entity}"),
        };
        result.push(character);
        result.push_str(rest);
    }
    result
}
