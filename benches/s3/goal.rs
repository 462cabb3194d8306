//! What Staves wants to reach, and whether it has. Goals hold for Staves alone, on a machine of any speed only where they
//! compare with a reference.

use serde::Serialize;

use crate::sample::Figures;
use crate::units::short;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Figure {
    P50Ms,
    CpuUsPerOperation,
    CpuSecondsPerGigabyte,
    Speed,
    PeakMegabytes,
    SizeMegabytes,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    Most(f64),
    MostTimesReference(f64),
    LeastTimesReference(f64),
    MostAboveReference(f64),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) figure: Figure,
    pub(crate) bound: Bound,
}

/// A goal and what came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Verdict {
    pub(crate) goal: String,
    pub(crate) value: f64,
    pub(crate) reached: bool,
}

impl Goal {
    pub(crate) fn at_most(figure: Figure, limit: f64) -> Goal {
        Goal { figure, bound: Bound::Most(limit) }
    }

    /// Nothing where the figure, or that of the reference, was not measured.
    pub(crate) fn judge(self, figures: &Figures, reference: Option<&Figures>) -> Option<Verdict> {
        let measured = self.figure.of(figures)?;
        let of_reference = || reference.and_then(|reference| self.figure.of(reference));
        let unit = self.figure.unit();
        let (goal, value, reached) = match self.bound {
            Bound::Most(limit) => {
                (format!("≤ {} {unit}", (limit * 100.0).round() / 100.0), measured, measured <= limit)
            }
            Bound::MostTimesReference(limit) => {
                let ratio = measured / of_reference()?;
                (format!("{unit} ≤ {limit}× reference"), ratio, ratio <= limit)
            }
            Bound::LeastTimesReference(limit) => {
                let ratio = measured / of_reference()?;
                (format!("{unit} ≥ {limit}× reference"), ratio, ratio >= limit)
            }
            Bound::MostAboveReference(limit) => {
                let above = measured - of_reference()?;
                (format!("{unit} ≤ reference + {limit}"), above, above <= limit)
            }
        };
        Some(Verdict { goal, value, reached })
    }
}

impl Verdict {
    pub(crate) fn text(&self) -> String {
        let outcome = if self.reached { "reached" } else { "MISSED" };
        format!("{}: {} {outcome}", self.goal, short(self.value))
    }
}

impl Figure {
    fn of(self, figures: &Figures) -> Option<f64> {
        match self {
            Figure::P50Ms => figures.p50_ms,
            Figure::CpuUsPerOperation => figures.cpu_us_per_operation,
            Figure::CpuSecondsPerGigabyte => figures.cpu_seconds_per_gigabyte,
            Figure::Speed => figures.speed(),
            Figure::PeakMegabytes => figures.peak_megabytes,
            Figure::SizeMegabytes => figures.size_megabytes,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Figure::P50Ms => "ms",
            Figure::CpuUsPerOperation => "µs CPU/op",
            Figure::CpuSecondsPerGigabyte => "cpu-s/GB",
            Figure::Speed => "speed",
            Figure::PeakMegabytes | Figure::SizeMegabytes => "MB",
        }
    }
}
