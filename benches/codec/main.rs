//! The codec beside three others, in one run: decode and encode of a `submit_sm`, of a `deliver_sm`
//! with a receipt, and of 64 `submit_sm` in one buffer.
//!
//! Each is used as its documentation has it. Those that read from a slice are given one; those
//! that consume a buffer are given a fresh one each time, which is made and freed off the clock.
//! Before anything is measured, it is proved that every one of them reads the same fields, and that
//! decoding here allocates nothing.

use bytes::{Bytes, BytesMut};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BatchSize, Bencher, Criterion, Throughput};
use codec_bench::smpp::address::Address;
use codec_bench::smpp::frame::{PDU_MAX_DEFAULT, next_frame};
use codec_bench::smpp::pdu::{Body, Pdu};
use codec_bench::smpp::sm::Sm;
use codec_bench::smpp::tlv::{Tag, Tlvs};
use rusmpp_core::command::{borrowed, owned};
use rusmpp_core::decode::borrowed::DecodeWithLength as _;
use rusmpp_core::decode::owned::DecodeWithLength as _;
use rusmpp_core::encode::Length as _;
use rusmpp_core::encode::Encode as EncodeToSlice;
use rusmpp_core::encode::owned::Encode as EncodeToBuffer;
use smpp_codec::pdus::{DeliverSmRequest, SubmitSmRequest};
use std::hint::black_box;
use std::time::Duration;

/// How many PDUs stand in one buffer.
const BATCH: usize = 64;

/// Optional parameters that a borrowed command of rusmpp-core has room for.
const ROOM: usize = 16;

type Borrowed<'a> = borrowed::Command<'a, ROOM>;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let submit = encoded(&submit_sm());
    assert_eq!(submit.len(), 82);
    let deliver = encoded(&deliver_sm());
    alike(&submit, &deliver);
    allocates_nothing(&[submit.clone(), deliver.clone()]);
    decode(&mut criterion, "decode submit_sm", &submit);
    decode(&mut criterion, "decode deliver_sm", &deliver);
    decode_batch(&mut criterion, &submit);
    encode(&mut criterion, "encode submit_sm", &submit, 1);
    encode(&mut criterion, "encode deliver_sm", &deliver, 1);
    encode(&mut criterion, "encode 64 submit_sm", &submit, BATCH);
    criterion.final_summary();
}

fn submit_sm() -> Pdu {
    Pdu::request(
        77,
        Body::SubmitSm(Sm {
            source: Address::new(5, 0, "NUNCIO"),
            destination: Address::new(1, 1, "31612345678"),
            registered_delivery: 1,
            short_message: Bytes::from_static(b"Your login code is 123-456 today"),
            ..Sm::default()
        }),
    )
}

fn deliver_sm() -> Pdu {
    let text = b"id:0123456789 sub:001 dlvrd:001 submit date:2611201200 \
                 done date:2611201201 stat:DELIVRD err:000 text:Your login code";
    Pdu::request(
        78,
        Body::DeliverSm(Sm {
            source: Address::new(1, 1, "31612345678"),
            destination: Address::new(5, 0, "NUNCIO"),
            esm_class: 4,
            short_message: Bytes::from_static(text),
            tlvs: Tlvs::build()
                .push(Tag::RECEIPTED_MESSAGE_ID, b"0123456789\0")
                .push(Tag::MESSAGE_STATE, &[2])
                .build(),
            ..Sm::default()
        }),
    )
}

/// The octets, in a buffer that is shared as one read from a socket is.
fn encoded(pdu: &Pdu) -> Bytes {
    let mut out = BytesMut::new();
    pdu.encode(&mut out).expect("the sample is valid");
    out.split().freeze()
}

fn is_submit(frame: &[u8]) -> bool {
    frame[7] == 4
}

/// All read the same text and the same destination.
fn alike(submit: &Bytes, deliver: &Bytes) {
    for frame in [submit, deliver] {
        let pdu = Pdu::decode(frame.clone()).expect("nuncio reads it");
        let (Body::SubmitSm(sm) | Body::DeliverSm(sm)) = pdu.body else { panic!("it is a short message") };
        let digits = sm.destination.digits.to_string_lossy().into_owned();
        let theirs = if is_submit(frame) {
            let (a, b) = (smpp34_submit(frame), SubmitSmRequest::decode(frame).expect("smpp-codec reads it"));
            [(a.destination_addr, a.short_message), (b.dest_addr, b.short_message)]
        } else {
            let (a, b) = (smpp34_deliver(frame), DeliverSmRequest::decode(frame).expect("smpp-codec reads it"));
            [(a.destination_addr, a.short_message), (b.dest_addr, b.short_message)]
        };
        for (destination, text) in theirs {
            assert_eq!((destination, &text[..]), (digits.clone(), &sm.short_message[..]));
        }
        let mut buffer = BytesMut::from(&frame[4..]);
        let (command, _) = owned::Command::decode(&mut buffer, frame.len() - 4).expect("rusmpp-core reads it");
        let mut again = BytesMut::new();
        EncodeToBuffer::encode(&command, &mut again);
        assert_eq!(again, frame[4..]);
    }
}

fn allocates_nothing(frames: &[Bytes]) {
    for frame in frames {
        let counted = allocation_counter::measure(|| {
            for _ in 0..1_000 {
                drop(black_box(Pdu::decode(black_box(frame.clone()))));
            }
        });
        assert_eq!(counted.count_total, 0, "decoding allocates");
    }
    println!("allocations of 1000 decodes: 0");
}

fn smpp34_submit(frame: &[u8]) -> smpp34::submit_sm {
    let header = smpp34::CommandHeader::decode(frame).expect("smpp34 reads the header");
    smpp34::submit_sm::decode(header, frame).expect("smpp34 reads it")
}

fn smpp34_deliver(frame: &[u8]) -> smpp34::deliver_sm {
    let header = smpp34::CommandHeader::decode(frame).expect("smpp34 reads the header");
    smpp34::deliver_sm::decode(header, frame).expect("smpp34 reads it")
}

/// One row: the same work by each of them.
fn decode(criterion: &mut Criterion, row: &str, frame: &Bytes) {
    let mut group = criterion.benchmark_group(row);
    group.throughput(Throughput::Elements(1));
    group.bench_function("nuncio", |b| b.iter(|| Pdu::decode(black_box(frame.clone()))));
    group.bench_function("rusmpp-core", |b| {
        b.iter_batched(
            || BytesMut::from(&frame[4..]),
            |mut buffer| owned::Command::decode(&mut buffer, frame.len() - 4).map(|it| (it, buffer)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("rusmpp-core borrowed", |b| {
        b.iter(|| Borrowed::decode(black_box(&frame[4..]), frame.len() - 4).map(|it| it.1).ok());
    });
    if is_submit(frame) {
        group.bench_function("smpp34", |b| b.iter(|| smpp34_submit(black_box(frame))));
        group.bench_function("smpp-codec", |b| b.iter(|| SubmitSmRequest::decode(black_box(frame))));
    } else {
        group.bench_function("smpp34", |b| b.iter(|| smpp34_deliver(black_box(frame))));
        group.bench_function("smpp-codec", |b| b.iter(|| DeliverSmRequest::decode(black_box(frame))));
    }
    group.finish();
}

fn decode_batch(criterion: &mut Criterion, frame: &Bytes) {
    let stream = frame.repeat(BATCH);
    let mut group = criterion.benchmark_group("decode 64 submit_sm");
    group.throughput(Throughput::Elements(BATCH as u64));
    let fresh = || BytesMut::from(&stream[..]);
    group.bench_function("nuncio", |b| {
        b.iter_batched_ref(
            fresh,
            |buffer| {
                while let Ok(Some(frame)) = next_frame(buffer, PDU_MAX_DEFAULT) {
                    drop(black_box(Pdu::decode(frame)));
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("rusmpp-core", |b| {
        b.iter_batched_ref(
            fresh,
            |buffer| {
                while !buffer.is_empty() {
                    let length = bytes::Buf::get_u32(buffer) as usize - 4;
                    drop(black_box(owned::Command::decode(buffer, length)));
                }
            },
            BatchSize::SmallInput,
        );
    });
    let slices = |b: &mut Bencher<'_>, read: &dyn Fn(&[u8])| {
        b.iter(|| {
            let mut rest = black_box(&stream[..]);
            while let Some(length) = rest.first_chunk::<4>() {
                let (frame, after) = rest.split_at(u32::from_be_bytes(*length) as usize);
                read(frame);
                rest = after;
            }
        });
    };
    group.bench_function("rusmpp-core borrowed", |b| {
        slices(b, &|it| drop(black_box(Borrowed::decode(&it[4..], it.len() - 4).map(|it| it.1))));
    });
    group.bench_function("smpp34", |b| slices(b, &|it| drop(black_box(smpp34_submit(it)))));
    group.bench_function("smpp-codec", |b| slices(b, &|it| drop(black_box(SubmitSmRequest::decode(it)))));
    group.finish();
}

/// Each writes behind what it has written, into a buffer that has the room; smpp34 makes a buffer
/// a PDU and uses the PDU up.
fn encode(criterion: &mut Criterion, row: &str, frame: &Bytes, times: usize) {
    let mut group = criterion.benchmark_group(row);
    group.throughput(Throughput::Elements(times as u64));
    let room = times * 256;
    let pdu = Pdu::decode(frame.clone()).expect("it was read before");
    let mut out = BytesMut::with_capacity(room);
    group.bench_function("nuncio", |b| {
        b.iter(|| {
            out.clear();
            (0..times).for_each(|_| black_box(&pdu).encode(&mut out).expect("it was written before"));
        });
    });
    let command = owned::Command::decode(&mut BytesMut::from(&frame[4..]), frame.len() - 4);
    let (command, _) = command.expect("it was read before");
    let mut out = BytesMut::with_capacity(room);
    group.bench_function("rusmpp-core", |b| {
        b.iter(|| {
            out.clear();
            for _ in 0..times {
                let command = black_box(&command);
                bytes::BufMut::put_u32(&mut out, 4 + command.length() as u32);
                EncodeToBuffer::encode(command, &mut out);
            }
        });
    });
    let (command, _) = Borrowed::decode(&frame[4..], frame.len() - 4).expect("it was read before");
    let mut slice = vec![0; room];
    group.bench_function("rusmpp-core borrowed", |b| {
        b.iter(|| {
            let mut at = 0;
            for _ in 0..times {
                let command = black_box(&command);
                let length = 4 + command.length();
                slice[at..at + 4].copy_from_slice(&(length as u32).to_be_bytes());
                at += 4 + EncodeToSlice::encode(command, &mut slice[at + 4..]);
            }
        });
    });
    encode_here(&mut group, frame, times);
    group.finish();
}

/// By the crates that have a type for each operation.
fn encode_here(group: &mut BenchmarkGroup<'_, WallTime>, frame: &Bytes, times: usize) {
    let mut out = Vec::with_capacity(times * 256);
    if is_submit(frame) {
        let theirs = vec![smpp34_submit(frame); times];
        group.bench_function("smpp34", |b| {
            b.iter_batched(
                || theirs.clone(),
                |them| them.into_iter().map(smpp34::submit_sm::encode).collect::<Vec<_>>(),
                BatchSize::SmallInput,
            );
        });
        let theirs = SubmitSmRequest::decode(frame).expect("it was read before");
        group.bench_function("smpp-codec", |b| {
            b.iter(|| {
                out.clear();
                (0..times).for_each(|_| black_box(&theirs).encode(&mut out).expect("it can be written"));
            });
        });
    } else {
        let theirs = vec![smpp34_deliver(frame); times];
        group.bench_function("smpp34", |b| {
            b.iter_batched(
                || theirs.clone(),
                |them| them.into_iter().map(smpp34::deliver_sm::encode).collect::<Vec<_>>(),
                BatchSize::SmallInput,
            );
        });
        let theirs = DeliverSmRequest::decode(frame).expect("it was read before");
        group.bench_function("smpp-codec", |b| {
            b.iter(|| {
                out.clear();
                (0..times).for_each(|_| black_box(&theirs).encode(&mut out).expect("it can be written"));
            });
        });
    }
}
