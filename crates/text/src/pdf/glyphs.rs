//! Collects the glyphs of a page with their positions: a device for the interpreter that draws
//! nothing and records every glyph.

use super::layout::{PageLayout, PlacedGlyph};
use super::lines;
use super::wording;
use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::hayro_syntax::page::Page;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, RenderContent, SoftMask, interpret_page,
};

/// Reads one page; stops recording characters after `budget`, which `PageLayout::characters` then
/// exceeds.
pub(super) fn read<'a>(page: &Page<'a>, cache: &InterpreterCache<'a>, budget: usize) -> PageLayout {
    let (width, height) = page.render_dimensions();
    let bounds = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
    let settings = InterpreterSettings {
        render_content: RenderContent::PAGE,
        ..InterpreterSettings::default()
    };
    let upright = Affine::new(page.initial_transform(true).as_coeffs());
    let mut context = Context::new(upright, bounds, cache, page.xref(), settings);
    let mut collector = Collector {
        bounds,
        budget,
        characters: 0,
        unknown: 0,
        pictures: 0,
        by_direction: [const { Vec::new() }; 4],
    };
    interpret_page(page, &mut context, &mut collector);
    // The direction in which most of the page is written comes first.
    collector
        .by_direction
        .sort_by_key(|glyphs| std::cmp::Reverse(glyphs.len()));
    PageLayout {
        lines: collector
            .by_direction
            .iter()
            .flat_map(|glyphs| lines::of(glyphs))
            .collect(),
        height: bounds.height(),
        characters: collector.characters,
        unknown: collector.unknown,
        pictures: collector.pictures,
    }
}

/// Records what the interpreter draws.
struct Collector {
    bounds: Rect,
    budget: usize,
    characters: usize,
    unknown: usize,
    pictures: usize,
    /// Glyphs by the direction in which their text runs: right, down, left, up.
    by_direction: [Vec<PlacedGlyph>; 4],
}

impl Collector {
    fn record(&mut self, glyph: &Glyph<'_>, place: Affine, vertical: bool) {
        if self.characters > self.budget {
            return;
        }
        let origin = place * Point::ZERO;
        if !self.bounds.contains(origin) {
            // Outside of the page, so invisible.
            return;
        }
        let Some(text) = unicode(glyph) else {
            self.unknown += 1;
            return;
        };
        let text = wording::plain(&text);
        self.characters += text.chars().count();
        let size = (place * Point::new(0.0, 1000.0) - origin).hypot();
        let advance = if vertical {
            place * Point::new(0.0, -1000.0)
        } else {
            place * Point::new(f64::from(advance(glyph).unwrap_or(500.0)), 0.0)
        };
        let Some(turn) = quarter_turn(place, vertical) else {
            return;
        };
        let (start, y) = turned(origin, turn);
        let (end, _) = turned(advance, turn);
        if let Some(glyphs) = self.by_direction.get_mut(turn) {
            glyphs.push(PlacedGlyph {
                text,
                start,
                end: end.max(start),
                y,
                size,
            });
        }
    }
}

/// The direction of the text as 0–3 quarter turns clockwise; `None` for slanted text, which is
/// decoration.
fn quarter_turn(place: Affine, vertical: bool) -> Option<usize> {
    let axis = if vertical {
        Point::new(0.0, -1.0)
    } else {
        Point::new(1.0, 0.0)
    };
    let along = place * axis - place * Point::ZERO;
    let (x, y) = (along.x, along.y);
    if y.abs() < 0.2 * x.abs() {
        Some(if x > 0.0 { 0 } else { 2 })
    } else if x.abs() < 0.2 * y.abs() {
        Some(if y > 0.0 { 1 } else { 3 })
    } else {
        None
    }
}

/// The point after the page is turned back, so that text runs to the right and lines go down.
fn turned(point: Point, quarter_turns: usize) -> (f64, f64) {
    match quarter_turns {
        0 => (point.x, point.y),
        1 => (point.y, -point.x),
        2 => (-point.x, -point.y),
        _ => (-point.y, point.x),
    }
}

fn advance(glyph: &Glyph<'_>) -> Option<f32> {
    match glyph {
        Glyph::Outline(outline) => outline.advance_width(),
        Glyph::Type3(drawn) => drawn.advance_width(),
    }
}

fn unicode(glyph: &Glyph<'_>) -> Option<String> {
    match glyph.as_unicode() {
        Some(BfString::Char(c)) => Some(c.to_string()),
        Some(BfString::String(string)) => Some(string),
        None => match glyph {
            // Bitmap fonts of old TeX documents have no character names; their codes are TeX's.
            Glyph::Type3(drawn) => wording::tex_character(drawn.char_code()).map(str::to_owned),
            Glyph::Outline(_) => None,
        },
    }
}

impl<'a> Device<'a> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        let vertical = matches!(run.writing_mode(), WritingMode::Vertical);
        for glyph in run.glyphs() {
            self.record(glyph, props.transform * glyph.transform(), vertical);
        }
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.pictures += 1;
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
