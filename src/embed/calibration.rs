//! Finds how the inputs of each large multiplication are to be rounded to bytes: runs the encoder in
//! floats over sample texts and sees how far each channel goes. A few channels go several times as
//! far as all others, at the marks and full stops of any text; left alone they would cost the others
//! two or three of their eight bits. They are divided by a power of two, which the weights take back.
//!
//! The results are coarse on purpose, so that they are the same on every processor.

use super::bert::{Bert, LAYERS};
use super::encoder::Encoder;
use super::graph::{self, Precision};
use super::tokens::Tokens;
use crate::error::Result;

/// One text a line; the empty line is a text too.
const SAMPLES: &str = include_str!("calibration.txt");

/// This many channels of an input may go farther than its range.
const OUTLIERS: usize = 4;
/// Other texts may go a little farther than the samples.
const MARGIN: f32 = 1.1;
/// Ends of ranges are multiples of this.
const GRID: f32 = 1.0 / 16.0;

/// The multiplications of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    AttentionIn,
    AttentionOut,
    Up,
    Down,
}

impl Slot {
    pub(super) const ALL: [Self; 4] = [Self::AttentionIn, Self::AttentionOut, Self::Up, Self::Down];
}

/// How the input of one multiplication becomes bytes:
/// `byte = round(value / divisor[channel] / scale) + zero`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rounding {
    /// Powers of two, 1 for all but a few channels.
    pub divisors: Vec<f32>,
    pub scale: f32,
    pub zero: u8,
}

/// The rounding of every multiplication.
#[derive(Debug)]
pub(super) struct Roundings(Vec<Rounding>);

impl Roundings {
    /// Runs the samples through `bert`.
    pub(super) fn observe(bert: &Bert, tokens: &Tokens) -> Result<Self> {
        let taps: Vec<String> = (0..LAYERS)
            .flat_map(|layer| Slot::ALL.map(|slot| graph::tap(layer, slot)))
            .collect();
        let encoder = Encoder::load(graph::build(bert, Precision::Float))?;
        let mut seen: Vec<Seen> = taps.iter().map(|_| Seen::default()).collect();
        for text in SAMPLES.lines() {
            let inputs = encoder.observe(&tokens.encode(text)?, &taps)?;
            for (seen, input) in seen.iter_mut().zip(&inputs) {
                input.iter().for_each(|state| seen.add(state));
            }
        }
        Ok(Self(seen.iter().map(Seen::rounding).collect()))
    }

    /// The rounding of one multiplication; one that has none stays in floats.
    pub(super) fn get(&self, layer: usize, slot: Slot) -> Option<&Rounding> {
        self.0.get(layer * Slot::ALL.len() + slot as usize)
    }
}

/// The least and greatest value of each channel, 0 included.
#[derive(Debug, Default)]
struct Seen {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Seen {
    fn add(&mut self, state: &[f32]) {
        self.low.resize(state.len(), 0.0);
        self.high.resize(state.len(), 0.0);
        for (low, value) in self.low.iter_mut().zip(state) {
            *low = low.min(*value);
        }
        for (high, value) in self.high.iter_mut().zip(state) {
            *high = high.max(*value);
        }
    }

    fn rounding(&self) -> Rounding {
        let peaks: Vec<f32> = self
            .low
            .iter()
            .zip(&self.high)
            .map(|(l, h)| h.max(-l))
            .collect();
        let mut sorted = peaks.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let usual = sorted.get(OUTLIERS).copied().unwrap_or(0.0);
        let divisors: Vec<f32> = peaks.iter().map(|peak| divisor(*peak, usual)).collect();
        let end = |values: &[f32]| {
            let divided = values.iter().zip(&divisors).map(|(v, d)| (v / d).abs());
            (divided.fold(0.0, f32::max) * MARGIN / GRID).ceil() * GRID
        };
        let (low, high) = (end(&self.low), end(&self.high));
        let scale = ((low + high) / 255.0).max(f32::MIN_POSITIVE);
        Rounding {
            divisors,
            scale,
            // Within 0 and 255, since low is a part of low + high.
            zero: (low / scale).round_ties_even() as u8,
        }
    }
}

/// The least power of two that brings `peak` down to `usual`.
fn divisor(peak: f32, usual: f32) -> f32 {
    let mut divisor = 1.0;
    while usual > 0.0 && peak > usual * divisor {
        divisor *= 2.0;
    }
    divisor
}
