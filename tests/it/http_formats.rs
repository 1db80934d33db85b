//! Documents of many formats over HTTP: found with the place that they were found at, or refused with
//! their reason.

use crate::support::app::TestApp;
use crate::support::office::{Container, paragraph};
use ragd::config::{Config, Sources};
use reqwest::multipart::{Form, Part};
use serde_json::Value;

async fn upload(app: &TestApp, token: &str, name: &str, bytes: Vec<u8>) -> (u16, Value) {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    let request = app
        .post("/api/documents/upload?wait=true")
        .bearer_auth(token);
    let answer = request.multipart(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn prices() -> Vec<u8> {
    let row = |cells: [&str; 2]| {
        let cells: String = cells
            .iter()
            .map(|text| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"))
            .collect();
        format!("<row>{cells}</row>")
    };
    let sheet = |rows: [[&str; 2]; 2]| format!("<sheetData>{}</sheetData>", rows.map(row).concat());
    let staff = sheet([["Name", "Town"], ["Ann", "Bonn"]]);
    let costs = sheet([["Machine", "Guarantee"], ["Espresso mill", "27 months"]]);
    Container::xlsx(&[("Staff", "", &staff), ("Machines", "", &costs)]).finish()
}

#[tokio::test]
async fn a_row_of_a_workbook_is_found_with_its_sheet_and_headers() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let (status, sent) = upload(&app, &token, "prices.xlsx", prices()).await;
    assert_eq!(status, 201, "{sent}");
    let request = app
        .get("/api/admin/memory/preview?q=espresso+guarantee")
        .bearer_auth(&token);
    let found: Value = request.send().await.unwrap().json().await.unwrap();
    let first = &found["results"][0];
    let text = first["content"].as_str().unwrap();
    assert!(
        text.contains("- Machine: Espresso mill | Guarantee: 27 months"),
        "{found}"
    );
    assert_eq!(first["page"], 2, "{found}");
    app.finish().await;
}

#[tokio::test]
async fn a_document_that_lies_is_refused_with_its_reason() {
    let app = TestApp::spawn().await;
    let token = app.admin_token().await;
    let word = Container::docx(&paragraph("", "words")).finish();
    let (status, problem) = upload(&app, &token, "a.xlsx", word.clone()).await;
    assert_eq!(
        (status, &problem["code"]),
        (422, &"content_mismatch".into()),
        "{problem}"
    );
    let cut = word[..word.len() / 2].to_vec();
    let (status, problem) = upload(&app, &token, "b.docx", cut).await;
    assert_eq!(
        (status, &problem["code"]),
        (422, &"corrupt".into()),
        "{problem}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("archive is broken")
    );
    app.finish().await;
}

/// The list of the settings and the list of the parsers are one.
#[test]
fn every_format_that_is_read_is_allowed() {
    let loaded = Config::load(&Sources::default()).unwrap();
    let mut allowed = loaded.config.ingest.allowed_extensions;
    let mut read: Vec<String> = ragd::text::allowed_extensions()
        .map(str::to_owned)
        .collect();
    allowed.sort();
    read.sort();
    assert_eq!(allowed, read);
}
