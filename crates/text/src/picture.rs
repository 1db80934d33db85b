//! Pictures as documents: which kinds are read, and their size according to the header, so that a
//! decompression bomb is refused before anything decodes it. Only the OCR program decodes pictures,
//! within its own limits.

use super::{ExtractFailure, Extracted, FailureCode};
use serde::{Deserialize, Serialize};

/// A kind of picture that the OCR program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PictureKind {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// TIFF, which may have several pages.
    Tiff,
    /// WebP.
    Webp,
    /// BMP.
    Bmp,
    /// GIF; its first frame is read.
    Gif,
}

const EXTENSIONS: [(&str, PictureKind); 8] = [
    ("png", PictureKind::Png),
    ("jpg", PictureKind::Jpeg),
    ("jpeg", PictureKind::Jpeg),
    ("tif", PictureKind::Tiff),
    ("tiff", PictureKind::Tiff),
    ("webp", PictureKind::Webp),
    ("bmp", PictureKind::Bmp),
    ("gif", PictureKind::Gif),
];

/// The extensions of pictures, in lower case and without a dot.
pub(super) fn extensions() -> impl Iterator<Item = &'static str> {
    EXTENSIONS.iter().map(|(extension, _)| *extension)
}

/// The size of a picture according to its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    pages: u32,
    /// Of the largest page.
    pixels: u64,
}

/// More pages than any limit allows; ends the walk through a TIFF whose directories are circular.
const MOST_PAGES: u32 = 10_000;

/// Lists all pages of a picture of at most `most_pixels` for OCR.
///
/// # Errors
/// `needs_ocr` if OCR is not available (`most_pixels` is `None`), `corrupt` if the header cannot be
/// read, `too_large` above the limit.
pub(super) fn extract(
    kind: PictureKind,
    bytes: &[u8],
    most_pixels: Option<u64>,
) -> Result<Extracted, ExtractFailure> {
    let Some(most_pixels) = most_pixels else {
        return Err(ExtractFailure::new(
            FailureCode::NeedsOcr,
            "it is a picture",
        ));
    };
    let extent = kind
        .extent(bytes)
        .ok_or_else(|| ExtractFailure::corrupt("its header does not give its size"))?;
    if extent.pixels > most_pixels {
        return Err(ExtractFailure::too_large(format!(
            "it has {} pixels, more than {most_pixels} (ingest.ocr_megapixels)",
            extent.pixels
        )));
    }
    Ok(Extracted {
        unread: (1..=extent.pages).collect(),
        ..Extracted::default()
    })
}

impl PictureKind {
    /// The kind for an extension.
    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        EXTENSIONS
            .iter()
            .find(|(known, _)| *known == extension)
            .map(|(_, kind)| *kind)
    }

    /// The media type.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
        }
    }

    /// Whether `bytes` begin with the signature of this kind. The OCR program treats anything else
    /// as a list of file names, so nothing else may be passed to it.
    pub(super) fn has_signature(self, bytes: &[u8]) -> bool {
        let starts = |signature: &[u8]| bytes.starts_with(signature);
        match self {
            Self::Png => starts(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => starts(b"\xff\xd8\xff"),
            Self::Tiff => starts(b"II*\0") || starts(b"MM\0*"),
            Self::Webp => starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            Self::Bmp => starts(b"BM"),
            Self::Gif => starts(b"GIF87a") || starts(b"GIF89a"),
        }
    }

    fn extent(self, bytes: &[u8]) -> Option<Extent> {
        let (width, height) = match self {
            Self::Tiff => return tiff(bytes),
            Self::Png => (big(bytes, 16, 4)?, big(bytes, 20, 4)?),
            Self::Jpeg => jpeg(bytes)?,
            Self::Webp => webp(bytes)?,
            Self::Bmp if little(bytes, 14, 4)? == 12 => {
                (little(bytes, 18, 2)?, little(bytes, 20, 2)?)
            }
            // A negative height means that the rows go from top to bottom.
            Self::Bmp => (little(bytes, 18, 4)?, magnitude(little(bytes, 22, 4)?)?),
            Self::Gif => (little(bytes, 6, 2)?, little(bytes, 8, 2)?),
        };
        Some(Extent {
            pages: 1,
            pixels: pixels(width, height)?,
        })
    }
}

/// The number of pixels; `None` if it is 0 or too large.
fn pixels(width: u64, height: u64) -> Option<u64> {
    width.checked_mul(height).filter(|pixels| *pixels > 0)
}

fn magnitude(height: u64) -> Option<u64> {
    let bits = u32::try_from(height).ok()?;
    Some(u64::from(bits.cast_signed().unsigned_abs()))
}

/// The number in `count` bytes at `at`, its highest byte first.
fn big(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(count)?)?;
    Some(
        field
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    )
}

/// The number in `count` bytes at `at`, its lowest byte first.
fn little(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(count)?)?;
    let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    Some(field.iter().rev().fold(0, fold))
}

/// Width and height from the frame header (ITU-T T.81, B.2.2).
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            // A fill byte, then the markers without a segment.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?));
            }
            _ => at += 2 + usize::try_from(big(bytes, at + 2, 2)?).ok()?,
        }
    }
}

/// Width and height from the first chunk (RFC 9649, 2.5 to 2.7).
fn webp(bytes: &[u8]) -> Option<(u64, u64)> {
    match bytes.get(12..16)? {
        b"VP8 " => Some((
            little(bytes, 26, 2)? & 0x3fff,
            little(bytes, 28, 2)? & 0x3fff,
        )),
        b"VP8L" => {
            let bits = little(bytes, 21, 4)?;
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1)),
        _ => None,
    }
}

/// Pages and the largest page's pixels from the image file directories (TIFF 6.0, section 2).
fn tiff(bytes: &[u8]) -> Option<Extent> {
    const WIDTH: u64 = 256;
    const HEIGHT: u64 = 257;
    const SHORT: u64 = 3;
    let number = if bytes.starts_with(b"II") {
        little
    } else {
        big
    };
    let mut extent = Extent {
        pages: 0,
        pixels: 0,
    };
    let mut directory = usize::try_from(number(bytes, 4, 4)?).ok()?;
    while directory != 0 && extent.pages <= MOST_PAGES {
        let entries = usize::try_from(number(bytes, directory, 2)?).ok()?;
        let (mut width, mut height) = (0, 0);
        for entry in (0..entries).map(|entry| directory + 2 + 12 * entry) {
            let length = if number(bytes, entry + 2, 2)? == SHORT {
                2
            } else {
                4
            };
            let value = number(bytes, entry + 8, length)?;
            match number(bytes, entry, 2)? {
                WIDTH => width = value,
                HEIGHT => height = value,
                _ => {}
            }
        }
        extent.pages += 1;
        extent.pixels = extent.pixels.max(pixels(width, height)?);
        let next = directory + 2 + 12 * entries;
        directory = usize::try_from(number(bytes, next, 4)?).ok()?;
    }
    (extent.pages > 0).then_some(extent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(kind: PictureKind, bytes: &[u8]) -> Option<(u32, u64)> {
        assert!(kind.has_signature(bytes));
        kind.extent(bytes).map(|found| (found.pages, found.pixels))
    }

    #[test]
    fn headers_say_how_large_a_picture_is() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x00\0\0\0\x03";
        assert_eq!(extent(PictureKind::Png, png), Some((1, 768)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc4\0\x03x\xff\xff\xc2\0\x11\x08\0\x05\0\x07";
        assert_eq!(extent(PictureKind::Jpeg, jpeg), Some((1, 35)));
        let gif = b"GIF89a\x03\0\x04\0";
        assert_eq!(extent(PictureKind::Gif, gif), Some((1, 12)));
        let bmp = b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0\x03\0\0\0\xfe\xff\xff\xff";
        assert_eq!(extent(PictureKind::Bmp, bmp), Some((1, 6)));
        let webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x01\0\0";
        assert_eq!(extent(PictureKind::Webp, webp), Some((1, 20)));
        let lossless = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x02\x40\0\0";
        assert_eq!(extent(PictureKind::Webp, lossless), Some((1, 6)));
        let tiff = b"MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\0\x05\0\0\x01\x01\0\x04\0\0\0\x01\0\0\0\x06\0\0\0\0";
        assert_eq!(extent(PictureKind::Tiff, tiff), Some((1, 30)));
    }

    #[test]
    fn an_incomplete_or_circular_header_is_refused() {
        assert_eq!(extent(PictureKind::Jpeg, b"\xff\xd8\xff\xe0\xff\xff"), None);
        assert_eq!(extent(PictureKind::Png, b"\x89PNG\r\n\x1a\n"), None);
        let circle = b"II*\0\x08\0\0\0\0\0\x08\0\0\0";
        assert_eq!(extent(PictureKind::Tiff, circle), None);
        let sized = b"II*\0\x08\0\0\0\x02\0\0\x01\x03\0\x01\0\0\0\x05\0\0\0\x01\x01\x03\0\x01\0\0\0\x05\0\0\0\x08\0\0\0";
        let (pages, _) = extent(PictureKind::Tiff, sized).expect("pages");
        assert!(pages > MOST_PAGES);
    }
}
