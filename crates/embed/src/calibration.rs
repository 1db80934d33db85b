//! Determines how the inputs of each large multiplication are rounded to bytes: runs the encoder in
//! floats over sample texts and records the range of each channel. Some channels have ranges
//! several times as wide as others; without correction they would cost the others two or three of
//! their eight bits. So each channel is shifted to the middle of its range and divided by a power
//! of its width, and the weights and the bias compensate for both.
//!
//! The results are deliberately coarse, so that they are the same on every processor.

use super::bert::{Bert, LAYERS};
use super::encoder::Encoder;
use super::graph::{self, Precision};
use super::rounding::{Place, Rounding, Roundings, Slot};
use super::tokens::Tokens;
use ragd_core::error::Result;

/// One text a line; the empty line is a text too.
const SAMPLES: &str = include_str!("calibration.txt");

/// Ranges are widened by this factor, because other texts may exceed those of the samples.
const MARGIN: f32 = 1.1;
/// Middles of channels and the ends of ranges are multiples of this.
const GRID: f32 = 1.0 / 16.0;
/// Means of channels are multiples of this.
const MEAN_GRID: f32 = 1.0 / 64.0;

/// The power of its width that a channel is divided by: 1 would make all channels alike and leave
/// the unevenness to the weights, which are bytes too.
fn evening(slot: Slot) -> f32 {
    if slot == Slot::Down { 0.5 } else { 0.75 }
}

/// Whether channels are shifted to the middle of their ranges. After the activation function
/// nearly all ranges begin at about the same value.
fn is_centred(slot: Slot) -> bool {
    slot != Slot::Down
}

/// Runs the samples through `bert` and derives the rounding of every multiplication.
pub(super) fn observe(bert: &Bert, tokens: &Tokens) -> Result<Roundings> {
    let slots = (0..LAYERS).flat_map(|layer| Slot::ALL.map(|slot| Place::new(layer, slot)));
    let taps: Vec<String> = slots.map(graph::tap).collect();
    let encoder = Encoder::load(graph::build(bert, Precision::Float))?;
    let mut ranges: Vec<Ranges> = taps.iter().map(|_| Ranges::default()).collect();
    for text in SAMPLES.lines() {
        let inputs = encoder.observe(&tokens.encode(text)?, &taps)?;
        for (ranges, input) in ranges.iter_mut().zip(&inputs) {
            input.iter().for_each(|state| ranges.add(state));
        }
    }
    let slots = Slot::ALL.iter().cycle();
    let roundings = ranges.iter().zip(slots);
    Ok(Roundings::new(
        roundings
            .map(|(ranges, slot)| ranges.rounding(*slot))
            .collect(),
    ))
}

/// The ranges of the channels of one input.
#[derive(Debug, Default)]
struct Ranges {
    channels: Vec<Channel>,
    /// How many states were added.
    states: f64,
}

/// The least and greatest value of a channel, and the sum of its values.
#[derive(Debug, Default, Clone, Copy)]
struct Channel {
    low: f32,
    high: f32,
    sum: f64,
}

impl Ranges {
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
        let centre = |channel: &Channel| match is_centred(slot) {
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
        let divisors = divisors(&peaks, evening(slot));
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

/// The divisors of channels with these peaks: powers of the square root of two, 1 for the median.
fn divisors(peaks: &[f32], evening: f32) -> Vec<f32> {
    /// A channel that is nearly always 0 need not be scaled up to the size of the others.
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
