//! Writes small PDFs, good and hostile, byte by byte, so that no test depends on a file that nobody
//! can read.

/// A PDF being written. Objects are numbered from 1 in the order in which they are added.
pub struct PdfWriter {
    objects: Vec<Vec<u8>>,
}

impl PdfWriter {
    pub fn new() -> Self {
        Self {
            objects: Vec::new(),
        }
    }

    /// The number that the next object will have.
    pub fn next(&self) -> usize {
        self.objects.len() + 1
    }

    /// Adds an object and gives its number.
    pub fn add(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(body.into());
        self.objects.len()
    }

    /// Adds a stream; `entries` are more entries of its dictionary.
    pub fn add_stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let mut body = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.add(body)
    }

    /// The file with `root` as its catalog; `trailer` are more entries of the trailer.
    pub fn finish(self, root: usize, trailer: &str) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut offsets = Vec::new();
        for (at, body) in self.objects.iter().enumerate() {
            offsets.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            file.extend_from_slice(body);
            file.extend_from_slice(b"\nendobj\n");
        }
        let xref = file.len();
        let size = offsets.len() + 1;
        file.extend_from_slice(format!("xref\n0 {size}\n0000000000 65535 f \n").as_bytes());
        for offset in offsets {
            file.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
        }
        let end = format!(
            "trailer\n<< /Size {size} /Root {root} 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n"
        );
        file.extend_from_slice(end.as_bytes());
        file
    }
}

/// A good PDF: one page for each slice of lines, 12-point Helvetica, 14 points apart.
pub fn with_pages(pages: &[&[&str]]) -> Vec<u8> {
    let contents: Vec<Vec<u8>> = pages.iter().map(|lines| content(lines)).collect();
    with_contents(&contents)
}

/// A good PDF whose pages have these content streams; the font is `/F1`.
pub fn with_contents(contents: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = PdfWriter::new();
    let font = pdf
        .add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    let streams: Vec<usize> = contents
        .iter()
        .map(|content| pdf.add_stream("", content))
        .collect();
    let tree = pdf.next() + streams.len();
    let kids: Vec<String> = streams
        .iter()
        .map(|stream| {
            let page = pdf.add(format!(
                "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] \
                 /Resources << /Font << /F1 {font} 0 R >> >> /Contents {stream} 0 R >>"
            ));
            format!("{page} 0 R")
        })
        .collect();
    let tree = pdf.add(format!(
        "<< /Type /Pages /Count {} /Kids [{}] >>",
        kids.len(),
        kids.join(" ")
    ));
    let root = pdf.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    pdf.finish(root, "")
}

/// The content stream of a page with these lines.
pub fn content(lines: &[&str]) -> Vec<u8> {
    let mut content = b"BT /F1 12 Tf 14 TL 72 700 Td\n".to_vec();
    for line in lines {
        let escaped = line
            .replace('\\', "\\\\")
            .replace('(', "\\(")
            .replace(')', "\\)");
        content.extend_from_slice(format!("({escaped}) Tj T*\n").as_bytes());
    }
    content.extend_from_slice(b"ET\n");
    content
}

/// Forms that draw the next one twice: 2^40 drawings in a few kilobytes.
pub fn doubling_forms() -> Vec<u8> {
    let mut writer = PdfWriter::new();
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 600 700]";
    let mut inner = writer.add_stream(form, b"0 0 5 5 re f");
    for _ in 0..40 {
        inner = writer.add_stream(
            &format!("{form} /Resources << /XObject << /N {inner} 0 R >> >>"),
            b"/N Do /N Do",
        );
    }
    let content = writer.add_stream("", b"/N Do");
    let tree = writer.next() + 1;
    let page = writer.add(format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] \
         /Resources << /XObject << /N {inner} 0 R >> >> /Contents {content} 0 R >>"
    ));
    writer.add(format!("<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>"));
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    writer.finish(root, "")
}

/// A page whose content is `count` spaces, deflated.
pub fn bomb(count: u32) -> Vec<u8> {
    let mut writer = PdfWriter::new();
    let bomb = writer.add_stream("/Filter /FlateDecode", &deflated_spaces(count));
    let tree = writer.next() + 1;
    let page = writer.add(format!(
        "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 612 792] /Contents {bomb} 0 R >>"
    ));
    writer.add(format!("<< /Type /Pages /Count 1 /Kids [{page} 0 R] >>"));
    let root = writer.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    writer.finish(root, "")
}

/// A zlib stream (RFC 1950, 1951) of `count` spaces, about 160 times smaller than what it holds.
fn deflated_spaces(count: u32) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3); // the last block, with the fixed code
    bits.put_code(0x30 + u32::from(b' '), 8);
    // The longest match (258, code 285) at distance 1 (code 0), as often as it takes.
    for _ in 0..(count - 1) / 258 {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
    }
    bits.put_code(0, 7);
    let mut stream = vec![0x78, 0x9c];
    stream.extend(bits.finish());
    stream
}

/// Bits, the lowest of each byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::try_from((value >> at) & 1).unwrap();
            *self.bytes.last_mut().unwrap() |= bit << (self.used % 8);
            self.used += 1;
        }
    }

    /// Huffman codes are written with their highest bit first.
    fn put_code(&mut self, code: u32, count: u32) {
        for at in (0..count).rev() {
            self.put(code >> at, 1);
        }
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
