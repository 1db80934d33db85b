//! Whole verdicts by words alone, on a text such as people ask about.

use super::*;

const TEXT: &str = "Employees receive 25 days of paid leave each year. Unused days are not paid \
                    out. The office in Lisbon closes in August.";

const LIST: &str = "The backup contains:\n\n- the settings of the server\n- every document of the \
                    library\n\nIt is kept for two weeks. Nobody but the owner can read it.";

fn verdict(claim: &str, text: &str) -> Verdict {
    let passage = CitedPassage {
        title: "Handbook",
        heading: "",
        text,
    };
    examine(claim, &Evidence::read(&passage)).verdict(None)
}

#[test]
fn what_the_passage_says_is_supported() {
    for (claim, text) in [
        ("Employees receive 25 days of paid leave each year.", TEXT),
        ("Employees get twenty-five days of paid leave a year", TEXT),
        ("Unused days are not paid out.", TEXT),
        (
            "Each year has 25 days of paid leave; the Lisbon office closes in August.",
            TEXT,
        ),
        ("The backup contains every document of the library.", LIST),
        ("The backup is kept for 14 days.", LIST),
    ] {
        let verdict = verdict(claim, text);
        assert_eq!(verdict.reason, None, "{claim}: {verdict:?}");
        assert!(verdict.score >= 0.5, "{claim}: {verdict:?}");
    }
}

#[test]
fn what_differs_is_named() {
    for (claim, expected) in [
        (
            "Employees receive 30 days of paid leave each year.",
            Reason::Number,
        ),
        (
            "Employees receive 25 weeks of paid leave each year.",
            Reason::Number,
        ),
        ("Unused days are paid out.", Reason::Negation),
        ("The office in Lisbon opens in August.", Reason::Entity),
        ("The office in Madrid closes in August.", Reason::Entity),
        (
            "Remote work requires written approval beforehand.",
            Reason::Words,
        ),
        ("", Reason::Words),
    ] {
        let verdict = verdict(claim, TEXT);
        assert_eq!(verdict.reason, Some(expected), "{claim}: {verdict:?}");
        assert!(verdict.score < 0.5, "{claim}: {verdict:?}");
    }
}

#[test]
fn vectors_decide_where_words_leave_a_doubt() {
    let passage = CitedPassage {
        text: "The office in Lisbon closes in August.",
        ..CitedPassage::default()
    };
    let examined = examine(
        "The Lisbon branch shuts for the late summer in August",
        &Evidence::read(&passage),
    );
    let texts = examined.texts_to_embed();
    assert!(texts.len() >= 2, "{texts:?}");
    let near = vec![vec![1.0, 0.0]; texts.len()];
    let mut far = near.clone();
    far[1] = vec![0.0, 1.0];
    let with = |vectors: &[Vec<f32>]| examined.verdict(Some(vectors)).score;
    assert!(with(&near) > with(&far));
    assert_eq!(examined.verdict(Some(&near[..1])), examined.verdict(None));
}

#[test]
fn words_that_suffice_ask_for_no_vectors() {
    let passage = CitedPassage {
        text: TEXT,
        ..CitedPassage::default()
    };
    let evidence = Evidence::read(&passage);
    for claim in [
        "Unused days are not paid out.",
        "Unused days are paid out.",
        "Quarks have colours.",
    ] {
        assert!(
            examine(claim, &evidence).texts_to_embed().is_empty(),
            "{claim}"
        );
    }
}

#[test]
fn hostile_texts_end() {
    let long = "not 1 GB never ( ; ".repeat(5_000);
    let verdict = verdict(&long, &long);
    assert!((0.0..=1.0).contains(&verdict.score));
}
