//! The documents of a shop: ten bicycles that differ in their numbers alone, and what else it says; with
//! conversations about them. Data and nothing else.

pub const NAMES: [&str; 10] = [
    "Merlin", "Falcon", "Osprey", "Kestrel", "Harrier", "Condor", "Heron", "Swift", "Egret",
    "Plover",
];

const COLOURS: [&str; 10] = [
    "red and black",
    "blue and white",
    "green and grey",
    "yellow and black",
    "silver and red",
    "black and gold",
    "white and green",
    "grey and orange",
    "brown and cream",
    "violet and white",
];

/// What every section says as well, so that none is a passage with the title.
const COMMON: &str = "The figures are those of the standard model, measured by us under the conditions that \
the law prescribes, and rounded. Models for other countries may differ, and so may those of earlier years. \
Dealers who change a part have to state it on the invoice, and what they state replaces this text. Ask the \
dealer before you order if a figure matters to you, because it may change without notice during the year.";

/// The document of a bicycle.
pub fn document(number: usize) -> String {
    let n = number + 1;
    let name = NAMES[number];
    format!(
        "# The {name}\n\nA touring bicycle with an electric motor, for every day and for long journeys.\n\n\
         ## Guarantee\n\nIts frame has a guarantee of {} years from the day of purchase. {COMMON}\n\n\
         ## Price\n\nIt costs {} euros, taxes included. {COMMON}\n\n\
         ## Weight\n\nIt weighs {} kilograms without luggage. {COMMON}\n\n\
         ## Colours\n\nIt comes in {}. {COMMON}\n\n\
         ## Battery\n\nOne charge of its battery lasts for {} kilometres, and charging takes {} hours. {COMMON}\n\n\
         ## Delivery\n\nIt is delivered within {} days after the order. {COMMON}\n",
        n + 2,
        800 + 110 * n,
        15 + n,
        COLOURS[number],
        60 + 7 * n,
        2 + n,
        3 * n + 1,
    )
}

/// Three questions, of which the last one is about the `expected` bicycle.
pub struct Conversation {
    pub questions: Vec<String>,
    pub expected: &'static str,
}

const FIRST: [&str; 8] = [
    "How long is the guarantee of the {}?",
    "What does the {} cost?",
    "Which colours does the {} come in?",
    "How heavy is the {}?",
    "How far does the {} go on one charge?",
    "When is the {} delivered?",
    "Was kostet der {}?",
    "Is the {} guaranteed for more than two years?",
];

/// Two follow-ups; those with `{}` go over to another bicycle.
const THEN: [[&str; 2]; 15] = [
    ["And how much does it cost?", "What about the colours?"],
    ["How heavy is it?", "And the battery?"],
    ["Which colours does it come in?", "And its price?"],
    ["How long is its guarantee?", "When is it delivered?"],
    ["And the delivery?", "How much does it weigh?"],
    [
        "What about its battery?",
        "How long does it take to charge it?",
    ],
    ["And the {}?", "How heavy is it?"],
    ["Does it come in green?", "How long is the guarantee?"],
    ["What colours are there for it?", "The price?"],
    ["And the weight?", "How far does it go on one charge?"],
    ["How about the {}?", "And what does that cost?"],
    ["Wie schwer ist er?", "Und der Preis?"],
    [
        "How many days does its delivery take?",
        "What is the weight?",
    ],
    ["What does the {} cost?", "And its guarantee?"],
    [
        "Which guarantee does it have?",
        "How many hours must it be charged?",
    ],
];

/// The thirty conversations.
pub fn conversations() -> Vec<Conversation> {
    (0..30)
        .map(|number| {
            let (name, other) = (NAMES[number % 10], NAMES[(number + 3) % 10]);
            let then = THEN[number % 15];
            let goes_over = then[0].contains("{}");
            Conversation {
                questions: vec![
                    FIRST[number % 8].replace("{}", name),
                    then[0].replace("{}", other),
                    then[1].to_owned(),
                ],
                expected: if goes_over { other } else { name },
            }
        })
        .collect()
}

/// Questions about something else, each with the document that answers it.
pub const OTHERS: [(&str, &str); 20] = [
    (
        "How do I reset my password?",
        "# Passwords\n\nTo reset your password, follow the link in the mail that we send you.",
    ),
    (
        "Who founded the company?",
        "# History\n\nThe company was founded by Ida Berg in 1988.",
    ),
    (
        "Where is the office in Bergen?",
        "# Offices\n\nThe office in Bergen is in Strandgaten 12.",
    ),
    (
        "Can I pay by invoice?",
        "# Payment\n\nCompanies can pay by invoice within fourteen days.",
    ),
    (
        "What happens to my data when I delete my account?",
        "# Privacy\n\nWhen you delete your account, your data is erased after thirty days.",
    ),
    (
        "How many people work in the warehouse?",
        "# Warehouse\n\nForty people work in the warehouse near Voss.",
    ),
    (
        "Which helmets are sold?",
        "# Helmets\n\nHelmets are sold in three sizes, for children as well.",
    ),
    (
        "Is there a student discount?",
        "# Discounts\n\nStudents get a discount of ten percent with a valid card.",
    ),
    (
        "When does the repair workshop open?",
        "# Workshop\n\nThe repair workshop opens at eight on weekdays.",
    ),
    (
        "How do I return shoes that do not fit?",
        "# Returns\n\nReturn shoes that do not fit in their box within a month.",
    ),
    (
        "What is the phone number of the support team?",
        "# Support\n\nThe phone number of the support team is 555 0199.",
    ),
    (
        "Are there guided tours in the mountains?",
        "# Tours\n\nGuided tours in the mountains take place every June.",
    ),
    (
        "If a parcel is lost, who pays for it?",
        "# Parcels\n\nIf a parcel is lost, the carrier pays for it.",
    ),
    (
        "Is it possible to rent a trailer?",
        "# Trailers\n\nIt is possible to rent a trailer for a week.",
    ),
    (
        "Do you sell gift vouchers?",
        "# Vouchers\n\nGift vouchers are sold online and are valid for three years.",
    ),
    (
        "Which languages does the newsletter come in?",
        "# Newsletter\n\nThe newsletter comes in Norwegian, English and German languages.",
    ),
    (
        "How is old oil disposed of?",
        "# Environment\n\nOld oil is disposed of by a licensed recycler.",
    ),
    (
        "What does the membership in the club include?",
        "# Club\n\nThe membership in the club includes insurance and a magazine.",
    ),
    (
        "Who may park behind the shop?",
        "# Parking\n\nOnly customers may park behind the shop.",
    ),
    (
        "How long does it take to get a refund?",
        "# Refunds\n\nIt takes five days to get a refund.",
    ),
];
