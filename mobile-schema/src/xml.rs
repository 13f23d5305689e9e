//! XML as a tree that can be read under limits and written out.
//!
//! Names are kept as `prefix:local`, with the prefixes that XForms are always written with
//! (<https://getodk.github.io/xforms-spec/#namespaces>), whatever the document called them.

use std::fmt::{self, Write};

use thiserror::Error;

/// The deepest nesting of elements that is read.
pub const MAX_DEPTH: usize = 100;
/// The most nodes (elements, attributes and texts) that are read.
pub const MAX_NODES: u32 = 2_000_000;
/// The most bytes that are read.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The namespaces of an XForm and the prefixes they are written with; the first is the default.
pub const NAMESPACES: [(&str, &str); 8] = [
    ("", "http://www.w3.org/2002/xforms"),
    ("h", "http://www.w3.org/1999/xhtml"),
    ("ev", "http://www.w3.org/2001/xml-events"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
    ("jr", "http://openrosa.org/javarosa"),
    ("orx", "http://openrosa.org/xforms"),
    ("odk", "http://www.opendatakit.org/xforms"),
    ("entities", "http://www.opendatakit.org/xforms/entities"),
];

/// An element with its attributes and content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// `local` or `prefix:local`.
    pub name: String,
    /// In the order they are written.
    pub attributes: Vec<(String, String)>,
    /// Elements and texts.
    pub children: Vec<Content>,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Another element.
    Element(Element),
    /// Characters, unescaped.
    Text(String),
}

/// Why XML can't be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum XmlProblem {
    /// It is not well-formed, or declares entities.
    #[error("line {line}, column {column}: {reason}")]
    Malformed {
        /// Counted from 1.
        line: u32,
        /// Counted from 1.
        column: u32,
        /// In the parser's words.
        reason: String,
    },
    /// It declares a document type, which could pull in other files or grow without bound.
    #[error("it has a document type declaration (DOCTYPE); declarations and entities are refused")]
    DocumentType,
    /// Elements are nested too deep.
    #[error("its elements are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// It is too large.
    #[error("it is larger than {MAX_BYTES} bytes or has more than {MAX_NODES} nodes")]
    TooLarge,
}

impl Element {
    /// An element without content.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// With an attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// With some text after what it holds.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.children.push(Content::Text(text));
        }
        self
    }

    /// With an element after what it holds.
    #[must_use]
    pub fn with_child(mut self, child: Self) -> Self {
        self.push(child);
        self
    }

    /// Adds an element.
    pub fn push(&mut self, child: Self) {
        self.children.push(Content::Element(child));
    }

    /// Sets an attribute, in place where it is there.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name, value)),
        }
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        local(&self.name)
    }

    /// The elements inside.
    pub fn elements(&self) -> impl DoubleEndedIterator<Item = &Self> {
        self.children.iter().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// The first element inside with this full name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.name == name)
    }

    /// The element inside with this full name at a place counted from 0.
    pub(crate) fn nth_mut(&mut self, name: &str, place: usize) -> Option<&mut Self> {
        let elements = self.children.iter_mut().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        });
        elements.filter(|element| element.name == name).nth(place)
    }

    /// The characters directly inside.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|content| match content {
                Content::Text(text) => Some(text.as_str()),
                Content::Element(_) => None,
            })
            .collect()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// Where it is not well-formed XML 1.0, declares a document type, or passes a limit.
    pub fn read(text: &str) -> Result<Self, XmlProblem> {
        if text.len() > MAX_BYTES {
            return Err(XmlProblem::TooLarge);
        }
        check_depth(text)?;
        let options = roxmltree::ParsingOptions { nodes_limit: MAX_NODES, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(text, options)
            .map_err(|error| from_parser(&error))?;
        Ok(copy_document(&document))
    }

    /// The document on one line, with a declaration, or indented for people.
    pub fn write(&self, indented: bool) -> String {
        let mut out = String::from("<?xml version=\"1.0\"?>\n");
        self.write_into(&mut out, indented.then_some(0));
        if indented {
            out.push('\n');
        }
        out
    }

    fn write_into(&self, out: &mut String, indent: Option<usize>) {
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(out, value, true);
            out.push('"');
        }
        if self.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        let mixed = self.children.iter().any(|content| matches!(content, Content::Text(_)));
        let inner = if mixed { None } else { indent.map(|depth| depth + 1) };
        for content in &self.children {
            match content {
                Content::Text(text) => escape(out, text, false),
                Content::Element(element) => {
                    new_line(out, inner);
                    element.write_into(out, inner);
                }
            }
        }
        if inner.is_some() {
            new_line(out, indent);
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.write(false))
    }
}

/// A name without its prefix.
pub fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Whether the characters can be the name of an element: an NCName, or two of them joined by a
/// colon (Namespaces in XML 1.0).
pub fn is_name(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().is_some_and(is_ncname);
    let second = parts.next().is_none_or(is_ncname);
    first && second && parts.next().is_none()
}

fn is_ncname(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(starts_name) && characters.all(continues_name)
}

/// Whether a character can begin an NCName.
pub fn starts_name(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

/// Whether a character can go on in an NCName.
pub fn continues_name(character: char) -> bool {
    starts_name(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

fn new_line(out: &mut String, indent: Option<usize>) {
    if let Some(depth) = indent {
        // Writing into a string can't fail.
        let _ = write!(out, "\n{:1$}", "", depth * 2);
    }
}

/// Writes characters so that a reader gets the same ones back. Characters that XML 1.0 has no
/// way to write are replaced (U+FFFD).
fn escape(out: &mut String, text: &str, attribute: bool) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ => out.push(character),
        }
    }
}

fn from_parser(error: &roxmltree::Error) -> XmlProblem {
    match error {
        roxmltree::Error::DtdDetected => XmlProblem::DocumentType,
        roxmltree::Error::NodesLimitReached => XmlProblem::TooLarge,
        other => {
            let place = other.pos();
            XmlProblem::Malformed { line: place.row, column: place.col, reason: other.to_string() }
        }
    }
}

/// Counts how deep elements go before anything is built: the parser and the tree recurse.
fn check_depth(text: &str) -> Result<(), XmlProblem> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'<') {
        at += found;
        let rest = &text[at..];
        let skip = |end: &str| rest.find(end).map_or(rest.len(), |place| place + end.len());
        let length = if rest.starts_with("<!--") {
            skip("-->")
        } else if rest.starts_with("<![CDATA[") {
            skip("]]>")
        } else if rest.starts_with("<?") {
            skip("?>")
        } else if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
            skip(">")
        } else {
            let length = tag_length(rest);
            if !rest[..length].ends_with("/>") && !rest.starts_with("<!") {
                depth += 1;
            }
            length
        };
        if depth > MAX_DEPTH {
            return Err(XmlProblem::TooDeep);
        }
        at += length.max(1);
    }
    Ok(())
}

/// How long a start tag is, minding `>` inside quotes.
fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    for (place, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return place + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    rest.len()
}

/// The document with its namespaces declared on the root, under their usual prefixes.
fn copy_document(document: &roxmltree::Document<'_>) -> Element {
    let xforms = NAMESPACES[0].1;
    let elements = || document.descendants().filter(|node| node.is_element());
    let has_xforms = elements().any(|node| node.tag_name().namespace() == Some(xforms));
    let default = if has_xforms { xforms } else { "" };
    let mut used: Vec<(String, String)> = Vec::new();
    let mut root = copy(document.root_element(), default, &mut used);
    if has_xforms {
        root.attributes.insert(0, ("xmlns".to_owned(), xforms.to_owned()));
    }
    for (prefix, uri) in used {
        root.set(format!("xmlns:{prefix}"), uri);
    }
    root
}

/// `default` is the namespace of names without a prefix; `used` collects prefixes and namespaces.
fn copy(node: roxmltree::Node<'_, '_>, default: &str, used: &mut Vec<(String, String)>) -> Element {
    let mut take = |namespace: Option<&str>, name: &str, prefix: Option<&str>| {
        let name = named(namespace, name, prefix);
        if let (Some((prefix, _)), Some(uri)) = (name.split_once(':'), namespace)
            && prefix != "xml"
            && !used.iter().any(|(known, _)| known == prefix)
        {
            used.push((prefix.to_owned(), uri.to_owned()));
        }
        name
    };
    let namespace = node.tag_name().namespace();
    let prefix = node.lookup_prefix(namespace.unwrap_or_default());
    let mut element = Element::new(take(namespace, node.tag_name().name(), prefix));
    let own = namespace.unwrap_or_default();
    let inner = if element.name.contains(':') { default } else { own };
    if inner != default {
        element.attributes.push(("xmlns".to_owned(), inner.to_owned()));
    }
    for attribute in node.attributes() {
        let prefix = attribute.namespace().and_then(|uri| node.lookup_prefix(uri));
        element.attributes.push((
            take(attribute.namespace(), attribute.name(), prefix),
            attribute.value().to_owned(),
        ));
    }
    for child in node.children() {
        if child.is_element() {
            element.push(copy(child, inner, used));
        } else if let Some(text) = child.text().filter(|_| child.is_text()) {
            match element.children.last_mut() {
                Some(Content::Text(before)) => before.push_str(text),
                _ => element.children.push(Content::Text(text.to_owned())),
            }
        }
    }
    // Space between elements means something only where people read it.
    let words = matches!(element.local_name(), "label" | "hint" | "value");
    if !words && element.elements().next().is_some() && element.text().trim().is_empty() {
        element.children.retain(|content| matches!(content, Content::Element(_)));
    }
    element
}

fn named(namespace: Option<&str>, name: &str, prefix: Option<&str>) -> String {
    let known = NAMESPACES.iter().find(|(_, uri)| Some(*uri) == namespace);
    match known.map(|(prefix, _)| *prefix).or(prefix) {
        None | Some("") => name.to_owned(),
        Some(prefix) => format!("{prefix}:{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let element = Element::new("h:html").with("xmlns:h", NAMESPACES[1].1).with_child(
            Element::new("h:title").with("note", "a\"b<c\n&").with_text("1 < 2 & 3 > 2 \u{202e}右"),
        );
        let read = Element::read(&element.write(false)).expect("well-formed");
        let title = read.child("h:title").expect("there");
        assert_eq!(title.text(), "1 < 2 & 3 > 2 \u{202e}右");
        assert_eq!(title.attribute("note"), Some("a\"b<c\n&"));
        assert_eq!(Element::read(&element.write(true)), Ok(read));
    }

    #[test]
    fn namespaces_are_declared_again() {
        let text = r#"<h:html xmlns="http://www.w3.org/2002/xforms"
            xmlns:h="http://www.w3.org/1999/xhtml" xmlns:q="http://q.example/"><h:head><model>
            <instance><data xmlns="http://d.example/" id="d" q:z="1"><a/></data></instance>
            <instance><data xmlns=""><b/></data></instance></model></h:head></h:html>"#;
        let read = Element::read(text).expect("well-formed");
        let written = read.write(false);
        let again = roxmltree::Document::parse(&written).expect("well-formed");
        let of = |name: &str| {
            let node = again.descendants().find(|node| node.tag_name().name() == name);
            node.expect("there").tag_name().namespace().map(str::to_owned)
        };
        assert_eq!(of("html").as_deref(), Some(NAMESPACES[1].1));
        assert_eq!(of("model").as_deref(), Some(NAMESPACES[0].1));
        assert_eq!(of("a").as_deref(), Some("http://d.example/"));
        assert_eq!(of("b").filter(|uri| !uri.is_empty()), None);
        assert_eq!(Element::read(&written), Ok(read));
    }

    #[test]
    fn prefixes_become_the_usual_ones() {
        let text = r#"<x:html xmlns:x="http://www.w3.org/1999/xhtml"
            xmlns:a="http://openrosa.org/javarosa"><x:head a:count="1"/></x:html>"#;
        let read = Element::read(text).expect("well-formed");
        assert_eq!(read.name, "h:html");
        assert_eq!(read.child("h:head").and_then(|head| head.attribute("jr:count")), Some("1"));
    }

    #[test]
    fn entities_depth_and_rubbish_are_refused() {
        let external = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#;
        assert_eq!(Element::read(external), Err(XmlProblem::DocumentType));
        let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
        assert_eq!(Element::read(&deep), Err(XmlProblem::TooDeep));
        assert!(matches!(Element::read("<a><b></a>"), Err(XmlProblem::Malformed { .. })));
        assert!(matches!(Element::read(""), Err(XmlProblem::Malformed { .. })));
    }

    #[test]
    fn names_are_those_of_xml() {
        assert!(is_name("户主_1.a-b") && is_name("jr:count"));
        assert!(!is_name("1a") && !is_name("a b") && !is_name("") && !is_name("a:b:c"));
    }
}
