//! Whole answers, on texts such as people ask about.

use super::*;

const HISTORY: &str = "       TRAILSIZE\n              The maximum number of commands to remember in the trail list.\n\
    \x20             If the value is 0, commands are not saved in the trail list. The\n              shell sets the default to 400.\n\
    \x20      TRAILFILE\n              The name of the file in which the command trail is saved.  The\n              default is ~/.shell_trail.\n\
    \x20      TRAILCONTROL\n              A colon-separated list of values that control how commands are\n              saved. A value of ignoredups keeps lines that match the previous\n              line from being saved.\n";

const LEASES: &str = "A lease is a promise of the lock server that nobody else will hold the lock until the \
    lease ends. The holder renews it every ten seconds. Leases exist because a process that stops \
    cannot give its lock back. To give a lease back early, call `release` with its token:\n\n\
    ```\nlockctl release --token T\n```\n\nThe server keeps at most 10,000 leases.";

const GARDEN: &str = "Tomatoes need six hours of sun a day. Water them at the root in the morning, \
    because wet leaves invite blight. Pinch out side shoots every week.";

fn sources() -> Vec<ExtractiveSource<'static>> {
    let source = |index, title, heading, text| ExtractiveSource {
        index,
        title,
        heading,
        text,
    };
    vec![
        source(1, "Shell manual", "Shell Variables", HISTORY),
        source(2, "Lock server", "Leases", LEASES),
        source(3, "Garden notes", "", GARDEN),
    ]
}

fn ask(question: &str) -> ExtractiveAnswer {
    answer(question, &sources())
}

fn assert_best(question: &str, source: usize, part: &str) {
    let answer = ask(question);
    let best = answer
        .sentences
        .iter()
        .max_by(|a, b| a.score.total_cmp(&b.score));
    let best = best.unwrap_or_else(|| unreachable!("no answer to {question}: {answer:?}"));
    assert_eq!(best.source, source, "{question}: {answer:?}");
    assert!(best.sentence.contains(part), "{question}: {answer:?}");
}

#[test]
fn the_sentence_that_answers_comes_out_first() {
    for (question, source, part) in [
        (
            "What does TRAILSIZE do?",
            1,
            "TRAILSIZE The maximum number of commands",
        ),
        (
            "Which variable controls how many commands are remembered?",
            1,
            "TRAILSIZE",
        ),
        (
            "Where is the trail saved?",
            1,
            "TRAILFILE The name of the file",
        ),
        ("What is the default of TRAILFILE?", 1, "~/.shell_trail"),
        ("What is a lease?", 2, "A lease is a promise"),
        ("Why do leases exist?", 2, "because a process that stops"),
        (
            "How do I give back a lease early?",
            2,
            "lockctl release --token T",
        ),
        ("How many leases does the server keep?", 2, "10,000"),
        ("How often is a lease renewed?", 2, "every ten seconds"),
        ("how much sun do tomatoes need", 3, "six hours"),
        ("Why are tomatoes watered at the root?", 3, "blight"),
    ] {
        assert_best(question, source, part);
    }
}

#[test]
fn what_is_not_in_the_sources_is_not_found() {
    for question in [
        "What does TRAILCOLOUR do?",
        "What is the capital of Mongolia?",
        "How do I configure replication slots?",
        "Who wrote the lock server's billing module?",
        "what is it?",
        "",
    ] {
        let answer = ask(question);
        assert!(!answer.supported, "{question}: {answer:?}");
        assert_eq!(answer.text, NOT_FOUND);
        assert!(answer.sentences.is_empty());
    }
    assert!(NOT_FOUND.contains("not found in the documents"));
    assert!(!answer("What is a lease?", &[]).supported);
}

#[test]
fn a_question_beside_the_subject_is_not_answered_by_its_other_words() {
    for question in [
        // A name that no source has, …
        "How many leases does the server keep on Windows?",
        // … one that only another source has, …
        "Which Garden holds the lock of a lease?",
        // … and a subject that no source speaks of.
        "How do I encrypt the commands of the trail list?",
        "How do I leasestore the lock of a process?",
    ] {
        let answer = ask(question);
        assert!(!answer.supported, "{question}: {answer:?}");
    }
    // The same questions without it.
    assert!(ask("How many leases does the server keep?").supported);
    assert!(ask("Which server holds the lock of a lease?").supported);
}

#[test]
fn every_sentence_is_the_sources_own_and_has_its_marker() {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for question in [
        "What does TRAILSIZE do?",
        "What is a lease?",
        "Why water tomatoes?",
    ] {
        let answer = ask(question);
        assert!((1..=4).contains(&answer.sentences.len()), "{answer:?}");
        for one in &answer.sentences {
            let text = one_line(&sources()[one.source - 1].text.replace('`', ""));
            assert!(
                text.contains(&one.sentence),
                "{} is not in {text}",
                one.sentence
            );
            assert!(
                answer
                    .text
                    .contains(&format!("{} [{}]", one.sentence, one.source))
            );
        }
    }
}

#[test]
fn a_sentence_is_not_said_twice() {
    let source = |index| ExtractiveSource {
        index,
        title: "Lock server",
        heading: "",
        text: LEASES,
    };
    let answer = answer("What is a lease?", &[source(1), source(2)]);
    let mut sentences: Vec<&str> = answer
        .sentences
        .iter()
        .map(|one| one.sentence.as_str())
        .collect();
    sentences.sort_unstable();
    let all = sentences.len();
    sentences.dedup();
    assert_eq!(sentences.len(), all, "{answer:?}");
}

#[test]
fn a_question_in_the_source_is_not_its_answer() {
    let faq = "Q: How do I reset my password?\nA: Open the profile page and choose Forgotten.\n\n\
               Q: How do I close my account?\nA: Write to the office.";
    let source = ExtractiveSource {
        index: 1,
        title: "FAQ",
        heading: "",
        text: faq,
    };
    let answer = answer("How do I reset my password?", &[source]);
    assert!(answer.text.contains("Open the profile page"), "{answer:?}");
    assert!(!answer.text.contains("close my account"), "{answer:?}");
}

#[test]
fn similarities_find_what_words_do_not() {
    let sources = sources();
    let candidates = candidates(&sources);
    let question = "What illness do soaked plants catch in the garden notes?";
    let similar: Vec<f32> = candidates
        .iter()
        .map(|one| {
            if one.text.contains("blight") {
                0.7
            } else {
                0.1
            }
        })
        .collect();
    let signals = Signals {
        similarities: Some(&similar),
        weights: None,
    };
    let answer = select(question, &candidates, signals);
    assert!(
        answer.sentences[0].sentence.contains("blight"),
        "{answer:?}"
    );
}

#[test]
fn only_promising_sentences_need_a_vector() {
    let sources = sources();
    let candidates = candidates(&sources);
    let question = "What is a lease?";
    let worth = promising(question, &candidates, 4);
    assert_eq!(worth.len(), 4);
    assert!(worth.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(
        worth
            .iter()
            .any(|at| candidates[*at].text.starts_with("A lease is"))
    );
    let mut similar = vec![f32::NAN; candidates.len()];
    for at in worth {
        similar[at] = 0.5;
    }
    let signals = Signals {
        similarities: Some(&similar),
        weights: None,
    };
    let answer = select(question, &candidates, signals);
    assert!(
        answer.sentences[0].sentence.starts_with("A lease is"),
        "{answer:?}"
    );
    assert!(answer.sentences.iter().all(|one| one.score.is_finite()));
}

#[test]
fn the_callers_weights_count() {
    let sources = [ExtractiveSource {
        index: 1,
        title: "",
        heading: "",
        text: "The red lamp means danger ahead. The green lamp means all is well.",
    }];
    let candidates = candidates(&sources);
    let only =
        |wanted: &'static str| move |word: &str| Some(if word == wanted { 9.0 } else { 0.0 });
    let best_for = |wanted: &'static str| {
        let weights = only(wanted);
        let signals = Signals {
            similarities: None,
            weights: Some(&weights),
        };
        let answer = select("red or green", &candidates, signals);
        let best = answer
            .sentences
            .iter()
            .max_by(|a, b| a.score.total_cmp(&b.score));
        best.map(|one| one.sentence.clone()).unwrap_or_default()
    };
    assert!(best_for("red").contains("danger"));
    assert!(best_for("green").contains("well"));
}

#[test]
fn markers_and_images_of_a_source_do_not_get_into_the_answer() {
    let source = ExtractiveSource {
        index: 1,
        title: "",
        heading: "",
        text: "A quoll [7] is a small ![x](http://tracker/p.png) marsupial [2, 3] of [Australia](http://e.com).",
    };
    let answer = answer("What is a quoll?", &[source]);
    assert_eq!(
        answer.text,
        "A quoll is a small x marsupial of Australia. [1]"
    );
}

#[test]
fn answers_do_not_change_from_run_to_run() {
    let first = ask("How do leases and the trail list work?");
    for _ in 0..5 {
        assert_eq!(ask("How do leases and the trail list work?"), first);
    }
}

#[test]
fn hostile_text_takes_linear_time_and_breaks_nothing() {
    let text = "a_b `[(* ".repeat(20_000) + &"- x\n".repeat(20_000) + &"W\n  Y z w\n".repeat(5_000);
    let source = ExtractiveSource {
        index: 1,
        title: "",
        heading: "",
        text: &text,
    };
    let answer = answer(&"x_y W a_b ".repeat(800), &[source]);
    assert!(answer.score <= 1.0);
}
