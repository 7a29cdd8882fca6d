//! The tables of the specification against the code: operations, fields, optional parameters.

use crate::smpp::command::CommandId;
use crate::smpp::explain::explain;
use crate::smpp::layout::{self, Field, Form};
use crate::smpp::tags::{Shape, ValueKind};
use crate::smpp::tlv::Tag;
use bytes::Bytes;
use std::collections::BTreeMap;

const COMMANDS: &str = include_str!("../../../fixtures/smpp/commands.csv");
const FIELDS: &str = include_str!("../../../fixtures/smpp/fields.csv");
const TLVS: &str = include_str!("../../../fixtures/smpp/tlvs.csv");

/// The rows of a table without their heading; no cell has a comma inside.
fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().skip(1).map(|line| line.split(',').collect())
}

fn number(hex: &str) -> u32 {
    u32::from_str_radix(hex.trim_start_matches("0x"), 16).unwrap()
}

fn named(name: &str) -> CommandId {
    *CommandId::ALL.iter().find(|it| it.name() == name).unwrap_or_else(|| panic!("no operation is called {name}"))
}

#[test]
fn every_operation_of_the_table_has_its_number_and_its_name() {
    let mut listed = 0;
    for row in rows(COMMANDS) {
        assert_eq!(CommandId(number(row[0])).name(), row[1]);
        assert_eq!(layout::of(CommandId(number(row[0]))).is_none(), row[3] == "vendor", "{}", row[1]);
        listed += 1;
    }
    assert_eq!((listed, CommandId::ALL.len()), (43, 43));
}

/// A row as the table has it: name, type, size with the NUL.
type Row = (&'static str, &'static str, usize);

/// A layout as the rows that the table would have; optional parameters are one row.
fn flat(fields: &'static [Field], rows: &mut Vec<Row>) {
    for Field { name, form } in fields {
        match form {
            Form::Number(_) | Form::Flags(_) => rows.push((name, "int1", 1)),
            Form::Text(size) | Form::Secret(size) => rows.push((name, "c-octet", *size)),
            Form::Time => rows.push((name, "c-octet", 17)),
            Form::Counted(size) => rows.push((name, "octet", usize::from(*size))),
            Form::Status => rows.push((name, "int4", 4)),
            Form::Each(group) => flat(group, rows),
            Form::ListOr(list, other) => {
                flat(other, rows);
                flat(list, rows);
            }
            Form::Tlvs => rows.push(("", "tlv", 0)),
        }
    }
}

#[test]
fn every_field_of_the_table_stands_in_its_operation_in_that_order() {
    let mut listed = BTreeMap::<&str, Vec<Row>>::new();
    let mut count = 0;
    for row in rows(FIELDS).filter(|row| row[0] != "(header)") {
        count += 1;
        let fields = listed.entry(row[0]).or_default();
        assert_eq!(row[2].parse::<usize>().unwrap(), fields.len() + 1, "{row:?}");
        let name = row[3].split(" (flag").next().unwrap_or_default();
        fields.push((name, row[4], row[5].parse().unwrap_or_default()));
    }
    assert_eq!((count, listed.len()), (227, 39));
    for (operation, mut expected) in listed {
        let mut ours = Vec::new();
        flat(layout::of(named(operation)).unwrap(), &mut ours);
        // Optional parameters are read wherever a version allows them.
        ours.retain(|it| it.1 != "tlv");
        expected.retain(|it| it.1 != "tlv" && it.0 != "(no body)");
        match operation {
            // Ours to read one that is not empty, though it must be.
            "deliver_sm_resp" => expected[0].2 = 65,
            // The table says there: as in submit_multi.
            "query_msg_details_resp" => {
                let at = expected.iter().position(|it| it.0 == "dest table").unwrap();
                expected.splice(at..=at, ours[5..10].to_vec());
            }
            _ => (),
        }
        assert_eq!(ours, expected, "{operation}");
    }
}

#[test]
fn optional_parameters_are_read_where_the_table_has_them() {
    for row in rows(FIELDS).filter(|row| row[4] == "tlv") {
        let fields = layout::of(named(row[0])).unwrap();
        assert!(matches!(fields.last(), Some(Field { form: Form::Tlvs, .. })), "{row:?}");
        if let Some(name) = row[3].strip_prefix("[TLV] ") {
            let name = name.trim_start_matches("failed_");
            assert!(Tag::ALL.iter().any(|it| it.name() == name), "no optional parameter is called {name}");
        }
    }
}

#[test]
fn the_header_of_the_table_is_the_header() {
    let header: Vec<_> = rows(FIELDS).filter(|row| row[0] == "(header)").map(|row| row[3]).collect();
    let lines = explain(&Bytes::from_static(&[0, 0, 0, 16, 0, 0, 0, 0x15, 0, 0, 0, 0, 0, 0, 0, 1]));
    let ours: Vec<_> = lines.iter().map(|it| &*it.name).collect();
    assert_eq!(ours, header);
}

#[test]
fn every_parameter_of_the_table_has_its_name_and_its_shape() {
    let (mut standard, mut foreign) = (0, 0);
    for row in rows(TLVS) {
        let tag = Tag(u16::try_from(number(row[0])).unwrap());
        if row[6] == "vendor" {
            foreign += 1;
            assert_eq!((tag.name(), tag.shape()), ("unknown", None), "{row:?}");
            continue;
        }
        standard += 1;
        let kind = match row[4] {
            "bitmask" => ValueKind::Flags,
            "c-octet" => ValueKind::Text,
            "octets" => ValueKind::Octets,
            number => {
                assert!(number.contains("int"), "{row:?}");
                ValueKind::Integer
            }
        };
        let shape = Shape { kind, min: row[2].parse().unwrap(), max: row[3].parse().unwrap() };
        assert_eq!((tag.name(), tag.shape()), (row[1], Some(shape)), "{row:?}");
    }
    assert_eq!((standard, standard, foreign), (Tag::ALL.len(), 64, 22));
}
