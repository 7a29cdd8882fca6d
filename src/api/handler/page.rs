//! Pages: which part of a list is asked for, and where the next begins.

use crate::api::handler::kinds::{Cursor, LIMIT_MAX};
use crate::api::handler::problem::Problem;
use crate::api::handler::query::{invalid, pairs};
use crate::message::veil::{Pages, Veil};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Ref, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What every list that has pages may be asked for.
pub(crate) const PARAMETERS: [&str; 2] = ["cursor", "limit"];
/// Lines of a page unless the request says otherwise.
const LIMIT: usize = 100;

/// A page as it is answered.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    /// Its lines.
    pub(crate) data: Vec<T>,
    /// Where the next page begins; `None` where nothing follows.
    next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is shown whole.
    pub(crate) const fn whole(data: Vec<T>) -> Self {
        Self { data, next_cursor: None }
    }
}

/// By hand, for it is called after its lines.
impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let line = Ref::from_schema_name(T::name());
        let data = ArrayBuilder::new().items(line).description(Some("The lines of this page."));
        let cursor =
            OneOfBuilder::new().item(Ref::from_schema_name(Cursor::name())).item(Object::with_type(Type::Null));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("data", data)
            .property(
                "next_cursor",
                cursor.description(Some("Where the next page begins; null where nothing follows.")),
            )
            .required("data")
            .required("next_cursor")
            .description(Some("A page of a list."))
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(all);
        all.push((T::name().into_owned(), T::schema()));
        all.push((Cursor::name().into_owned(), Cursor::schema()));
    }
}

/// Which page is asked for.
pub(crate) struct Asked {
    veil: Veil,
    list: Pages,
    /// Where the page before ended; `None` for the first.
    pub(crate) place: Option<u64>,
    /// Lines of it at most.
    pub(crate) limit: usize,
}

impl Asked {
    /// The first page of a list, whose cursors are under this veil.
    pub(crate) const fn first(veil: Veil, list: Pages) -> Self {
        Self { veil, list, place: None, limit: LIMIT }
    }

    /// What a query string asks for that can ask for nothing else.
    pub(crate) fn read(text: Option<&str>, veil: Veil, list: Pages) -> Result<Self, Problem> {
        let mut asked = Self::first(veil, list);
        for pair in pairs(text, &PARAMETERS)? {
            let (name, value) = pair?;
            asked.set(&name, &value).map_err(|detail| invalid(&name, detail))?;
        }
        Ok(asked)
    }

    /// What `cursor`, or else `limit`, asks for.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        if name == "cursor" {
            let place = self.veil.read_cursor(self.list, value);
            self.place = Some(place.ok_or("must be a next_cursor of the page before")?);
        } else {
            let limit = value.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
            self.limit = limit.ok_or("must be from 1 to 1000")?;
        }
        Ok(())
    }

    /// Leaves what the page shows of what was found, which is one more where another page follows; then the place of
    /// the last.
    pub(crate) fn cut<T, P>(&self, found: &mut Vec<T>, place: impl Fn(&T) -> P) -> Option<P> {
        let more = self.limit < found.len();
        found.truncate(self.limit);
        found.last().filter(|_| more).map(place)
    }

    /// The page, and behind which place the next begins.
    pub(crate) fn page<T>(&self, data: Vec<T>, next: Option<u64>) -> Page<T> {
        Page { data, next_cursor: next.map(|it| self.veil.cursor(self.list, it)) }
    }
}
