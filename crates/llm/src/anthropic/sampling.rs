//! Which sampling parameters of a caller are sent to a model. One that the model does not take is left
//! out: it would turn the whole call into an error, and it never decides the content of an answer.

use crate::openai::call::Call;

/// The newest version of Claude that takes `temperature` and `top_p`; later ones answer 400.
const LAST_THAT_SAMPLES: (u32, u32) = (4, 6);

/// The sampling parameters that are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sampling {
    /// The temperature, cut to this wire's scale of 0 to 1. OpenAI's goes to 2, and the two scales
    /// agree where both exist.
    pub temperature: Option<f64>,
    /// The probability mass to sample from.
    pub top_p: Option<f64>,
}

impl Sampling {
    /// Those of the parameters of `call` that `model` takes.
    pub fn of(call: &Call, model: &str) -> Self {
        let wished = Self {
            temperature: call.temperature.map(|heat| heat.clamp(0.0, 1.0)),
            top_p: call.top_p,
        };
        let model = model.to_ascii_lowercase();
        match model.find("claude").and_then(|at| model.get(at..)) {
            // Another vendor's model behind this wire.
            None => wished,
            Some(name) if version(name).is_some_and(|version| version <= LAST_THAT_SAMPLES) => {
                Self {
                    // From 4.1 on the two are not taken together.
                    top_p: wished.top_p.filter(|_| wished.temperature.is_none()),
                    ..wished
                }
            }
            Some(_) => Self::default(),
        }
    }
}

/// The version in a name such as `claude-3-5-sonnet-20241022` or `claude-opus-4-6`: the first
/// number and the one behind it. A date is no version.
fn version(name: &str) -> Option<(u32, u32)> {
    let number = |word: &str| word.parse::<u32>().ok().filter(|number| *number < 100);
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let major = words.find_map(number)?;
    Some((major, words.next().and_then(number).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(model: &str, temperature: Option<f64>, top_p: Option<f64>) -> Sampling {
        let call = Call {
            temperature,
            top_p,
            ..Call::default()
        };
        Sampling::of(&call, model)
    }

    #[test]
    fn models_that_sample_are_told_the_temperature_within_their_scale() {
        for model in [
            "claude-3-5-sonnet-20241022",
            "claude-opus-4-20250514",
            "claude-sonnet-4-5",
            "anthropic.claude-opus-4-6-v1:0",
            "claude-instant-1.2",
        ] {
            let told = told(model, Some(1.5), Some(0.5));
            assert_eq!(told.temperature, Some(1.0), "{model}");
            assert_eq!(told.top_p, None, "{model}");
        }
        assert_eq!(told("claude-sonnet-4-5", None, Some(0.5)).top_p, Some(0.5));
    }

    #[test]
    fn models_that_do_not_or_that_we_do_not_know_are_told_nothing() {
        for model in [
            "claude-opus-4-7",
            "claude-sonnet-5",
            "claude-mythos-preview",
        ] {
            assert_eq!(
                told(model, Some(0.2), Some(0.5)),
                Sampling::default(),
                "{model}"
            );
        }
    }

    #[test]
    fn another_vendors_model_is_told_all() {
        let told = told("glm-9", Some(0.2), Some(0.5));
        assert_eq!((told.temperature, told.top_p), (Some(0.2), Some(0.5)));
    }
}
