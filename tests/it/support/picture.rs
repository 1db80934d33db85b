//! Pictures of text for OCR: pages are drawn here as a scanner would see them, and wrapped as files.

use super::pdf::PdfWriter;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};

/// A grey picture, rows from top to bottom.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub grey: Vec<u8>,
}

impl Picture {
    /// A page of `pdf`, counted from 0, at 200 dots an inch.
    pub fn of_page(pdf: &[u8], at: usize) -> Self {
        let pdf = Pdf::new(pdf.to_vec()).unwrap();
        let scale = 200.0 / 72.0;
        let pixmap = render(
            &pdf.pages()[at],
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &RenderSettings::default(),
            &PixmapSettings {
                x_scale: scale,
                y_scale: scale,
                bg_color: WHITE,
            },
        );
        Self {
            width: usize::from(pixmap.width()),
            height: usize::from(pixmap.height()),
            grey: pixmap.data().iter().map(|pixel| pixel.g).collect(),
        }
    }

    /// A page with these lines.
    pub fn of_lines(lines: &[&str]) -> Self {
        Self::of_page(&super::pdf::with_pages(&[lines]), 0)
    }

    /// Nothing but one grey.
    pub fn flat(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            grey: vec![0xd0; width * height],
        }
    }

    /// As a PNG whose data is stored, not deflated (RFC 2083, RFC 1951).
    pub fn png(&self) -> Vec<u8> {
        let mut rows = Vec::new();
        for row in self.grey.chunks(self.width) {
            rows.push(0);
            rows.extend_from_slice(row);
        }
        let mut zlib = vec![0x78, 0x01];
        let mut blocks = rows.chunks(0xffff).peekable();
        while let Some(block) = blocks.next() {
            let length = u16::try_from(block.len()).unwrap();
            zlib.push(u8::from(blocks.peek().is_none()));
            zlib.extend(length.to_le_bytes());
            zlib.extend((!length).to_le_bytes());
            zlib.extend_from_slice(block);
        }
        zlib.extend(adler32(&rows).to_be_bytes());
        let mut head = Vec::new();
        head.extend(u32::try_from(self.width).unwrap().to_be_bytes());
        head.extend(u32::try_from(self.height).unwrap().to_be_bytes());
        head.extend([8, 0, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [(b"IHDR", head), (b"IDAT", zlib), (b"IEND", Vec::new())] {
            let chunk = [&kind[..], &data].concat();
            file.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            file.extend_from_slice(&chunk);
            file.extend(crc32(&chunk).to_be_bytes());
        }
        file
    }
}

/// Pictures as the pages of one TIFF, uncompressed (TIFF 6.0, section 3).
pub fn tiff(pictures: &[Picture]) -> Vec<u8> {
    let mut file = b"II*\0".to_vec();
    // Where the offset of the next directory is to be written.
    let mut link = file.len();
    file.extend([0; 4]);
    for picture in pictures {
        let data = u32::try_from(file.len()).unwrap();
        file.extend_from_slice(&picture.grey);
        file.resize(file.len().next_multiple_of(2), 0);
        let directory = u32::try_from(file.len()).unwrap();
        file[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        let number = |number: usize| u32::try_from(number).unwrap();
        let entries: [(u16, u32); 9] = [
            (256, number(picture.width)),
            (257, number(picture.height)),
            (258, 8),
            (259, 1),
            (262, 1),
            (273, data),
            (277, 1),
            (278, number(picture.height)),
            (279, number(picture.grey.len())),
        ];
        file.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, value) in entries {
            file.extend(tag.to_le_bytes());
            file.extend(4_u16.to_le_bytes());
            file.extend(1_u32.to_le_bytes());
            file.extend(value.to_le_bytes());
        }
        link = file.len();
        file.extend([0; 4]);
    }
    file
}

/// A page of a PDF.
pub enum Leaf<'a> {
    /// Lines of text.
    Text(&'a [&'a str]),
    /// A picture that fills the page.
    Scan(&'a Picture),
}

/// A PDF with these pages, on US letter paper.
pub fn pdf(leaves: &[Leaf<'_>]) -> Vec<u8> {
    pdf_of_size(leaves, (612, 792))
}

/// A PDF with these pages, of this many points.
pub fn pdf_of_size(leaves: &[Leaf<'_>], (width, height): (u32, u32)) -> Vec<u8> {
    let mut pdf = PdfWriter::new();
    let font = pdf
        .add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    let mut parts = Vec::new();
    for leaf in leaves {
        match leaf {
            Leaf::Text(lines) => {
                let stream = pdf.add_stream("", &super::pdf::content(lines));
                parts.push((stream, format!("/Font << /F1 {font} 0 R >>")));
            }
            Leaf::Scan(picture) => {
                let entries = format!(
                    "/Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceGray \
                     /BitsPerComponent 8",
                    picture.width, picture.height
                );
                let image = pdf.add_stream(&entries, &picture.grey);
                let content = format!("q {width} 0 0 {height} 0 0 cm /Im1 Do Q");
                let stream = pdf.add_stream("", content.as_bytes());
                parts.push((stream, format!("/XObject << /Im1 {image} 0 R >>")));
            }
        }
    }
    let tree = pdf.next() + parts.len();
    let kids: Vec<String> = parts
        .iter()
        .map(|(stream, resources)| {
            let page = pdf.add(format!(
                "<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {width} {height}] \
                 /Resources << {resources} >> /Contents {stream} 0 R >>"
            ));
            format!("{page} 0 R")
        })
        .collect();
    let (count, kids) = (kids.len(), kids.join(" "));
    pdf.add(format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>"));
    let root = pdf.add(format!("<< /Type /Catalog /Pages {tree} 0 R >>"));
    pdf.finish(root, "")
}

fn adler32(bytes: &[u8]) -> u32 {
    let sums = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    sums.1 << 16 | sums.0
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}
