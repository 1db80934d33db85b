//! What was measured of one kind: times and their percentiles, and what went wrong. Printing is the
//! report's.

use std::time::Duration;

/// Times, kept to the nanosecond up to 4.29 s; longer ones count as that.
#[derive(Debug, Default)]
pub struct Samples(Vec<u32>);

impl Samples {
    pub fn with_room_for(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    pub fn add(&mut self, time: Duration) {
        self.0
            .push(u32::try_from(time.as_nanos()).unwrap_or(u32::MAX));
    }

    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// These percentiles (0 to 100), in microseconds; 0 when there are no times.
    pub fn percentiles_us<const N: usize>(&mut self, wanted: [f64; N]) -> [f64; N] {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        wanted.map(|percent| {
            let at = (last as f64 * percent / 100.0).round() as usize;
            self.0.get(at).map_or(0.0, |ns| f64::from(*ns) / 1e3)
        })
    }
}

/// What went wrong: how often, and the first time in words.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub struct Faults {
    pub count: u64,
    pub first: Option<String>,
}

impl Faults {
    pub fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(words);
    }

    pub fn append(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
    }
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    if count == 0 {
        return 0.0;
    }
    f64::midpoint(values[(count - 1) / 2], values[count / 2])
}
