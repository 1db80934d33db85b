//! The role of each HTML element for the text: a block, a line, a cell, or content that is left
//! out.

/// Classes, ids and roles of navigation in the output of DocBook, Sphinx, Doxygen and the usual
/// site generators.
const NAVIGATION: [&[u8]; 17] = [
    b"nav",
    b"navbar",
    b"navheader",
    b"navfooter",
    b"navigation",
    b"nav-bar",
    b"navpath",
    b"breadcrumb",
    b"breadcrumbs",
    b"pagination",
    b"sidebar",
    b"sphinxsidebar",
    b"related",
    b"toc",
    b"table-of-contents",
    b"menu",
    b"skip-link",
];

/// The role of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// Separate from what is around it.
    Block,
    /// `p`: a block that ends where the next one begins.
    Paragraph,
    /// Begins a new line.
    Line,
    /// `h1`–`h6`.
    Heading(u8),
    /// An item of a list.
    Item,
    /// A table.
    Table,
    /// Rows of headers.
    HeaderRows,
    /// A row of a table.
    Row,
    /// A cell of a row.
    Cell,
    /// A cell that names a column or row.
    HeaderCell,
    /// Preformatted: keeps its white space.
    Verbatim,
    /// Replaced by its `alt` text.
    Image,
    /// The page's title.
    Title,
    /// Left out with everything in it.
    Skipped,
    /// Empty by definition, and without meaning for the text.
    Void,
    /// Everything else: part of the running text.
    Inline,
}

impl Element {
    /// The role of the element `name`, which is in lower case.
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"p" => Self::Paragraph,
            b"div" | b"section" | b"article" | b"main" | b"header" | b"footer" | b"aside"
            | b"ul" | b"ol" | b"dl" | b"blockquote" | b"figure" | b"fieldset" | b"form"
            | b"details" | b"address" | b"caption" | b"hr" => Self::Block,
            b"br" | b"dt" | b"dd" | b"figcaption" | b"summary" | b"legend" | b"option" => {
                Self::Line
            }
            b"h1" => Self::Heading(1),
            b"h2" => Self::Heading(2),
            b"h3" => Self::Heading(3),
            b"h4" => Self::Heading(4),
            b"h5" => Self::Heading(5),
            b"h6" => Self::Heading(6),
            b"li" => Self::Item,
            b"table" => Self::Table,
            b"tr" => Self::Row,
            b"thead" => Self::HeaderRows,
            b"td" => Self::Cell,
            b"th" => Self::HeaderCell,
            b"pre" | b"listing" | b"xmp" | b"plaintext" => Self::Verbatim,
            b"img" => Self::Image,
            b"title" => Self::Title,
            b"script" | b"style" | b"template" | b"nav" | b"noscript" | b"iframe" | b"svg"
            | b"math" | b"object" | b"canvas" | b"audio" | b"video" | b"select" | b"button"
            | b"noembed" | b"noframes" | b"dialog" => Self::Skipped,
            b"area" | b"base" | b"col" | b"embed" | b"input" | b"link" | b"meta" | b"param"
            | b"source" | b"track" | b"wbr" => Self::Void,
            _ => Self::Inline,
        }
    }

    /// Whether an attribute of an element marks it as navigation.
    pub(super) fn is_navigation(attribute: &[u8], value: &[u8]) -> bool {
        matches!(attribute, b"class" | b"id" | b"role")
            && value.split(u8::is_ascii_whitespace).any(|word| {
                NAVIGATION
                    .iter()
                    .any(|name| word.eq_ignore_ascii_case(name))
            })
    }

    /// Whether an element whose end tag may be omitted ends where another begins (HTML 13.1.2.4).
    pub(super) fn ends_before(open: &[u8], next: &[u8]) -> bool {
        match open {
            b"li" => next == b"li",
            b"dt" | b"dd" => matches!(next, b"dt" | b"dd"),
            b"option" => matches!(next, b"option" | b"optgroup"),
            b"td" | b"th" => matches!(next, b"td" | b"th" | b"tr" | b"tbody" | b"tfoot"),
            b"tr" => matches!(next, b"tr" | b"tbody" | b"tfoot"),
            _ => matches!(
                Self::of(next),
                Self::Block
                    | Self::Paragraph
                    | Self::Heading(_)
                    | Self::Table
                    | Self::Verbatim
                    | Self::Line
                    | Self::Item
            ),
        }
    }

    /// Whether the name is that of a void element that parts text.
    pub(super) fn is_void_name(name: &[u8]) -> bool {
        matches!(name, b"br" | b"hr")
    }

    /// Whether it never has an end tag (a void element).
    pub(super) fn is_void(self) -> bool {
        matches!(self, Self::Void | Self::Image)
    }

    /// Whether its end tag may be omitted, or it has none. Such elements end each other, so their
    /// depth is that of the lists and tables around them.
    pub(super) fn end_is_optional(self) -> bool {
        matches!(
            self,
            Self::Paragraph | Self::Item | Self::Row | Self::Cell | Self::HeaderCell | Self::Line
        )
    }
}
