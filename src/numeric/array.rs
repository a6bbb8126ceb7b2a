//! Dense arrays of values.

/// The box of indices that an array covers, in row-major order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    /// First value of each index.
    pub(crate) low: Box<[i64]>,
    /// Number of values of each index.
    pub(crate) extent: Box<[i64]>,
    /// Distance of neighbours along each index.
    pub(crate) stride: Box<[i64]>,
}

impl Layout {
    /// The box of these ranges `(first, count)`.
    pub(crate) fn of(ranges: &[(i64, i64)]) -> Self {
        let mut stride = vec![1; ranges.len()];
        for at in (1..ranges.len()).rev() {
            stride[at - 1] = stride[at] * ranges[at].1.max(0);
        }
        Self {
            low: ranges.iter().map(|(low, _)| *low).collect(),
            extent: ranges.iter().map(|(_, extent)| *extent).collect(),
            stride: stride.into_boxed_slice(),
        }
    }

    /// How many elements it has.
    pub(crate) fn len(&self) -> usize {
        self.extent
            .iter()
            .map(|extent| (*extent).max(0) as usize)
            .product()
    }

    /// The place of an index, if it is in the box.
    pub(crate) fn offset(&self, index: &[i64]) -> Option<usize> {
        let mut offset = 0;
        for (at, value) in index.iter().enumerate() {
            let step = value - self.low[at];
            if step < 0 || step >= self.extent[at] {
                return None;
            }
            offset += step * self.stride[at];
        }
        Some(offset as usize)
    }

    /// The index at a place.
    pub(crate) fn index(&self, offset: usize) -> Vec<i64> {
        let mut rest = offset as i64;
        self.stride
            .iter()
            .zip(&self.low)
            .map(|(stride, low)| {
                let step = rest / stride;
                rest %= stride;
                low + step
            })
            .collect()
    }
}

/// Values over a layout; derivatives where they are not all 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Array {
    /// The values; NaN at places of the box that are no element.
    pub(crate) values: Vec<f64>,
    /// First derivatives: along the first direction those of all elements, then along the next one.
    pub(crate) tangents: Option<Vec<f64>>,
    /// The size of the terms that value and derivative were summed from.
    pub(crate) magnitudes: Option<Vec<(f64, f64)>>,
}

impl Array {
    /// `length` values.
    pub(crate) fn filled(length: usize, value: f64) -> Self {
        Self {
            values: vec![value; length],
            tangents: None,
            magnitudes: None,
        }
    }

    /// The derivatives along so many directions, 0 where there were none.
    pub(crate) fn tangents_mut(&mut self, lanes: usize) -> &mut Vec<f64> {
        let length = lanes * self.values.len();
        self.tangents.get_or_insert_with(|| vec![0.0; length])
    }

    /// The sizes of terms.
    pub(crate) fn magnitudes_mut(&mut self) -> &mut Vec<(f64, f64)> {
        let values = &self.values;
        let tangents = &self.tangents;
        self.magnitudes.get_or_insert_with(|| {
            values
                .iter()
                .enumerate()
                .map(|(at, value)| {
                    (
                        value.abs(),
                        tangents.as_ref().map_or(0.0, |tangents| tangents[at].abs()),
                    )
                })
                .collect()
        })
    }
}
