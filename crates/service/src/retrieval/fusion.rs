//! Fuses two ranked lists into one. Pure: no index, no SQL, no time.

use super::score::{SideScore, Weights};
use crate::config::{Fusion, RetrievalConfig};
use ragd_core::domain::PassageId;
use ragd_index::{Candidates, Scores};
use std::collections::HashMap;

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
const RRF_K: f64 = 60.0;

/// The share of words in the score where a question names an identifier.
const EXACT_SHARE: f64 = 0.8;

/// How to fuse.
#[derive(Debug, Clone, Copy)]
pub struct FusionSettings {
    /// The method.
    pub fusion: Fusion,
    /// The weights.
    pub weights: Weights,
}

impl FusionSettings {
    /// The part of the configuration that decides.
    pub fn of(config: &RetrievalConfig) -> Self {
        let weights = Weights {
            bm25: config.bm25_weight,
            vector: config.vec_weight,
        };
        Self {
            fusion: config.fusion,
            weights,
        }
    }

    /// The same for a question that names an identifier, which has to match exactly: words weigh
    /// four fifths of both at least, so that a passage with another number is not first because it
    /// means the same.
    #[must_use]
    pub fn for_identifier(self) -> Self {
        let Weights { bm25, vector } = self.weights;
        let both = bm25 + vector;
        if bm25 <= 0.0 || bm25 >= both * EXACT_SHARE {
            return self;
        }
        Self {
            weights: Weights {
                bm25: both * EXACT_SHARE,
                vector: both * (1.0 - EXACT_SHARE),
            },
            ..self
        }
    }
}

/// A candidate with both sides of its score.
#[derive(Debug, Clone, Copy)]
pub struct Fused {
    /// The passage.
    pub id: PassageId,
    /// The fused score.
    pub score: f64,
    /// By words.
    pub bm25: SideScore,
    /// By meaning.
    pub vector: SideScore,
}

/// Fuses `candidates`, best first; equal scores are ordered by id, so that an answer is the same
/// every time. `completed` has both raw scores of candidates that one list lacks; without it a
/// missing side counts 0.
pub fn fuse(candidates: &Candidates, completed: &[Scores], settings: FusionSettings) -> Vec<Fused> {
    let mut sides: HashMap<PassageId, (SideScore, SideScore)> = HashMap::new();
    for (place, scored) in candidates.lexical.iter().enumerate() {
        sides.entry(scored.id).or_default().0 = listed(place, scored.score);
    }
    for (place, scored) in candidates.dense.iter().enumerate() {
        sides.entry(scored.id).or_default().1 = listed(place, scored.score);
    }
    for scores in completed {
        if let Some((bm25, vector)) = sides.get_mut(&scores.id) {
            bm25.raw = bm25.raw.or(Some(f64::from(scores.lexical)));
            vector.raw = vector.raw.or(scores.dense.map(f64::from));
        }
    }
    let bm25_scale = Scale::of(settings.fusion, sides.values().map(|(bm25, _)| bm25.raw));
    let vector_scale = Scale::of(
        settings.fusion,
        sides.values().map(|(_, vector)| vector.raw),
    );
    let mut fused: Vec<Fused> = sides
        .into_iter()
        .map(|(id, (mut bm25, mut vector))| {
            bm25.normalised = bm25_scale.normalise(&bm25);
            vector.normalised = vector_scale.normalise(&vector);
            let score = settings.weights.bm25 * bm25.normalised.unwrap_or(bm25_scale.missing())
                + settings.weights.vector * vector.normalised.unwrap_or(vector_scale.missing());
            Fused {
                id,
                score,
                bm25,
                vector,
            }
        })
        .collect();
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    fused
}

fn listed(place: usize, raw: f32) -> SideScore {
    SideScore {
        rank: Some(place + 1),
        raw: Some(f64::from(raw)),
        normalised: None,
    }
}

/// How one side's raw scores become comparable with the other's.
#[derive(Debug, Clone, Copy)]
enum Scale {
    /// From the least to the greatest; all equal become 1.
    MinMax { least: f64, range: f64 },
    /// Distance from the mean in standard deviations.
    ZScore {
        mean: f64,
        deviation: f64,
        least: f64,
    },
    /// By rank alone.
    Reciprocal,
}

impl Scale {
    fn of(fusion: Fusion, raws: impl Iterator<Item = Option<f64>>) -> Self {
        let raws: Vec<f64> = raws.flatten().collect();
        let least = raws.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = raws.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match fusion {
            Fusion::MinMax => Self::MinMax {
                least,
                range: greatest - least,
            },
            Fusion::ZScore => {
                let count = raws.len().max(1) as f64;
                let mean = raws.iter().sum::<f64>() / count;
                let variance = raws.iter().map(|raw| (raw - mean).powi(2)).sum::<f64>() / count;
                Self::ZScore {
                    mean,
                    deviation: variance.sqrt(),
                    least,
                }
            }
            Fusion::Rrf => Self::Reciprocal,
        }
    }

    fn normalise(self, side: &SideScore) -> Option<f64> {
        match self {
            Self::MinMax { least, range } => side.raw.map(|raw| {
                if range > 0.0 {
                    (raw - least) / range
                } else {
                    1.0
                }
            }),
            Self::ZScore {
                mean, deviation, ..
            } => side.raw.map(|raw| {
                if deviation > 0.0 {
                    (raw - mean) / deviation
                } else {
                    0.0
                }
            }),
            Self::Reciprocal => side.rank.map(|rank| 1.0 / (RRF_K + rank as f64)),
        }
    }

    /// What a missing side counts: nothing; on the scale of standard scores, where 0 is the mean,
    /// as much as the last of the list.
    fn missing(self) -> f64 {
        match self {
            Self::ZScore {
                mean,
                deviation,
                least,
            } if deviation > 0.0 => (least - mean) / deviation,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ragd_core::domain::DocumentId;
    use ragd_index::Scored;
    use uuid::Uuid;

    fn id(number: i64) -> PassageId {
        PassageId::of_document(DocumentId::from_uuid(Uuid::nil()), 1, number)
    }

    fn list(scores: &[(i64, f32)]) -> Vec<Scored> {
        scores
            .iter()
            .map(|&(number, score)| Scored {
                id: id(number),
                score,
            })
            .collect()
    }

    fn settings(fusion: Fusion) -> FusionSettings {
        FusionSettings {
            fusion,
            weights: Weights {
                bm25: 0.55,
                vector: 0.45,
            },
        }
    }

    #[test]
    fn min_max_counts_a_missing_side_as_nothing() {
        let candidates = Candidates {
            lexical: list(&[(1, 9.0), (2, 3.0)]),
            dense: list(&[(2, 0.8), (3, 0.4)]),
        };
        let fused = fuse(&candidates, &[], settings(Fusion::MinMax));
        let scores: Vec<(PassageId, f64)> = fused.iter().map(|one| (one.id, one.score)).collect();
        assert_eq!(scores, [(id(1), 0.55), (id(2), 0.45), (id(3), 0.0)]);
    }

    #[test]
    fn all_equal_scores_become_one() {
        let candidates = Candidates {
            lexical: list(&[(1, 2.0), (2, 2.0)]),
            dense: vec![],
        };
        let fused = fuse(&candidates, &[], settings(Fusion::MinMax));
        assert!(fused.iter().all(|one| one.bm25.normalised == Some(1.0)));
    }

    #[test]
    fn completed_scores_fill_the_missing_side_without_a_rank() {
        let candidates = Candidates {
            lexical: list(&[(1, 9.0)]),
            dense: list(&[(2, 0.8)]),
        };
        let completed = [
            Scores {
                id: id(1),
                lexical: 9.0,
                dense: Some(0.6),
            },
            Scores {
                id: id(2),
                lexical: 1.0,
                dense: Some(0.8),
            },
        ];
        let fused = fuse(&candidates, &completed, settings(Fusion::MinMax));
        let second = fused.iter().find(|one| one.id == id(2)).unwrap();
        assert_eq!(second.bm25.raw, Some(1.0));
        assert_eq!(second.bm25.rank, None);
    }

    #[test]
    fn reciprocal_ranks_add_up() {
        let candidates = Candidates {
            lexical: list(&[(1, 9.0), (2, 3.0)]),
            dense: list(&[(2, 0.8)]),
        };
        let fused = fuse(&candidates, &[], settings(Fusion::Rrf));
        assert_eq!(fused[0].id, id(2));
        assert!((fused[0].score - (0.55 / 62.0 + 0.45 / 61.0)).abs() < 1e-12);
    }
}
