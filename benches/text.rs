//! A text from its characters to the octets of all its parts: counted, cut and encoded.
//!
//! ```text
//! cargo bench --bench text
//! ```
//!
//! The throughput is of input, in octets of UTF-8.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nuncio::text::content::{Content, Requested};
use nuncio::text::cut::Cut;
use nuncio::text::national::Language;
use nuncio::text::profile::Profile;
use nuncio::text::split::Scale;
use nuncio::text::{Alphabet, national};
use std::hint::black_box;

/// One SMS, as most are.
const CODE: &str = "Your code is 123456. It is good for five minutes; tell it to nobody, not even to us.";
/// Ten SMS of sentences, with a price in each.
const LETTER: &str =
    "Dear customer, the parcel that you sent on Monday has come to the depot, and is yours for 4.20 €. ";

fn cut(text: &str, profile: &Profile) -> usize {
    let cut = Cut::of(Content::plain(text, Requested::Auto), profile).expect("the text can be sent");
    (0..cut.submits()).map(|it| cut.piece(7, it).expect("the part is there").octets.len()).sum()
}

fn texts(criterion: &mut Criterion) {
    let gsm = Profile::default();
    let latin = Profile { alphabet: Alphabet::Latin1, ..gsm };
    let turkish = Profile { national: Language::from_word("tr").into_iter().collect(), ..gsm };
    let cases = [
        ("one part, gsm7", CODE.to_owned(), gsm),
        ("ten parts, gsm7", CODE.repeat(18), gsm),
        ("ten parts with signs of money, gsm7", LETTER.repeat(15), gsm),
        ("ten parts, latin1 at data_coding 0", CODE.repeat(18), latin),
        ("ten parts, ucs2", "Ваш код 123456. ".repeat(40), gsm),
        ("ten parts, national", "Doğrulama kodunuz şudur: 123456. ".repeat(40), turkish),
    ];
    let mut group = criterion.benchmark_group("text");
    for (name, text, profile) in &cases {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(*name, |it| it.iter(|| cut(black_box(text), profile)));
    }
    let text = CODE.repeat(18);
    group.throughput(Throughput::Bytes(text.len() as u64));
    let scale = Scale::Septets(national::Shift::default());
    group.bench_function("taken, gsm7", |it| it.iter(|| scale.take(black_box(&text), usize::MAX >> 1)));
    group.finish();
}

criterion_group!(benches, texts);
criterion_main!(benches);
