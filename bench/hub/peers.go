package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// peerPatience bounds each of them: jq reads the whole file into memory.
const peerPatience = 30 * time.Minute

// comparePeers runs on the concatenated file what a user would otherwise. A peer that
// is not installed is said to be.
func comparePeers(ctx context.Context, w *world, dir string, out *report) {
	for _, p := range []struct {
		name string
		args func(csv string) ([]string, error)
		pipe bool // it writes CSV to its output
	}{
		{"jq", func(string) ([]string, error) {
			jq, ok := have("jq")
			return []string{jq, "-rn", "-f", "bench/hub/peers/dedup.jq", w.file}, missing(ok, "apt install jq")
		}, true},
		{"pandas", func(csv string) ([]string, error) {
			python, ok := withPandas()
			return []string{python, "bench/hub/peers/dedup.py", w.file, csv}, missing(ok, "apt install python3-pandas")
		}, false},
		{"DuckDB", func(csv string) ([]string, error) {
			binary, err := buildDuckDB(ctx, dir)
			return []string{binary, w.file, csv}, err
		}, false},
	} {
		csv := filepath.Join(dir, p.name+".csv")
		args, err := p.args(csv)
		if err != nil {
			out.add(p.name, "SKIPPED: %v", err)
			continue
		}
		bounded, cancel := context.WithTimeout(ctx, peerPatience)
		took, peak, err := runPeer(bounded, args, csv, p.pipe)
		cancel()
		if err != nil {
			out.add(p.name, "FAILED: %v", err)
			continue
		}
		lines, err := countLines(csv)
		if err != nil || lines-1 != w.contracts {
			out.add(p.name, "WRONG: %d contracts of %d: %v", lines-1, w.contracts, err)
			continue
		}
		out.add(p.name, "%s, peak %.0f MB: the file read, the newest of each buyer and id as CSV, nothing verified, no versions kept", round(took), peak)
	}
}

func missing(ok bool, how string) error {
	if ok {
		return nil
	}
	return errors.New("not installed (" + how + ")")
}

// withPandas finds a Python that has it.
func withPandas() (string, bool) {
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import pandas").Run() == nil {
			return python, true
		}
	}
	return "", false
}

// buildDuckDB builds bench/duckdb, which is a module of its own and needs a C compiler.
func buildDuckDB(ctx context.Context, dir string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(dir, "duckdb"))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, ".")
	cmd.Dir, cmd.Env = "bench/duckdb", append(os.Environ(), "CGO_ENABLED=1")
	if raw, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("bench/duckdb was not built: %w: %.300s", err, raw)
	}
	return binary, nil
}

func runPeer(ctx context.Context, args []string, csv string, pipe bool) (took time.Duration, peak float64, err error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if pipe {
		f, err := os.Create(csv)
		if err != nil {
			return 0, 0, err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	start := time.Now()
	if err := cmd.Run(); ctx.Err() != nil {
		return 0, 0, fmt.Errorf("given up after %s", round(time.Since(start)))
	} else if err != nil {
		return 0, 0, fmt.Errorf("%w: %.300s", err, errs.Bytes())
	}
	took = time.Since(start)
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		peak = float64(u.Maxrss) * 1.024 / 1e3
	}
	return took, peak, nil
}

func countLines(path string) (int, error) {
	raw, err := os.ReadFile(path)
	return bytes.Count(raw, []byte("\n")), err
}
