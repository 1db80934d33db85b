//! The metrics at one moment, to be compared with those of another.

use super::stage::Stage;
use std::collections::BTreeMap;

/// All that `/metrics` says.
pub struct Scrape(Vec<Series>);

struct Series {
    family: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Scrape {
    /// The metrics now.
    pub async fn of(stage: &Stage) -> Self {
        let answer = stage.app.get("/metrics").send().await.unwrap();
        let text = answer.text().await.unwrap();
        Self(text.lines().filter_map(series).collect())
    }

    /// How much the series of `family` with these labels have grown since `before`, together.
    pub fn since(&self, before: &Self, (family, labels): (&str, &[(&str, &str)])) -> i64 {
        (self.sum(family, labels) - before.sum(family, labels)) as i64
    }

    fn sum(&self, family: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |series: &&Series| {
            let has_label = |(name, value): &(&str, &str)| {
                series.labels.get(*name).is_some_and(|found| found == value)
            };
            series.family == family && labels.iter().all(has_label)
        };
        let found: Vec<&Series> = self.0.iter().filter(has).collect();
        found.iter().map(|series| series.value).sum()
    }
}

/// `name{label="value",…} 1`
fn series(line: &str) -> Option<Series> {
    let (series, value) = line.rsplit_once(' ')?;
    let (family, labels) = series.split_once('{')?;
    let pairs = labels.trim_end_matches('}').split("\",");
    let labels = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once("=\"")?;
        Some((name.to_owned(), value.trim_end_matches('"').to_owned()))
    });
    Some(Series {
        family: family.to_owned(),
        labels: labels.collect(),
        value: value.parse().ok()?,
    })
}
