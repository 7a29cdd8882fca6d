//! The registration of texts that a route asks for (TRAI's DLT): what the request brings, and the route's for the rest.

use crate::api::handler::problem::{Fault, Kind, Problem};
use crate::message::extras::{Dlt, Extras};
use crate::route::plan::Route;

/// How a message goes by a route, with what the route says of its registration; refused where the route requires one
/// and neither names it.
pub(crate) fn complete(route: &Route, extras: Option<Extras>) -> Result<Option<Extras>, Problem> {
    let Some(rule) = &route.dlt else { return Ok(extras) };
    let mut extras = extras.unwrap_or_default();
    let (own, default) = (extras.dlt.take().map(|it| *it).unwrap_or_default(), &rule.default);
    let dlt = Dlt {
        entity_id: own.entity_id.or_else(|| default.entity_id.clone()),
        template_id: own.template_id.or_else(|| default.template_id.clone()),
        telemarketer_id: own.telemarketer_id.or_else(|| default.telemarketer_id.clone()),
    };
    let needed = [("/dlt/entity_id", &dlt.entity_id), ("/dlt/template_id", &dlt.template_id)];
    let missing: Vec<Fault> = needed
        .iter()
        .filter(|(_, id)| rule.required && id.is_none())
        .map(|(pointer, _)| Fault { detail: "is required by the route".into(), pointer: (*pointer).into() })
        .collect();
    if !missing.is_empty() {
        return Err(Problem::of_faults(Kind::RegistrationMissing, missing));
    }
    extras.dlt = Some(Box::new(dlt)).filter(|it| **it != Dlt::default());
    Ok(Some(extras).filter(|it| !it.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::class::Class;
    use crate::message::id::RouteId;
    use crate::route::plan::Registration;

    fn dlt(entity: &str, template: &str) -> Dlt {
        let id = |text: &str| Some(text).filter(|it| !it.is_empty()).map(Into::into);
        Dlt { entity_id: id(entity), template_id: id(template), telemarketer_id: None }
    }

    fn of(rule: Option<Registration>, own: Option<Dlt>) -> Result<Option<Dlt>, Vec<String>> {
        let route = Route { dlt: rule, ..Route::new(RouteId(1), Class::Marketing, Vec::new()) };
        let extras = own.map(|it| Extras { dlt: Some(Box::new(it)), ..Extras::default() });
        let completed = complete(&route, extras);
        completed.map(|it| it.and_then(|it| it.dlt).map(|it| *it)).map_err(|problem| {
            assert_eq!((problem.kind.status(), problem.kind.stage()), (403, "authorization"));
            problem.errors.into_iter().map(|it| it.pointer.into_owned()).collect()
        })
    }

    #[test]
    fn what_a_request_names_counts_and_the_route_s_stands_in_for_the_rest() {
        let rule = |required, default| Some(Registration { required, default });
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(None, Some(dlt("17", ""))), Ok(Some(dlt("17", ""))));
        assert_eq!(of(rule(false, Dlt::default()), None), Ok(None));
        assert_eq!(of(rule(true, dlt("17", "11")), None), Ok(Some(dlt("17", "11"))));
        assert_eq!(of(rule(true, dlt("17", "11")), Some(dlt("", "12"))), Ok(Some(dlt("17", "12"))));
        assert_eq!(of(rule(true, dlt("17", "")), Some(dlt("", "12"))), Ok(Some(dlt("17", "12"))));
        assert_eq!(of(rule(true, dlt("17", "")), None), Err(vec!["/dlt/template_id".to_owned()]));
        let both = ["/dlt/entity_id", "/dlt/template_id"].map(str::to_owned).to_vec();
        assert_eq!(of(rule(true, Dlt::default()), None), Err(both));
    }
}
