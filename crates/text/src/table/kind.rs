//! What kind of value a cell holds, as far as its header can be told from it.

/// The kind of a cell's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, or anything else.
    Words,
    /// A number from 1900 to 2100 without separators.
    Year,
    Number,
    Percent,
    /// A number with a currency.
    Money,
    /// A day: `2024-03-05`, `5.3.2024`, `3/5/24`.
    Date,
    /// `18:40`, `18:40:00`.
    Time,
}

const CURRENCIES: [&str; 12] = [
    "€", "$", "£", "¥", "₹", "EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN",
];

impl Kind {
    /// The kind of a text without white space around it.
    pub(super) fn of(text: &str) -> Self {
        if let Some(number) = text.strip_suffix('%') {
            return Self::if_number(number, Self::Percent);
        }
        for currency in CURRENCIES {
            let number = text
                .strip_prefix(currency)
                .or_else(|| text.strip_suffix(currency));
            if let Some(number) = number {
                return Self::if_number(number, Self::Money);
            }
        }
        if text.len() == 4
            && let Ok(year) = text.parse::<u16>()
            && (1900..=2100).contains(&year)
        {
            return Self::Year;
        }
        if parts(text, &[':'], 2..=3).is_some() {
            return Self::Time;
        }
        if parts(text, &['-', '.', '/'], 3..=3).is_some_and(|groups| is_date(&groups)) {
            return Self::Date;
        }
        Self::if_number(text, Self::Number)
    }

    fn if_number(text: &str, kind: Self) -> Self {
        let text = text.trim();
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let others = text
            .chars()
            .all(|c| c.is_ascii_digit() || " \u{a0}\u{202f}.,'’+-−±()eE".contains(c));
        if digits > 0 && others {
            kind
        } else {
            Self::Words
        }
    }
}

/// Whether groups of so many digits are year, month and day in some order. In a grouped number, which
/// looks alike, every group after the first has three digits.
fn is_date(groups: &[usize]) -> bool {
    matches!(groups, [1 | 2 | 4, 1 | 2, 1 | 2 | 4])
}

/// The lengths of the groups of digits between separators of one kind, if there is nothing else and
/// as many as allowed.
fn parts(
    text: &str,
    separators: &[char],
    count: std::ops::RangeInclusive<usize>,
) -> Option<Vec<usize>> {
    separators.iter().find_map(|separator| {
        let groups: Vec<&str> = text.split(*separator).collect();
        let all_digits = groups
            .iter()
            .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
        (count.contains(&groups.len()) && all_digits)
            .then(|| groups.iter().map(|group| group.len()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn values_are_told_apart() {
        for (text, kind) in [
            ("2021", Kind::Year),
            ("110", Kind::Number),
            ("-1,094.5", Kind::Number),
            ("1.234.567", Kind::Number),
            ("12.345.678", Kind::Number),
            ("(5)", Kind::Number),
            ("1.2E-06", Kind::Number),
            ("7.5%", Kind::Percent),
            ("10 %", Kind::Percent),
            ("€ 3.20", Kind::Money),
            ("1,234.50 EUR", Kind::Money),
            ("2024-03-05", Kind::Date),
            ("05.03.2024", Kind::Date),
            ("3/5/24", Kind::Date),
            ("18:40", Kind::Time),
            ("Q1 2024", Kind::Words),
            ("M12", Kind::Words),
            ("-", Kind::Words),
            ("", Kind::Words),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
