//! When and to whom is not written.

use super::{Folder, SMALL, errors, loaded};
use crate::message::class::Class;
use crate::message::id::AccountId;
use crate::message::reason::Reason;
use crate::number::e164::E164;
use crate::route::hours::Hours;
use crate::route::opt_out::List;

#[test]
fn quiet_hours_and_registrations_are_checked_for_what_they_mean() {
    let of = |lines: &str| errors(&format!("{SMALL}{lines}\n"));
    let route = |lines: &str| loaded(&format!("{SMALL}{lines}\n")).plan.routes.values().next().unwrap().clone();
    assert_eq!(route("quiet_hours = \"22:00-08:00\"").quiet_hours, Some(Hours { from: 1_320, to: 480 }));
    assert_eq!(route("quiet_hours = \"\"").quiet_hours, None);
    assert_eq!(
        of("quiet_hours = \"22-8\""),
        "nuncio.toml:16: route 8, quiet_hours: \"22-8\": hours are written as \"22:00-08:00\""
    );
    assert_eq!(
        of("quiet_hours = \"00:00-24:00\""),
        "nuncio.toml:16: route 8, quiet_hours: \"00:00-24:00\": hours that end when they begin are none, or all"
    );
    assert_eq!(
        of("class = \"otp\"\nquiet_hours = \"22:00-08:00\""),
        "nuncio.toml:17: route 8, quiet_hours: a one-time code that waits for the morning is of no use; remove it, or the class otp"
    );
    let dlt = route("dlt = { required = true, entity = \"1701\" }").dlt.unwrap();
    assert_eq!((dlt.required, dlt.default.entity_id.as_deref(), dlt.default.template_id), (true, Some("1701"), None));
    assert_eq!(
        of("dlt = { entity = \"\" }"),
        "nuncio.toml:16: route 8, dlt.entity: \"\" is not 1 to 255 characters of ASCII"
    );
}

#[test]
fn words_and_lists_of_opt_outs_are_checked_for_what_they_mean() {
    let of = |lines: &str| errors(&format!("{SMALL}\n[opt_out]\n{lines}\n"));
    assert_eq!(of("keywords = []\nscope = \"all\""), "");
    assert_eq!(
        of("keywords = [\"STOP ALL\"]"),
        "nuncio.toml:18: opt_out.keywords: \"STOP ALL\" is not one word without blanks and stops"
    );
    assert_eq!(of("lone_keywords = [\"OPT OUT\"]"), "");
    assert_eq!(
        of("lone_keywords = [\"A B C D\"]"),
        "nuncio.toml:18: opt_out.lone_keywords: \"A B C D\" is not one to 3 words without stops"
    );
    assert_eq!(of("keywords = [\"STOP\", \"stop\"]"), "nuncio.toml:18: opt_out.keywords: \"stop\" stands there twice");
    assert_eq!(
        of("start_keywords = [\"Stop\"]"),
        "nuncio.toml:18: opt_out.start_keywords: \"stop\" is one of keywords, too"
    );
    assert_eq!(
        of("scope = \"marketting\""),
        "nuncio.toml:18: opt_out.scope: unknown value \"marketting\"; did you mean marketing?"
    );
    assert!(of("keyword = [\"STOP\"]").contains("opt_out.keyword: unknown key; did you mean keywords?"));
    assert!(
        of("suppressions_file = \"/nowhere\"")
            .starts_with("nuncio.toml:18: opt_out.suppressions_file: /nowhere cannot be read: ")
    );
}

#[test]
fn a_list_of_numbers_is_read_line_by_line() {
    let folder = Folder::with(&format!("{SMALL}\n[opt_out]\nsuppressions_file = \"dnd.csv\"\n"));
    let text = |file: &std::path::Path| format!("{SMALL}\n[opt_out]\nsuppressions_file = \"{}\"\n", file.display());
    let file = folder.path("dnd.csv");
    folder.write("nuncio.toml", &text(&file));
    folder.write(
        "dnd.csv",
        "number,sender\n\u{202A}31 6 12345678\u{202C}\n# of the registry\n\n\"+31612345679\", \"SHOP\"\r\n",
    );
    let plan = loaded(&text(&file)).plan;
    let refuses =
        |sender, number| plan.opt_out.refuses(Class::Marketing, &List::default(), (AccountId(1), sender, E164(number)));
    assert_eq!(plan.opt_out.listed.len(), 2);
    assert_eq!(
        (refuses("any", 31_612_345_678), refuses("shop", 31_612_345_679)),
        (Some(Reason::Dnd), Some(Reason::Dnd))
    );
    assert_eq!((refuses("any", 31_612_345_679), refuses("any", 31_612_345_670)), (None, None));
    // The first line may be a head; any other has a number. Not every line of a wrong file is told.
    folder.write("dnd.csv", &format!("0612345678\n31612345678\n{}", "hello\n".repeat(30)));
    let said = folder.read(&[]).unwrap_err();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 10, "{said}");
    assert!(lines[0].contains("dnd.csv:1: ") && lines[1].contains("dnd.csv:3: "), "{said}");
}
