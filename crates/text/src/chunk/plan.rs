//! Chooses the boundaries that become the ends of passages. First the text is divided into regions
//! that should stay separate (sections, pages); small ones are merged with their neighbours, large
//! ones are divided evenly at the strongest boundaries.

use super::boundaries::{Boundary, Cut, Place};
use super::settings::ChunkSettings;

/// A region smaller than the size divided by this is too small for a passage of its own: a lone
/// heading, or the last line of a page.
const TINY: usize = 8;

/// The passages as spans, in order. Together they cover the text; each is at most as long as the
/// size allows.
pub(super) fn spans(boundaries: &[Boundary], settings: &ChunkSettings) -> Vec<(Place, Place)> {
    let mut spans = Vec::new();
    for region in merged(regions(boundaries), boundaries, settings.size_chars) {
        divide(
            boundaries
                .get(region.first..=region.last)
                .unwrap_or_default(),
            settings,
            &mut spans,
        );
    }
    spans
}

/// A run of boundaries, both ends included; neighbours share one.
#[derive(Clone, Copy)]
struct Region {
    first: usize,
    last: usize,
    chars: usize,
    /// The boundary to the region before.
    separation: Cut,
}

fn regions(boundaries: &[Boundary]) -> Vec<Region> {
    let strong: Vec<usize> = boundaries
        .iter()
        .enumerate()
        .filter(|(_, boundary)| boundary.cut >= Cut::Page)
        .map(|(at, _)| at)
        .collect();
    strong
        .windows(2)
        .filter_map(|pair| {
            let (first, last) = (*pair.first()?, *pair.last()?);
            let (start, end) = (boundaries.get(first)?, boundaries.get(last)?);
            Some(Region {
                first,
                last,
                chars: end.at.char - start.at.char,
                separation: start.cut,
            })
        })
        .collect()
}

/// Merges neighbours that fit into one passage, unless a page ends or a top-level section begins
/// between them; a tiny one is merged even then.
fn merged(regions: Vec<Region>, boundaries: &[Boundary], size_chars: usize) -> Vec<Region> {
    let mut merged: Vec<Region> = Vec::with_capacity(regions.len());
    for region in regions {
        match merged.last_mut() {
            Some(last) if may_merge(last, &region, size_chars) => {
                last.last = region.last;
                last.chars += region.chars;
            }
            _ => merged.push(region),
        }
    }
    debug_assert_eq!(
        merged
            .iter()
            .map(|region| region.last - region.first)
            .sum::<usize>(),
        boundaries.len().saturating_sub(1)
    );
    merged
}

fn may_merge(last: &Region, next: &Region, size_chars: usize) -> bool {
    let fits = last.chars + next.chars <= size_chars;
    let is_tiny = last.chars * TINY < size_chars;
    let tiny_tail = next.chars * TINY < size_chars && next.separation == Cut::Page;
    match next.separation {
        Cut::Section => fits,
        // A single sentence or heading at the end of a page is merged with the next page, and one
        // at the start of a page with the page before.
        _ => fits && (is_tiny || tiny_tail),
    }
}

/// Divides a region into passages of similar length, each ending at the strongest boundary near its
/// end.
fn divide(region: &[Boundary], settings: &ChunkSettings, spans: &mut Vec<(Place, Place)>) {
    let (Some(first), Some(last)) = (region.first(), region.last()) else {
        return;
    };
    let size = settings.size_chars;
    let mut start = first.at;
    // The start of the text that no passage covers yet, and the index of its boundary.
    let (mut fresh, mut fresh_at) = (first.at, 0);
    loop {
        let left = last.at.char - fresh.char;
        if last.at.char - start.char <= size {
            spans.push((start, last.at));
            return;
        }
        let room = size - (fresh.char - start.char);
        let even = left.div_ceil(left.div_ceil(room).max(1));
        let window = fresh.char + even * 3 / 4..=start.char + size;
        let Some(end_at) = strongest(region, fresh_at, &window) else {
            return;
        };
        let Some(end) = region.get(end_at).map(|boundary| boundary.at) else {
            return;
        };
        spans.push((start, end));
        start = overlap_start(region, end_at, settings.overlap_chars).max_char(start);
        (fresh, fresh_at) = (end, end_at);
    }
}

impl Place {
    fn max_char(self, other: Self) -> Self {
        if other.char > self.char { other } else { self }
    }
}

/// The strongest boundary after `from` inside the window, the last of equals; else the last one
/// before the end of the window.
fn strongest(
    region: &[Boundary],
    from: usize,
    window: &std::ops::RangeInclusive<usize>,
) -> Option<usize> {
    let mut best: Option<(Cut, usize)> = None;
    let mut nearest = None;
    for (at, boundary) in region.iter().enumerate().skip(from + 1) {
        if boundary.at.char > *window.end() {
            break;
        }
        nearest = Some(at);
        if boundary.at.char >= *window.start() && best.is_none_or(|(cut, _)| boundary.cut >= cut) {
            best = Some((boundary.cut, at));
        }
    }
    best.map(|(_, at)| at).or(nearest)
}

/// Where the passage after `end_at` begins: at most `overlap_chars` before it, at the first
/// sentence that begins there, or within a sentence at the first word. Nothing is repeated across
/// the end of a page or section.
fn overlap_start(region: &[Boundary], end_at: usize, overlap_chars: usize) -> Place {
    let Some(end) = region.get(end_at) else {
        return Place { byte: 0, char: 0 };
    };
    if end.cut >= Cut::Page {
        return end.at;
    }
    let earliest = end.at.char.saturating_sub(overlap_chars);
    let within = region
        .get(..end_at)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|boundary| boundary.at.char >= earliest);
    let mut start = end.at;
    let mut cut = end.cut.min(Cut::Sentence);
    for boundary in within {
        if boundary.cut >= Cut::Section {
            break;
        }
        if boundary.cut.min(Cut::Sentence) >= cut {
            (start, cut) = (boundary.at, boundary.cut.min(Cut::Sentence));
        }
    }
    start
}
