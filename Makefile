# Everything a contributor types. `make check` is what lands must pass.
.PHONY: deb measure build check test bench bench-pivot bench-catalog bench-query bench-hub fuzz demo dictionary sim

build:
	CGO_ENABLED=0 go build -trimpath -o maillon ./cmd/maillon

test:
	go test ./...

check:
	bash .ci/run

bench:
	go test -run '^$$' -bench . -benchmem ./catalog/... ./store/... ./federation/...

# Whole processes against ajv and xmllint; needs node, npm, xmllint and
# MAILLON_CONFORMANCE. BENCH_SCALE=0.1 takes a tenth of the time.
bench-pivot:
	go run ./bench/pivot

# How fast RDF is read, against rapper and rdflib (Debian: raptor2-utils,
# python3-rdflib), and a catalogue served, against nginx (wrk, nginx-light).
# BENCH_SCALE=0.1 reads a tenth, 0 only serves.
BENCH_SCALE ?= 1
bench-catalog: build
	go build -o $(or $(TMPDIR),/tmp)/bench-catalog ./bench/catalog && $(or $(TMPDIR),/tmp)/bench-catalog -scale $(BENCH_SCALE) -maillon ./maillon

# The index of 1.2 million contracts, beside PostgreSQL (Debian: postgresql) and DuckDB
# (a module of its own, with cgo and gcc), and contract pages of a node over HTTP.
# QUERY_CONTRACTS=12000 is a hundredth. The whole takes about 4 GB of TMPDIR, 6 GB of
# memory and a quarter of an hour; BENCH_ARGS=-sql=false leaves the others out.
QUERY_CONTRACTS ?= 1200000
bench-query:
	go run ./bench/query -n $(QUERY_CONTRACTS) $(BENCH_ARGS)

# A nation of 1.2 million contracts, from empty to exported, on loopback, beside jq,
# pandas and DuckDB (bench/duckdb is a module of its own). BENCH_SCALE=0.01 takes
# seconds, 0.1 minutes. BENCH_ARGS="-peers=false -dir DIR" leaves them out, and keeps
# what is made.
BENCH_ARGS ?=
bench-hub: build
	go build -trimpath -o $(or $(TMPDIR),/tmp)/bench-hub ./bench/hub && $(or $(TMPDIR),/tmp)/bench-hub -scale $(BENCH_SCALE) -maillon ./maillon $(BENCH_ARGS)

# Every fuzz target, FUZZTIME each (10 minutes by default).
FUZZTIME ?= 10m
fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz.sh

demo:
	go run ./cmd/maillon demo

# docs/dictionary.md, from the tables that judge
dictionary:
	go run ./cmd/maillon dictionary --to markdown --lang fr >docs/dictionary.md.new && mv docs/dictionary.md.new docs/dictionary.md

# A nation in virtual time: writes docs/scale.md. SIM=small is 13 × 40 (minutes),
# full is 13 × 400 (an hour of two cores, 12 GB). SIM_ONLY=calm,halves runs some
# scenarios, SIM_REGIONS=4 fewer regions, SIM_SEED=7 chooses the seed.
SIM ?= full
SIM_SEED ?= 1
SIM_REGIONS ?=
SIM_REPORT ?= docs/scale.md
sim:
	MAILLON_SIM=$(SIM) MAILLON_SIM_SEED=$(SIM_SEED) MAILLON_SIM_REGIONS=$(SIM_REGIONS) MAILLON_SIM_ONLY=$(SIM_ONLY) MAILLON_SIM_REPORT=$(abspath $(SIM_REPORT)) \
		go test -count=1 -v -timeout 12h -run TestNation ./federation/sim

# maillon_VERSION_ARCH.deb in this folder; DEB_ARCH=arm64 for another machine.
DEB_ARCH ?=
deb:
	packaging/deb/build $(DEB_ARCH)

# Static, reproducible builds for Linux and macOS, with checksums and bills of materials, in dist/.
.PHONY: dist
dist:
	bash packaging/dist

# Figures of docs/operating.md: size, memory, time until ready, a thousand readers.
measure:
	packaging/measure
