//! The OCR program's table of words to running text: what it is unsure of is left out, wrapped
//! lines are joined, divided words made whole. A line is taken as wrapped where the next line's
//! first word would not have fitted into it.

use std::collections::BTreeMap;

/// Words that the program holds for less likely than this, in percent, are specks and shadows.
const LEAST_SURE_WORD: f32 = 25.0;
/// A line is noise unless its words are on average this sure, in percent.
const LEAST_SURE_LINE: f32 = 45.0;

/// A line of text; lengths in pixels.
#[derive(Debug, Default)]
struct Line {
    paragraph: (u32, u32),
    number: u32,
    words: Vec<(f32, String)>,
    right: u32,
    first_word_width: u32,
}

/// The text of each page by its number, from the table of `tesseract … tsv`: level, page, block,
/// paragraph, line, word, left, top, width, height, confidence, text.
pub(super) fn pages(table: &str) -> BTreeMap<u32, String> {
    let mut pages: BTreeMap<u32, Vec<Line>> = BTreeMap::new();
    for row in table.lines() {
        let fields: Vec<&str> = row.splitn(12, '\t').collect();
        let [
            level,
            page,
            block,
            paragraph,
            line,
            _,
            left,
            _,
            width,
            _,
            sure,
            text,
        ] = fields[..]
        else {
            continue;
        };
        let number = |field: &str| field.parse::<u32>().unwrap_or(0);
        let (text, sure) = (text.trim(), sure.parse::<f32>().unwrap_or(0.0));
        if level != "5" || text.is_empty() || sure < LEAST_SURE_WORD {
            continue;
        }
        let lines = pages.entry(number(page)).or_default();
        let place = (number(block), number(paragraph));
        let is_same = |last: &&mut Line| last.paragraph == place && last.number == number(line);
        let right = number(left) + number(width);
        match lines.last_mut().filter(is_same) {
            Some(last) => {
                last.words.push((sure, text.to_owned()));
                last.right = last.right.max(right);
            }
            None => lines.push(Line {
                paragraph: place,
                number: number(line),
                words: vec![(sure, text.to_owned())],
                right,
                first_word_width: number(width),
            }),
        }
    }
    pages
        .into_iter()
        .map(|(number, lines)| (number, compose(&lines)))
        .collect()
}

fn compose(lines: &[Line]) -> String {
    let lines: Vec<&Line> = lines.iter().filter(|line| line.is_text()).collect();
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        out.push_str(&line.text());
        let Some(next) = lines.get(at + 1) else {
            break;
        };
        if next.paragraph != line.paragraph {
            out.push_str("\n\n");
            continue;
        }
        let paragraph = lines.iter().filter(|one| one.paragraph == line.paragraph);
        let right = paragraph.map(|one| one.right).max().unwrap_or(line.right);
        if line.right + next.first_word_width < right {
            out.push('\n');
        } else if is_divided(&out, &next.text()) {
            out.pop();
        } else {
            out.push(' ');
        }
    }
    out
}

/// Whether a word goes on in the next line.
fn is_divided(text: &str, next: &str) -> bool {
    text.strip_suffix('-')
        .is_some_and(|word| word.ends_with(char::is_alphabetic))
        && next.starts_with(char::is_lowercase)
}

impl Line {
    fn is_text(&self) -> bool {
        let sure: f32 = self.words.iter().map(|(sure, _)| sure).sum();
        let has_letters = |(_, word): &(f32, String)| word.chars().any(char::is_alphanumeric);
        self.words.iter().any(has_letters) && sure / self.words.len() as f32 >= LEAST_SURE_LINE
    }

    fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|(_, word)| word.as_str()).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_paragraphs_and_noise_is_left_out() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            5\t1\t1\t1\t1\t1\t10\t0\t50\t9\t96.1\tA\n\
            5\t1\t1\t1\t1\t2\t70\t0\t130\t9\t95\tlong exam-\n\
            5\t1\t1\t1\t2\t1\t10\t10\t60\t9\t94\tple\n\
            5\t1\t1\t1\t2\t2\t80\t10\t20\t9\t93\tends.\n\
            5\t1\t1\t1\t3\t1\t10\t20\t60\t9\t94\tItem\n\
            5\t1\t1\t1\t3\t2\t80\t20\t20\t9\t12\t|\n\
            5\t1\t2\t1\t1\t1\t10\t40\t60\t9\t40\t~~\n\
            4\t1\t3\t1\t1\t0\t10\t40\t60\t9\t-1\t\n\
            5\t1\t3\t1\t1\t1\t10\t60\t60\t9\t90\tNext\n\
            5\t2\t1\t1\t1\t1\t10\t60\t60\t9\t90\tPage\n";
        let found = pages(table);
        assert_eq!(found[&1], "A long example ends.\nItem\n\nNext");
        assert_eq!(found[&2], "Page");
    }
}
