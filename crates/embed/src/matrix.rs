//! The linear algebra that the conversion of a model needs: a matrix that multiplies row vectors
//! from the right, and its values as signed bytes. It refuses a wrong number of values.

/// The greatest magnitude of the sum of two neighbouring quantised weights of one sign. On x86-64
/// processors without VNNI the byte multiply-add adds the products of rows `2i` and `2i + 1` in 16
/// bits: `255 × 128` still fits there, and more saturates and gives wrong sums. Weights of opposite
/// signs cannot add up.
const LARGEST_PAIR: i32 = 128;
/// How many steps a column's peak may take, from what fits any neighbours to what cuts the peak.
const PEAK_STEPS: std::ops::RangeInclusive<u16> = 64..=160;
/// The distance between the counts that are tried.
const PEAK_STRIDE: usize = 8;

/// A matrix of `rows` inputs by `columns` outputs, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// A matrix as signed bytes: `value = byte × scale`, with one scale a column or a row.
#[derive(Debug)]
pub(super) struct Quantised {
    /// Row-major, as the matrix was.
    pub bytes: Vec<i8>,
    /// One factor a column, or a row, as the function that made this says.
    pub scales: Vec<f32>,
}

impl Matrix {
    /// Takes the values of `rows` rows of `columns` each; `None` if there are more or fewer.
    pub(super) fn new(rows: usize, columns: usize, values: Vec<f32>) -> Option<Self> {
        (values.len() == rows * columns).then_some(Self {
            rows,
            columns,
            values,
        })
    }

    /// `[rows, columns]`.
    pub(super) fn shape(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// The elements, row-major.
    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// The rows.
    pub(super) fn lines(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.columns.max(1))
    }

    /// Rows become columns.
    pub(super) fn transposed(&self) -> Self {
        let values = (0..self.columns)
            .flat_map(|column| self.lines().filter_map(move |row| row.get(column)).copied())
            .collect();
        Self {
            rows: self.columns,
            columns: self.rows,
            values,
        }
    }

    /// Multiplies each column by its factor.
    pub(super) fn scale_columns(&mut self, factors: &[f32]) {
        for row in self.values.chunks_exact_mut(self.columns.max(1)) {
            for (value, factor) in row.iter_mut().zip(factors) {
                *value *= factor;
            }
        }
    }

    /// Multiplies each row by its factor.
    pub(super) fn scale_rows(&mut self, factors: &[f32]) {
        let lines = self.values.chunks_exact_mut(self.columns.max(1));
        for (row, factor) in lines.zip(factors) {
            row.iter_mut().for_each(|value| *value *= factor);
        }
    }

    /// Adds a vector to each row.
    pub(super) fn add_to_rows(&mut self, vector: &[f32]) {
        for row in self.values.chunks_exact_mut(self.columns.max(1)) {
            for (value, add) in row.iter_mut().zip(vector) {
                *value += add;
            }
        }
    }

    /// The vector times this matrix.
    pub(super) fn multiply(&self, vector: &[f32]) -> Vec<f32> {
        let mut product = vec![0.0; self.columns];
        for (row, factor) in self.lines().zip(vector) {
            for (sum, value) in product.iter_mut().zip(row) {
                *sum += value * factor;
            }
        }
        product
    }

    /// Rounds to signed bytes, each column in the steps that lose least, such that the sums of a
    /// byte multiply-add fit in 16 bits whatever the inputs.
    pub(super) fn quantised_by_column(&self) -> Quantised {
        let columns: Vec<Column> = self.transposed().lines().map(Column::best).collect();
        let row = |row: usize| {
            columns
                .iter()
                .filter_map(move |c| c.bytes.get(row))
                .copied()
        };
        Quantised {
            bytes: (0..self.rows).flat_map(row).collect(),
            scales: columns.iter().map(|column| column.scale).collect(),
        }
    }

    /// What the bytes stand for.
    pub(super) fn restored(&self, quantised: &Quantised) -> Self {
        let rows = quantised.bytes.chunks_exact(self.columns.max(1));
        let restore = |(byte, scale): (&i8, &f32)| f32::from(*byte) * scale;
        Self {
            rows: self.rows,
            columns: self.columns,
            values: rows
                .flat_map(|row| row.iter().zip(&quantised.scales).map(restore))
                .collect(),
        }
    }

    /// Rounds to signed bytes, each row by its own largest magnitude, using all eight bits: for
    /// tables that are looked up and never multiplied as bytes. There is one scale a row.
    pub(super) fn quantised_by_row(&self) -> Quantised {
        let scales: Vec<f32> = self.lines().map(|row| step(peak(row), 127.0)).collect();
        let bytes = self
            .lines()
            .zip(&scales)
            .flat_map(|(row, scale)| row.iter().map(move |value| round(value / scale)))
            .collect();
        Quantised { bytes, scales }
    }
}

fn peak(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |peak, value| peak.max(value.abs()))
}

/// A column as signed bytes: `value = byte × scale`.
struct Column {
    bytes: Vec<i8>,
    scale: f32,
}

impl Column {
    /// The column with the scale that has the least squared error of those tried.
    fn best(values: &[f32]) -> Self {
        let peak = peak(values);
        let mut best = Self {
            bytes: vec![0; values.len()],
            scale: 1.0,
        };
        let mut least = best.squared_error(values);
        for levels in PEAK_STEPS.step_by(PEAK_STRIDE) {
            let scale = step(peak, f32::from(levels));
            let tried = Self {
                bytes: bytes_that_fit(values, scale),
                scale,
            };
            let error = tried.squared_error(values);
            if error < least {
                (best, least) = (tried, error);
            }
        }
        best
    }

    fn squared_error(&self, values: &[f32]) -> f64 {
        let error =
            |(value, byte): (&f32, &i8)| f64::from(f32::from(*byte) * self.scale - value).powi(2);
        values.iter().zip(&self.bytes).map(error).sum()
    }
}

fn bytes_that_fit(column: &[f32], scale: f32) -> Vec<i8> {
    let mut bytes: Vec<i8> = column.iter().map(|value| round(value / scale)).collect();
    for pair in bytes.chunks_exact_mut(2) {
        if let [first, second] = pair {
            (*first, *second) = fitting(*first, *second);
        }
    }
    bytes
}

/// The two bytes, reduced by equal amounts if their sum is too large.
fn fitting(first: i8, second: i8) -> (i8, i8) {
    let (a, b) = (i32::from(first), i32::from(second));
    let excess = (a + b).abs() - LARGEST_PAIR;
    if excess <= 0 {
        return (first, second);
    }
    // Both have one sign and more than `excess / 2`: their sum is `128 + excess`, and neither is
    // more than 127.
    let cut = excess / 2;
    let sign = a.signum();
    let part = |value: i32| value.clamp(-127, 127) as i8;
    (part(a - sign * cut), part(b - sign * (excess - cut)))
}

/// The step that spreads `0..=peak` over `0..=levels`; 1 for a row or column of zeros.
fn step(peak: f32, levels: f32) -> f32 {
    if peak > 0.0 { peak / levels } else { 1.0 }
}

fn round(value: f32) -> i8 {
    value.clamp(-127.0, 127.0).round_ties_even() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_near_the_values_and_their_products_never_saturate() {
        let values: Vec<f32> = (0..60_i16)
            .map(|i| f32::from(i * 37 % 101 - 50) * 0.013)
            .collect();
        let matrix = Matrix::new(12, 5, values.clone()).unwrap();
        let by_column = matrix.quantised_by_column();
        let by_row = matrix.quantised_by_row();
        let error = |byte: i8, scale: f32, value: f32| (f32::from(byte) * scale - value).abs();
        let squares = |errors: Vec<f32>| errors.iter().map(|error| error * error).sum::<f32>();
        for (i, value) in values.iter().enumerate() {
            let scale = by_row.scales[i / 5];
            assert!(error(by_row.bytes[i], scale, *value) <= scale * 0.501);
        }
        for column in 0..5 {
            let (bytes, values): (Vec<i8>, Vec<f32>) = (column..60)
                .step_by(5)
                .map(|i| (by_column.bytes[i], values[i]))
                .unzip();
            for pair in bytes.chunks(2) {
                let highest: i32 = pair.iter().map(|b| 255 * i32::from(*b).max(0)).sum();
                let lowest: i32 = pair.iter().map(|b| 255 * i32::from(*b).min(0)).sum();
                assert!(i16::try_from(highest).is_ok() && i16::try_from(lowest).is_ok());
            }
            let coarse = step(peak(&values), 64.0);
            let of = |bytes: &[i8], scale| {
                let both = bytes.iter().zip(&values);
                squares(both.map(|(b, v)| error(*b, scale, *v)).collect())
            };
            let plain: Vec<i8> = values.iter().map(|v| round(v / coarse)).collect();
            assert!(of(&bytes, by_column.scales[column]) <= of(&plain, coarse));
        }
    }

    #[test]
    fn a_column_of_zeros_stays_zero() {
        let matrix = Matrix::new(2, 2, vec![0.0, 1.0, 0.0, -1.0]).unwrap();
        let quantised = matrix.quantised_by_column();
        assert_eq!(matrix.restored(&quantised).values(), matrix.values());
    }

    #[test]
    fn two_weights_of_one_sign_are_cut_to_fit_together() {
        assert_eq!(fitting(127, 127), (64, 64));
        assert_eq!(fitting(-127, -4), (-126, -2));
        assert_eq!(fitting(127, 2), (127, 1));
        assert_eq!(fitting(127, -127), (127, -127));
        assert_eq!(fitting(-64, -64), (-64, -64));
    }

    #[test]
    fn transposing_turns_rows_into_columns() {
        let matrix = Matrix::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let turned = matrix.transposed();
        assert_eq!(turned.shape(), [3, 2]);
        assert_eq!(turned.values(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(matrix.multiply(&[1.0, 10.0]), [41.0, 52.0, 63.0]);
    }
}
