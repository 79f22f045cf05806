# Everything a contributor types. `make check` is what lands must pass.
.PHONY: build check test bench bench-pivot bench-catalog fuzz demo dictionary

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

# Every fuzz target, FUZZTIME each (10 minutes by default).
FUZZTIME ?= 10m
fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz.sh

demo:
	go run ./cmd/maillon demo

# docs/dictionary.md, from the tables that judge
dictionary:
	go run ./cmd/maillon dictionary --to markdown --lang fr >docs/dictionary.md.new && mv docs/dictionary.md.new docs/dictionary.md
