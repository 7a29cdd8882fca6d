//! `sandbox` of `[[account]]`.

use crate::config::tests::{Folder, SMALL, errors};

fn tried_out() -> String {
    SMALL.replacen("key_sha256", "sandbox = true\nkey_sha256", 1)
}

#[test]
fn an_account_that_tries_things_out_has_routes_of_its_own_that_lead_to_a_hidden_carrier() {
    let loaded = Folder::with(&tried_out()).read(&[]).unwrap().loaded;
    let sandbox = loaded.sandbox.expect("there is one");
    let account = loaded.plan.accounts.values().next().unwrap();
    assert!(account.is_sandbox && account.routes.iter().all(|it| it.is_in_sandbox()), "{:?}", account.routes);
    for id in &account.routes {
        let route = &loaded.plan.routes[id];
        assert_eq!((route.id, &route.carriers[..], route.id.shown()), (*id, &[sandbox][..], 8));
        let real = loaded.plan.routes.values().find(|it| it.id.0 == id.shown()).expect("the one that it is like");
        assert_eq!((&route.name, route.class, route.validity), (&real.name, real.class, real.validity));
        assert!(!real.carriers.contains(&sandbox));
    }
    assert_eq!(loaded.links.iter().filter(|it| it.id.carrier == sandbox).count(), 1);
    let loaded = Folder::with(SMALL).read(&[]).unwrap().loaded;
    assert_eq!((loaded.sandbox, loaded.plan.routes.len(), loaded.plan.carriers.len()), (None, 1, 1));
}

#[test]
fn its_carrier_has_a_name_that_no_other_has() {
    let said = errors(&tried_out().replace("acme", "sandbox"));
    assert!(said.contains("account \"shop\", sandbox: a carrier is called \"sandbox\""), "{said}");
    assert!(
        Folder::with(&SMALL.replace("acme", "sandbox")).read(&[]).is_ok(),
        "without such an account it is as any other"
    );
}
