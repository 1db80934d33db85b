//! Turns the OCR program's table of words into running text: words of low confidence are left out,
//! wrapped lines are joined, and divided words are rejoined. A line counts as wrapped if the first
//! word of the next line would not have fitted into it.

use super::super::hyphen::is_divided;
use std::collections::BTreeMap;

/// Words with less confidence than this, in percent, are specks and shadows.
const LEAST_WORD_CONFIDENCE: f32 = 25.0;
/// Lines with less average confidence than this, in percent, are noise.
const LEAST_LINE_CONFIDENCE: f32 = 45.0;

/// A recognised word.
#[derive(Debug)]
struct Word {
    /// In percent.
    confidence: f32,
    text: String,
}

/// A line of text; lengths in pixels.
#[derive(Debug, Default)]
struct Line {
    paragraph: (u32, u32),
    number: u32,
    words: Vec<Word>,
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
            confidence,
            text,
        ] = fields[..]
        else {
            continue;
        };
        let number = |field: &str| field.parse::<u32>().unwrap_or(0);
        let (text, confidence) = (text.trim(), confidence.parse::<f32>().unwrap_or(0.0));
        if level != "5" || text.is_empty() || confidence < LEAST_WORD_CONFIDENCE {
            continue;
        }
        let lines = pages.entry(number(page)).or_default();
        let place = (number(block), number(paragraph));
        let is_same = |last: &&mut Line| last.paragraph == place && last.number == number(line);
        let right = number(left) + number(width);
        let word = Word {
            confidence,
            text: text.to_owned(),
        };
        match lines.last_mut().filter(is_same) {
            Some(last) => {
                last.words.push(word);
                last.right = last.right.max(right);
            }
            None => lines.push(Line {
                paragraph: place,
                number: number(line),
                words: vec![word],
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

impl Line {
    fn is_text(&self) -> bool {
        let sum: f32 = self.words.iter().map(|word| word.confidence).sum();
        let has_letters = |word: &Word| word.text.chars().any(char::is_alphanumeric);
        self.words.iter().any(has_letters) && sum / self.words.len() as f32 >= LEAST_LINE_CONFIDENCE
    }

    fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
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
