//! What a benchmark found, for the table and for JSON.

use serde::{Deserialize, Serialize};

use super::sample::Sample;

/// One line: a quantity, and whether it is as it should be.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    pub what: String,
    pub value: f64,
    pub unit: String,
    /// At most this, where there is a target.
    pub target: Option<f64>,
    /// Median absolute deviation, where the value is a median.
    pub mad: Option<f64>,
    /// What else should be known.
    pub note: String,
}

impl Line {
    pub fn new(what: impl Into<String>, value: f64, unit: &str) -> Line {
        Line { what: what.into(), value, unit: unit.into(), target: None, mad: None, note: String::new() }
    }

    pub fn at_most(self, target: f64) -> Line {
        Line { target: Some(target), ..self }
    }

    pub fn note(self, note: impl Into<String>) -> Line {
        Line { note: note.into(), ..self }
    }

    pub fn time(sample: &Sample) -> Line {
        Line {
            mad: Some(sample.mad),
            note: format!("of {} runs, fastest {:.2}", sample.runs, sample.min),
            ..Line::new(sample.name.clone(), sample.median, "ms")
        }
    }

    pub fn missed(&self) -> bool {
        self.target.is_some_and(|target| self.value > target)
    }
}

/// One benchmark as one identity.
#[derive(Debug, Serialize, Deserialize)]
pub struct Finding {
    pub name: String,
    /// `root` or the user's name.
    pub identity: String,
    pub lines: Vec<Line>,
    /// Why there are no numbers, if there are none.
    pub failure: Option<String>,
}

impl Finding {
    pub fn missed(&self) -> bool {
        self.failure.is_some() || self.lines.iter().any(Line::missed)
    }
}

/// The table for people.
pub fn print(findings: &[Finding]) {
    for finding in findings {
        println!("{} ({})", finding.name, finding.identity);
        if let Some(failure) = &finding.failure {
            println!("  FAILED  {failure}");
        }
        for line in &finding.lines {
            let value = match line.unit.as_str() {
                "" => format!("{:.3}", line.value),
                unit => format!("{:.2} {unit}", line.value),
            };
            let mad = line.mad.map_or_else(String::new, |mad| format!("± {mad:.2}"));
            let verdict = match line.target {
                Some(target) if line.missed() => format!("MISSED (at most {target})"),
                Some(target) => format!("ok (at most {target})"),
                None => String::new(),
            };
            println!("  {:<44} {value:>14} {mad:<9} {verdict:<20} {}", line.what, line.note);
        }
    }
}
