//! What the reference says of the parts of a request that are read by hand.

use crate::api::handler::kinds::AnyNumber;
use crate::api::submit::request::{Pairs, RECIPIENTS_MAX, Target, To};
use crate::message::extras::PARAMETERS_MAX;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

impl PartialSchema for To<'_> {
    fn schema() -> RefOr<Schema> {
        let number = || Ref::from_schema_name(AnyNumber::name());
        let target = OneOfBuilder::new().item(number()).item(Ref::from_schema_name(Target::name()));
        let list = ArrayBuilder::new().items(target).min_items(Some(1)).max_items(Some(RECIPIENTS_MAX));
        let says = "A number, or a list in which each recipient is a number or an object.";
        OneOfBuilder::new().item(number()).item(list).description(Some(says)).into()
    }
}

impl ToSchema for To<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "Recipients".into()
    }

    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.push((AnyNumber::name().into_owned(), AnyNumber::schema()));
        all.push((Target::name().into_owned(), Target::schema()));
    }
}

impl PartialSchema for Pairs<'_> {
    fn schema() -> RefOr<Schema> {
        let value = ObjectBuilder::new().schema_type(Type::String).examples(["1101", "hex:0A0B"]);
        let pairs = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(PARAMETERS_MAX));
        let tags = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^0[xX][0-9A-Fa-f]{1,4}$")).build();
        pairs
            .additional_properties(Some(AdditionalProperties::from(value)))
            .property_names(Some(tags))
            .description(Some("Optional parameters of SMPP by their tags."))
            .into()
    }
}

impl ToSchema for Pairs<'_> {
    fn name() -> std::borrow::Cow<'static, str> {
        "OptionalParameters".into()
    }
}
