//! Draws a page for OCR: in grey, on white, as an uncompressed bitmap.

use super::super::ExtractFailure;
use super::file::open;
use hayro::hayro_interpret::{InterpreterSettings, RenderContent};
use hayro::vello_cpu::Pixmap;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use std::io::Write;

const POINTS_AN_INCH: f64 = 72.0;
/// The resolution that OCR reads best; a page that is too large for it is drawn smaller.
const DOTS_AN_INCH: f64 = 300.0;
/// The least resolution at which small print can be read.
const LEAST_DOTS_AN_INCH: f64 = 100.0;

/// Draws the page with that number, from 1, with at most `pixels`.
///
/// # Errors
/// `too_large` if the page has more pixels at 100 dots an inch, `corrupt` if it does not exist or
/// the output is closed.
pub(crate) fn draw(
    bytes: Vec<u8>,
    number: u32,
    pixels: u64,
    out: &mut impl Write,
) -> Result<(), ExtractFailure> {
    let pdf = open(bytes)?;
    let at = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
    let page = pdf
        .pages()
        .get(at)
        .ok_or_else(|| ExtractFailure::corrupt("the page does not exist"))?;
    let (width, height) = page.render_dimensions();
    let dots = resolution(f64::from(width), f64::from(height), pixels)?;
    let scale = (dots / POINTS_AN_INCH) as f32;
    let pixmap = render(
        page,
        &RenderCache::new(),
        &InterpreterSettings {
            render_content: RenderContent::PAGE,
            ..InterpreterSettings::default()
        },
        &RenderSettings::default(),
        &PixmapSettings {
            x_scale: scale,
            y_scale: scale,
            bg_color: WHITE,
        },
    );
    write(&pixmap, dots, out)
        .map_err(|_| ExtractFailure::corrupt("its picture could not be written completely"))
}

/// The resolution, in dots an inch, for a page of this size in points.
fn resolution(width: f64, height: f64, pixels: u64) -> Result<f64, ExtractFailure> {
    let inches = width * height / (POINTS_AN_INCH * POINTS_AN_INCH);
    let most = (pixels as f64 / inches).sqrt();
    let longest = width.max(height) / POINTS_AN_INCH;
    let dots = DOTS_AN_INCH.min(most).min(f64::from(u16::MAX) / longest);
    if dots >= LEAST_DOTS_AN_INCH {
        return Ok(dots);
    }
    Err(ExtractFailure::too_large(format!(
        "it is {width:.0} by {height:.0} points large, too large to be read with {pixels} \
             pixels (ingest.ocr_megapixels)"
    )))
}

/// Writes a bitmap of 256 greys (`BITMAPINFOHEADER`), rows from bottom to top.
fn write(pixmap: &Pixmap, dots: f64, out: &mut impl Write) -> std::io::Result<()> {
    const HEAD: u32 = 14 + 40 + 4 * 256;
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let stride = width.next_multiple_of(4);
    let size = stride * height;
    let metre = (dots / 0.0254).round() as u32;
    out.write_all(b"BM")?;
    // The seventh number is two of 16 bits: planes (1) and bits a pixel (8).
    let head = [
        HEAD + size,
        0,
        HEAD,
        40,
        width,
        height,
        8 << 16 | 1,
        0,
        size,
        metre,
        metre,
        256,
        0,
    ];
    for number in head {
        out.write_all(&number.to_le_bytes())?;
    }
    for grey in 0..=255_u8 {
        out.write_all(&[grey, grey, grey, 0])?;
    }
    let mut row = vec![0; stride as usize];
    for pixels in pixmap.data().chunks(width.max(1) as usize).rev() {
        for (grey, pixel) in row.iter_mut().zip(pixels) {
            *grey = luma(pixel.r, pixel.g, pixel.b);
        }
        out.write_all(&row)?;
    }
    Ok(())
}

/// The brightness of a colour (ITU-R BT.601).
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}
