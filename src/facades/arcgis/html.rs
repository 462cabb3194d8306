//! Pages for people: what an answer says as a table, links to go on, and forms to upload with. Not for programs: they ask
//! for JSON.

use std::fmt::Write as _;

use serde_json::Value;

/// A page about an answer.
pub(super) struct Page {
    /// What the answer is of.
    pub(super) title: String,
    /// Where one can go from here: what it is, and its URL.
    pub(super) links: Vec<(String, String)>,
    /// What one can do here.
    pub(super) forms: Vec<Form>,
}

/// A form that is posted.
pub(super) struct Form {
    /// What it does.
    pub(super) title: &'static str,
    /// To where.
    pub(super) action: String,
    /// Its fields: name and type of the input.
    pub(super) fields: &'static [(&'static str, &'static str)],
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#222}\
    h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse}\
    th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}th{background:#f4f4f4}\
    label{display:block;margin:.4rem 0}input{font:inherit}nav a{margin-right:1rem}";

impl Page {
    /// A page that says nothing but its answer.
    pub(super) fn titled(title: impl Into<String>) -> Page {
        Page { title: title.into(), links: Vec::new(), forms: Vec::new() }
    }

    /// Adds a link.
    pub(super) fn link(mut self, text: impl Into<String>, url: impl Into<String>) -> Page {
        self.links.push((text.into(), url.into()));
        self
    }

    /// Adds a form.
    pub(super) fn form(
        mut self,
        title: &'static str,
        action: String,
        fields: &'static [(&'static str, &'static str)],
    ) -> Page {
        self.forms.push(Form { title, action, fields });
        self
    }

    /// The page. `token` is what the caller sent in the URL: links and forms carry it on.
    pub(super) fn write(&self, value: &Value, token: Option<&str>) -> String {
        let title = escape(&self.title);
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
             <style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        );
        write_value(&mut html, value);
        if !self.links.is_empty() {
            html.push_str("<nav><p>");
            for (text, url) in &self.links {
                let url = match token {
                    Some(token) => format!("{url}?token={}", crate::wire::percent::encode(token.as_bytes())),
                    None => url.clone(),
                };
                push(&mut html, format_args!("<a href=\"{}\">{}</a> ", escape(&url), escape(text)));
            }
            html.push_str("</p></nav>\n");
        }
        for form in &self.forms {
            form.write(&mut html, token);
        }
        html.push_str("</body></html>\n");
        html
    }
}

impl Form {
    fn write(&self, html: &mut String, token: Option<&str>) {
        let action = escape(&self.action);
        push(
            html,
            format_args!(
                "<h2>{}</h2><form method=\"post\" enctype=\"multipart/form-data\" action=\"{action}\">",
                escape(self.title)
            ),
        );
        for (name, kind) in self.fields {
            push(html, format_args!("<label>{name} <input name=\"{name}\" type=\"{kind}\"></label>"));
        }
        push(
            html,
            format_args!(
                "<label>token <input name=\"token\" type=\"password\" value=\"{}\"></label>\
                 <input type=\"hidden\" name=\"f\" value=\"html\"><input type=\"submit\" value=\"{}\"></form>\n",
                escape(token.unwrap_or_default()),
                escape(self.title)
            ),
        );
    }
}

/// An object as a table of names and values, a list of objects as one with a row each.
fn write_value(html: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            html.push_str("<table>");
            for (name, value) in fields {
                push(html, format_args!("<tr><th>{}</th><td>", escape(name)));
                write_value(html, value);
                html.push_str("</td></tr>\n");
            }
            html.push_str("</table>\n");
        }
        Value::Array(values) if values.is_empty() => html.push_str("none"),
        Value::Array(values) => {
            for value in values {
                write_value(html, value);
                html.push_str("<br>");
            }
        }
        Value::String(text) => html.push_str(&escape(text)),
        other => html.push_str(&escape(&other.to_string())),
    }
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _never_fails = html.write_fmt(text);
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_an_answer_is_markup() {
        let page = Page::titled("<i>").link("a\"b", "/x'y").form("Go", "/<z>".to_owned(), &[("file", "file")]);
        let html = page.write(&json!({ "<b>": ["<script>alert(1)</script>", 7, { "x": "&" }] }), Some("<t>&"));
        for bad in ["<i>", "<b>", "<script", "/x'y", "<z>", "<t>"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("?token=%3Ct%3E%26"), "{html}");
    }
}
