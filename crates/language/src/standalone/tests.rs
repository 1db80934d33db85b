//! Follow-ups with their subjects, and questions that stand alone, in several languages.

use super::{Speaker, Standalone, Turn, standalone};

fn asked(text: &str) -> Turn<'_> {
    Turn {
        speaker: Speaker::Asker,
        text,
        titles: &[],
    }
}

fn answered<'a>(text: &'a str, titles: &'a [&'a str]) -> Turn<'a> {
    Turn {
        speaker: Speaker::Answerer,
        text,
        titles,
    }
}

fn searched(turns: &[Turn<'_>], question: &str) -> String {
    match standalone(question, turns) {
        Standalone::Rewritten(text) => text,
        Standalone::AsAsked => question.to_owned(),
        Standalone::Unknown => "?".to_owned(),
    }
}

#[test]
fn a_follow_up_takes_the_subject_of_the_turns_before() {
    let english = [
        asked("How long is the guarantee of the Merlin?"),
        answered("Its frame has a guarantee of ten years. [1]", &[]),
    ];
    let german = [
        asked("Wie lang ist die Garantie des Merlin?"),
        answered("Zehn Jahre. [1]", &[]),
    ];
    let french = [
        asked("Quelle est la garantie du Merlin ?"),
        answered("Dix ans. [1]", &[]),
    ];
    for (turns, question, expected) in [
        (
            &english,
            "And how much does it cost?",
            "how much does Merlin cost?",
        ),
        (
            &english,
            "How much does it cost?",
            "How much does Merlin cost?",
        ),
        (&english, "What is its weight?", "What is Merlin's weight?"),
        (
            &english,
            "Which colours do they come in?",
            "Which colours do Merlin come in?",
        ),
        (&english, "And the price?", "What is the price of Merlin?"),
        (
            &english,
            "What about the weight?",
            "What is the weight of Merlin?",
        ),
        (&english, "Which colours?", "Which colours (Merlin)"),
        (
            &english,
            "And the Falcon?",
            "How long is the guarantee of the Falcon?",
        ),
        (
            &english,
            "How about the Falcon 300?",
            "How long is the guarantee of the Falcon 300?",
        ),
        (
            &english,
            "How heavy is the frame?",
            "How heavy is the frame of Merlin?",
        ),
        (
            &english,
            "What is the price?",
            "What is the price of Merlin?",
        ),
        (
            &english,
            "How long does it take to charge it?",
            "How long does it take to charge Merlin?",
        ),
        (
            &english,
            "Does it ship to Norway?",
            "Does Merlin ship to Norway?",
        ),
        (
            &english,
            "How much does that cost?",
            "How much does Merlin cost?",
        ),
        (&german, "Und was kostet er?", "was kostet er (Merlin)"),
        (
            &german,
            "Wie schwer ist sein Rahmen?",
            "Wie schwer ist sein Rahmen (Merlin)",
        ),
        (&german, "Und der Preis?", "der Preis (Merlin)"),
        (
            &german,
            "Was ist mit dem Falken?",
            "Wie lang ist die Garantie des Falken?",
        ),
        (&french, "Et son prix ?", "son prix (Merlin)"),
        (
            &french,
            "Combien coûte-t-elle, et où est-elle vendue ?",
            "Combien coûte-t-elle, et où est-elle vendue ?",
        ),
    ] {
        assert_eq!(searched(turns, question), expected, "{question}");
    }
}

#[test]
fn the_subject_changes_with_the_conversation() {
    let turns = [
        asked("How long is the guarantee of the Merlin?"),
        answered("Ten years. [1]", &["The Merlin"]),
        asked("And the Falcon?"),
        answered("Five years. [1]", &["The Falcon"]),
    ];
    assert_eq!(searched(&turns, "How heavy is it?"), "How heavy is Falcon?");
    let turns = [
        asked("Which bicycle has a basket?"),
        answered("The basket is part of it. [1]", &["The Osprey"]),
    ];
    assert_eq!(
        searched(&turns, "How heavy is it?"),
        "How heavy is The Osprey?"
    );
    let turns = [
        asked("What does the Merlin cost?"),
        answered("900 euros. [1]", &["The Merlin"]),
        asked("How do I reset my password?"),
        answered("By mail. [1]", &["Accounts"]),
    ];
    assert_eq!(
        searched(&turns, "How long does it take?"),
        "How long does Accounts take?"
    );
}

#[test]
fn other_questions_are_left_alone() {
    let turns = [
        asked("How long is the guarantee of the Merlin?"),
        answered(
            "Its frame has a guarantee of ten years. [1]",
            &["The Merlin"],
        ),
    ];
    for question in [
        "How do I reset my password?",
        "What is the capital of Norway?",
        "Who founded the company?",
        "Where can I return a parcel?",
        "When does the office in Bergen open?",
        "How much does the Falcon weigh?",
        "Does the Falcon have a basket, and how large is it?",
        "If a parcel is lost, who pays for it?",
        "How long does it take to get a refund?",
        "Is it possible to pay by invoice?",
        "And how do I reset my password?",
        "What happens to my data when I delete my account?",
        "Can I return shoes if they do not fit?",
        "How do I return a bag that does not close?",
        "Which shoes are there that do not slip?",
        "How many people work in the warehouse?",
        "Which payment methods are accepted?",
        "What about the guarantee of the Falcon and how long is it?",
        "Wie kann ich Sie erreichen?",
        "Wo liegt das Lager in Bergen?",
        "Wer hat die Firma gegründet?",
        "Est-il possible de payer par facture ?",
    ] {
        assert_eq!(
            standalone(question, &turns),
            Standalone::AsAsked,
            "{question}"
        );
    }
}

#[test]
fn without_a_subject_nothing_is_made_up() {
    assert_eq!(
        standalone("How much does it cost?", &[]),
        Standalone::AsAsked
    );
    let turns = [asked("hello"), answered("Hello.", &[])];
    assert_eq!(
        standalone("How much does it cost?", &turns),
        Standalone::Unknown
    );
}
