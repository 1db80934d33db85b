//! What a page or mail does not show is not text.

use super::extract;

async fn html(page: &str) -> String {
    extract("a.html", page.as_bytes()).await.unwrap().text
}

#[tokio::test]
async fn hidden_elements_are_left_out_with_all_they_hold() {
    for hidden in [
        "<div hidden>TRAP</div>",
        "<div hidden=''><p>TRAP<div>TRAP</div></div>",
        "<p hidden>TRAP",
        "<p aria-hidden=true>TRAP</p>",
        "<span style='display:none'>TRAP <b>TRAP</b></span>",
        "<div style='visibility: hidden'>TRAP</div>",
        "<div style=\"DISPLAY: NONE !important; color: red\">TRAP</div>",
        "<div style='display:none;max-height:0;overflow:hidden'>TRAP</div>",
        "<span style='font-size:0'>TRAP</span>",
        "<span style='opacity: 0.0'>TRAP</span>",
        "<div style='position:absolute;left:-10000px'>TRAP</div>",
        "<style>.note, .preheader { display: none }</style><div class='x preheader'>TRAP</div>",
        "<style>div.preheader { display: none }</style><div class='x preheader'>TRAP</div>",
        "<style>.a.b { display: none }</style><p class='b a'>TRAP</p>",
        "<style>#bot{visibility:hidden}</style><p id=bot>TRAP</p>",
        "<ul><li hidden>TRAP<li style='display:none'>TRAP</ul>",
        "<table><tr><td hidden>TRAP<table><tr><td>TRAP</table> TRAP</td></tr></table>",
        "<img hidden alt=TRAP>",
        "<noscript>TRAP</noscript><template><p>TRAP</p></template>",
        "<input type=hidden value=TRAP>",
        "<dialog>TRAP</dialog>",
    ] {
        let found = html(&format!("<p>Before.</p>{hidden}<p>After.</p>")).await;
        assert!(!found.contains("TRAP"), "{hidden}: {found}");
        assert!(
            found.contains("Before.") && found.ends_with("After."),
            "{hidden}: {found}"
        );
    }
}

#[tokio::test]
async fn what_a_reader_can_see_stays() {
    for shown in [
        "<details><summary>Groups</summary>SHOWN</details>",
        "<div hidden=until-found>SHOWN</div>",
        "<div aria-hidden=false>SHOWN</div>",
        "<div style='overflow:hidden'>SHOWN</div>",
        "<style>@media print{.a{display:none}}</style><div class=a>SHOWN</div>",
        "<style>/* .a{display:none} */ .b .a{display:none}</style><div class=a>SHOWN</div>",
        "<style>span.a { display: none }</style><div class=a>SHOWN</div>",
        "<style>.a{display:none} @media (min-width:40em){.a{display:block}}</style><p class=a>SHOWN</p>",
        "<style>.a{display:none}</style><p class=a style='display:block'>SHOWN</p>",
        "<dialog open>SHOWN</dialog>",
        "<textarea>SHOWN</textarea>",
        "<p hidden>no<p>SHOWN",
        "<ul><li hidden>no<li>SHOWN</ul>",
        "<hr><hr><br><p>SHOWN</p>",
    ] {
        let found = html(&format!("<p>Before.</p>{shown}")).await;
        assert!(found.contains("SHOWN"), "{shown}: {found}");
        assert!(!found.contains("no"), "{shown}: {found}");
    }
    let rules = "<hr>".repeat(5_000);
    assert_eq!(html(&format!("{rules}<p>End.</p>")).await, "End.");
}

#[tokio::test]
async fn the_line_before_a_mail_that_programs_show_is_not_its_text() {
    let mail = "From: a@example.com\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>\
        <div style=\"display:none;font-size:1px;line-height:1px;max-height:0\">TRAP</div>\
        <p>The ferry leaves at ten.</p></body></html>";
    let found = extract("a.eml", mail.as_bytes()).await.unwrap().text;
    assert!(
        found.contains("The ferry leaves at ten.") && !found.contains("TRAP"),
        "{found}"
    );
}
