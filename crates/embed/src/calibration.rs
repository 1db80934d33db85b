//! Finds how the inputs of each large multiplication are to be rounded to bytes: runs the encoder in
//! floats over sample texts and sees how far each channel goes. Some channels go several times as
//! far as others; left alone they would cost the others two or three of their eight bits. So each
//! channel is shifted to the middle of its range and divided by a power of its width, and the
//! weights and the bias take that back.
//!
//! The results are coarse on purpose, so that they are the same on every processor.

use super::bert::{Bert, LAYERS};
use super::encoder::Encoder;
use super::graph::{self, Precision};
use super::tokens::Tokens;
use ragd_core::error::Result;

/// One text a line; the empty line is a text too.
const SAMPLES: &str = include_str!("calibration.txt");

/// Other texts may go a little farther than the samples.
const MARGIN: f32 = 1.1;
/// Middles of channels and the ends of ranges are multiples of this.
const GRID: f32 = 1.0 / 16.0;
/// Means of channels are multiples of this.
const MEAN_GRID: f32 = 1.0 / 64.0;
/// The multiplications that stay in floats: none. Keeping the output of the feed-forward blocks of
/// the first two layers there takes a third off what is left of the error and costs 5 % of the speed.
const IN_FLOATS: [(usize, Slot); 0] = [];

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

    /// Which power of its width a channel is divided by: 1 would make all channels alike and leave
    /// the unevenness to the weights, which are bytes too.
    fn evening(self) -> f32 {
        if self == Self::Down { 0.5 } else { 0.75 }
    }

    /// Whether channels are shifted to the middle of their ranges. After the activation function
    /// nearly all ranges begin at about the same value.
    fn is_centred(self) -> bool {
        self != Self::Down
    }
}

/// How the input of one multiplication becomes bytes:
/// `byte = round((value - centre[channel]) / divisor[channel] / scale) + zero`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rounding {
    pub centres: Vec<f32>,
    pub divisors: Vec<f32>,
    /// The mean of what is rounded, `(value - centre) / divisor`.
    pub means: Vec<f32>,
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
        let slots = Slot::ALL.iter().cycle();
        let roundings = seen
            .iter()
            .zip(slots)
            .map(|(seen, slot)| seen.rounding(*slot));
        Ok(Self(roundings.collect()))
    }

    /// The rounding of one multiplication; one that has none stays in floats.
    pub(super) fn get(&self, layer: usize, slot: Slot) -> Option<&Rounding> {
        if IN_FLOATS.contains(&(layer, slot)) {
            return None;
        }
        self.0.get(layer * Slot::ALL.len() + slot as usize)
    }
}

/// What each channel of an input did.
#[derive(Debug, Default)]
struct Seen {
    channels: Vec<Channel>,
    states: f64,
}

/// The least and greatest value, and the sum.
#[derive(Debug, Default, Clone, Copy)]
struct Channel {
    low: f32,
    high: f32,
    sum: f64,
}

impl Seen {
    fn add(&mut self, state: &[f32]) {
        let first = |value: &f32| Channel {
            low: *value,
            high: *value,
            sum: 0.0,
        };
        if self.channels.is_empty() {
            self.channels = state.iter().map(first).collect();
        }
        self.states += 1.0;
        for (channel, value) in self.channels.iter_mut().zip(state) {
            channel.low = channel.low.min(*value);
            channel.high = channel.high.max(*value);
            channel.sum += f64::from(*value);
        }
    }

    fn rounding(&self, slot: Slot) -> Rounding {
        let centre = |channel: &Channel| match slot.is_centred() {
            true => on_grid((channel.low + channel.high) / 2.0, GRID),
            false => 0.0,
        };
        let centres: Vec<f32> = self.channels.iter().map(centre).collect();
        let shifted: Vec<[f32; 3]> = self
            .channels
            .iter()
            .zip(&centres)
            .map(|(channel, centre)| {
                let mean = on_grid((channel.sum / self.states) as f32, MEAN_GRID);
                // The range includes 0.
                let [low, high] = [channel.low, channel.high].map(|end| end - centre);
                [low.min(0.0), high.max(0.0), mean - centre]
            })
            .collect();
        let peaks: Vec<f32> = shifted
            .iter()
            .map(|[low, high, _]| high.max(-low))
            .collect();
        let divisors = divisors(&peaks, slot.evening());
        let divided = |part: fn(&[f32; 3]) -> f32| {
            let both = shifted.iter().zip(&divisors);
            both.map(|(values, d)| part(values) / d)
                .collect::<Vec<f32>>()
        };
        let end = |values: Vec<f32>| {
            let peak = values.into_iter().fold(0.0, f32::max);
            (peak * MARGIN / GRID).ceil() * GRID
        };
        let (low, high) = (
            end(divided(|[low, ..]| -low)),
            end(divided(|[_, high, _]| *high)),
        );
        let means = divided(|[.., mean]| *mean);
        let scale = ((low + high) / 255.0).max(f32::MIN_POSITIVE);
        Rounding {
            centres,
            divisors,
            means,
            scale,
            // Within 0 and 255, since low is a part of low + high.
            zero: (low / scale).round_ties_even() as u8,
        }
    }
}

fn on_grid(value: f32, grid: f32) -> f32 {
    (value / grid).round() * grid
}

/// What to divide channels of such peaks by: powers of the root of two, 1 for the median.
fn divisors(peaks: &[f32], evening: f32) -> Vec<f32> {
    /// A channel that is nearly always 0 need not be blown up to the others' size.
    const LEAST_PEAK: f32 = 1e-3;
    let logarithms: Vec<f32> = peaks
        .iter()
        .map(|p| p.max(LEAST_PEAK).log2() * evening)
        .collect();
    let mut sorted = logarithms.clone();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let root = |logarithm: &f32| on_grid(logarithm - middle, 0.5).exp2();
    logarithms.iter().map(root).collect()
}
