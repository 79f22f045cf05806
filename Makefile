# Everything a contributor types. `make check` is what lands must pass.
.PHONY: build check test bench fuzz demo

build:
	CGO_ENABLED=0 go build -trimpath -o maillon ./cmd/maillon

test:
	go test ./...

check:
	bash .ci/run

bench:
	go test -run '^$$' -bench . -benchmem ./catalog/... ./store/... ./federation/...

# Every fuzz target, FUZZTIME each (10 minutes by default).
FUZZTIME ?= 10m
fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz.sh

demo:
	go run ./cmd/maillon demo
