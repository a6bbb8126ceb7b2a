//! The convention of a profile in words.

use super::{End, Examples, Lay, Order, Profile};
use crate::syntax::StepAtZero;

impl Profile {
    /// What is to be known in order to read its formulas right: layers, indices, axes, Step(0).
    pub fn convention(&self) -> Vec<(&'static str, String)> {
        let letter = self
            .layers
            .letter
            .as_ref()
            .map_or("k", |letter| letter.as_str());
        let mut rows = Vec::new();
        if let Some(end) = self.layers.weight {
            let joins = match end {
                End::From => format!("{letter} to {letter}+1"),
                End::To => format!("{letter}-1 to {letter}"),
            };
            rows.push(("weight", joins));
        }
        if let Some(input) = self.layers.input {
            rows.push(("input", format!("layer {input}")));
        }
        match self.entries.weight {
            Some(Order::ToFrom) => rows.push(("indices", "to-from, W x".into())),
            Some(Order::FromTo) => rows.push(("indices", "from-to, x W".into())),
            None => {}
        }
        match self.entries.examples {
            Some(Examples::Rows) => rows.push(("examples", "rows".into())),
            Some(Examples::Columns) => rows.push(("examples", "columns".into())),
            None => {}
        }
        match self.derivatives.layout {
            Lay::Same => {}
            Lay::Numerator => rows.push(("gradients", "numerator layout, as rows".into())),
            Lay::Intermediates => rows.push((
                "gradients",
                "rows by what is computed, in its own shape by what is given".into(),
            )),
            Lay::Denominator => rows.push(("gradients", "denominator layout".into())),
        }
        if let Some(step) = self.step0 {
            rows.push(("Step(0)", StepAtZero::from(step).name().into()));
        }
        rows
    }
}
