//! The breaks between pieces of text.

/// The break before the next text; of several, the largest applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Break {
    /// No break.
    None,
    /// A space.
    Space,
    /// The next cell of the row.
    Cell,
    /// The next line.
    Line,
    /// A blank line.
    Paragraph,
}

impl Break {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Space => " ",
            Self::Cell => " | ",
            Self::Line => "\n",
            Self::Paragraph => "\n\n",
        }
    }
}
