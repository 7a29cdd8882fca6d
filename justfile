# The recipes of the house; `just` alone lists them.

default:
    @just --list

# Everything that CI runs
check:
    .ci/run

# The tests alone
test:
    cargo test

# What a reviewer asks for first
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
    cargo deny check bans licenses sources

# Simulator and gateway on free ports, a few hundred messages, until all are final
demo:
    cargo run --release -- demo

# The figures of docs/bench.md, measured here: all, or rows such as failover; --quick, --write
bench *arguments:
    cargo bench --bench gateway -- {{arguments}}

# Writes what is generated from the code: docs/metrics.md, docs/problems.md, docs/openapi.json and docs/openapi.admin.json
docs:
    NUNCIO_WRITE_DOCS=1 cargo test --lib --test all the_documentation_is_what_the_code_says

# At a release: from then on what is taken away from the API has to stand in the changelog
released:
    cp docs/openapi.json docs/openapi.released.json
    cp docs/openapi.admin.json docs/openapi.admin.released.json
