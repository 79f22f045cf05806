package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// askDuckDB runs the program of bench/query/duckdb, which has a module of its own.
func askDuckDB(ctx context.Context, o options) (e engine, err error) {
	e.name = "duckdb"
	if _, err := exec.LookPath("gcc"); err != nil {
		return e, fmt.Errorf("%w: no C compiler", errAbsent)
	}
	program := filepath.Join(o.dir, "duckdb")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	build.Dir = "bench/query/duckdb"
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		return e, fmt.Errorf("%w: its module does not build: %s", errAbsent, out)
	}
	var in struct {
		Schema    string
		Questions []string
	}
	in.Schema = schemaSQL
	for _, q := range questions {
		in.Questions = append(in.Questions, q.duckdb())
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return e, err
	}
	cmd := exec.CommandContext(ctx, program, o.dir)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(raw), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return e, fmt.Errorf("duckdb: %w", err)
	}
	var answers []struct {
		Rows []string // facet, code and number, parted by U+001F
		Took time.Duration
	}
	if err := json.Unmarshal(out, &answers); err != nil {
		return e, fmt.Errorf("duckdb: %w", err)
	}
	for _, a := range answers {
		e.answers = append(e.answers, answerOfRows(strings.Join(a.Rows, "\n")))
		e.took = append(e.took, a.Took)
	}
	return e, nil
}
