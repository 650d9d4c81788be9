//! What was compared and what came out, as a table.

use super::exchange::Exchange;
use std::collections::BTreeMap;
use std::fmt;

pub enum Verdict {
    Same,
    Different(Vec<String>),
    Skipped(String),
}

impl Verdict {
    pub fn of(differences: Vec<String>) -> Self {
        if differences.is_empty() { Self::Same } else { Self::Different(differences) }
    }
}

#[derive(Default)]
pub struct Report {
    /// Parts that are not recorded.
    lacking: Vec<String>,
    rows: Vec<(String, Verdict)>,
    /// By folder and operation: same, same in part, different, skipped.
    totals: BTreeMap<(String, String), [usize; 4]>,
}

impl Report {
    /// A report to which nothing was added yet.
    pub fn lacking(lacking: Vec<String>) -> Self {
        Self { lacking, ..Self::default() }
    }

    pub fn add(&mut self, exchange: &Exchange, verdict: Verdict) {
        let key = (exchange.folder.to_owned(), exchange.operation());
        let totals = self.totals.entry(key).or_default();
        let [same, part, different, skipped] = totals;
        match verdict {
            Verdict::Same if exchange.hosted().is_some() => *part += 1,
            Verdict::Same => *same += 1,
            Verdict::Different(_) => *different += 1,
            Verdict::Skipped(_) => *skipped += 1,
        }
        let part = exchange.hosted().map(|tool| format!(" (without {tool})")).unwrap_or_default();
        self.rows.push((format!("{}/{}{part}", exchange.folder, exchange.name), verdict));
    }

    /// Something was compared and nothing differs.
    pub fn is_good(&self) -> bool {
        let different = self.rows.iter().any(|(_, verdict)| matches!(verdict, Verdict::Different(_)));
        let compared = self.rows.iter().any(|(_, verdict)| !matches!(verdict, Verdict::Skipped(_)));
        compared && !different
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, verdict) in &self.rows {
            match verdict {
                Verdict::Same => {}
                Verdict::Skipped(why) => writeln!(f, "skipped    {name}: {why}")?,
                Verdict::Different(differences) => {
                    writeln!(f, "DIFFERENT  {name}")?;
                    for difference in differences {
                        writeln!(f, "             {difference}")?;
                    }
                }
            }
        }
        for part in &self.lacking {
            writeln!(f, "lacking    {part}")?;
        }
        writeln!(f)?;
        row(f, ["recorded", "emulated operation", "same", "in part", "different", "skipped"])?;
        for ((folder, operation), [same, part, different, skipped]) in &self.totals {
            let [same, part, different, skipped] = [same, part, different, skipped].map(usize::to_string);
            row(f, [folder, operation, &same, &part, &different, &skipped])?;
        }
        if self.totals.is_empty() {
            writeln!(f, "nothing was compared")?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, cells: [&str; 6]) -> fmt::Result {
    let [folder, operation, same, part, different, skipped] = cells;
    writeln!(f, "{folder:<17} {operation:<50} {same:>5} {part:>8} {different:>10} {skipped:>8}")
}
