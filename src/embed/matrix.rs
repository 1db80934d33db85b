//! The little linear algebra that converting a model needs: a matrix that multiplies row vectors
//! from the right, and its values as signed bytes. It refuses a wrong number of values.

/// The largest magnitude of a quantised weight. Seven bits, not eight: on x86-64 processors without
/// VNNI the byte multiply-add adds two products in 16 bits, and `2 × 255 × 64` still fits there
/// while `2 × 255 × 127` saturates and gives wrong sums.
const LARGEST_WEIGHT: f32 = 64.0;

/// A matrix of `rows` inputs by `columns` outputs, row-major.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

/// A matrix as signed bytes: `value = byte × scale[column]`.
#[derive(Debug)]
pub(super) struct Quantised {
    /// Row-major, as the matrix was.
    pub bytes: Vec<i8>,
    /// One factor a column.
    pub scales: Vec<f32>,
}

impl Matrix {
    /// Takes the values of `rows` rows of `columns` each; `None` if the count is another.
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

    /// Rounds to signed bytes, each column by its own largest magnitude.
    pub(super) fn quantised_by_column(&self) -> Quantised {
        let mut scales = vec![0.0_f32; self.columns];
        for row in self.lines() {
            for (scale, value) in scales.iter_mut().zip(row) {
                *scale = scale.max(value.abs());
            }
        }
        scales
            .iter_mut()
            .for_each(|peak| *peak = step(*peak, LARGEST_WEIGHT));
        let bytes = self
            .lines()
            .flat_map(|row| {
                row.iter()
                    .zip(&scales)
                    .map(|(value, scale)| round(value / scale))
            })
            .collect();
        Quantised { bytes, scales }
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

/// The step that spreads `0..=peak` over `0..=levels`; 1 for a row or column of zeros.
fn step(peak: f32, levels: f32) -> f32 {
    if peak > 0.0 { peak / levels } else { 1.0 }
}

fn round(value: f32) -> i8 {
    // A cast from float to integer saturates; the values are within ±127 already.
    value.round_ties_even() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_within_half_a_step_of_the_values_and_never_saturate() {
        let values: Vec<f32> = (0..60_i16)
            .map(|i| f32::from(i * 37 % 101 - 50) * 0.013)
            .collect();
        let matrix = Matrix::new(12, 5, values.clone()).unwrap();
        let by_column = matrix.quantised_by_column();
        let by_row = matrix.quantised_by_row();
        for (i, value) in values.iter().enumerate() {
            let (row, column) = (i / 5, i % 5);
            for (bytes, scale) in [
                (&by_column.bytes, by_column.scales[column]),
                (&by_row.bytes, by_row.scales[row]),
            ] {
                let error = (f32::from(bytes[i]) * scale - value).abs();
                assert!(error <= scale * 0.501, "{error} of {scale}");
            }
            assert!(by_column.bytes[i].unsigned_abs() <= 64);
        }
    }

    #[test]
    fn a_column_of_zeros_stays_zero() {
        let matrix = Matrix::new(2, 2, vec![0.0, 1.0, 0.0, -1.0]).unwrap();
        assert_eq!(matrix.quantised_by_column().bytes, [0, 64, 0, -64]);
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
