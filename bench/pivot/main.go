// Command pivot measures `maillon validate` against ajv and xmllint on the
// official schemas: whole processes, the same file, in turns.
//
//	make bench-pivot
//
// MAILLON_CONFORMANCE names the folder with the official schemas; node, npm and
// xmllint must be installed. BENCH_SCALE makes the files smaller: 0.1 is a
// tenth.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// A round is a file, and the two programs that judge it.
type round struct {
	layout string
	bytes  float64
	ours   []string
	theirs []string
	wanted float64 // times as fast
}

func run() error {
	schemas := os.Getenv("MAILLON_CONFORMANCE")
	if schemas == "" {
		return errors.New("MAILLON_CONFORMANCE is not set: it names the folder that holds the official schemas")
	}
	scale, err := strconv.ParseFloat(cmpOr(os.Getenv("BENCH_SCALE"), "1"), 64)
	if err != nil {
		return fmt.Errorf("BENCH_SCALE: %w", err)
	}
	dir, err := os.MkdirTemp("", "bench-pivot")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	maillon, gen := filepath.Join(dir, "maillon"), filepath.Join(dir, "gen")
	for _, build := range [][]string{
		{"go", "build", "-trimpath", "-o", maillon, "./cmd/maillon"}, {"go", "build", "-o", gen, "./bench/gen"},
	} {
		if err := command(build); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--silent", "--no-audit", "--no-fund")
	npm.Dir, npm.Stderr = "bench/ajv", os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci in bench/ajv: %w", err)
	}
	schema := filepath.Join(schemas, "schemas/v2.0.4/schema_decp_v2.0.4.json")
	xsd := filepath.Join(schemas, "schemas/v2.0.2/schema_decp_v2.0.2.xsd")
	node := []string{"node", "--max-old-space-size=8192", "bench/ajv/validate.mjs"}
	ours := func(version string) []string { return []string{maillon, "validate", "--json", "--schema", version} }
	fmt.Printf("%d cores, %s; files made by bench/gen, seed 1; medians of %d\n\n", runtime.NumCPU(), runtime.Version(), runs)
	fmt.Println("| file | MB | maillon MB/s (peak MB) | peer MB/s (peak MB) | times as fast | asked | verdicts |")
	fmt.Println("|---|---|---|---|---|---|---|")
	for _, r := range []round{
		{"official", 400e6, ours("2.0.4"), append(slices.Clone(node), schema), 10},
		{"official", 400e6, ours("2.0.4"), append(slices.Clone(node), "--all", schema), 10},
		{"ndjson", 1e9, ours("2.0.4"), append(slices.Clone(node), schema), 10},
		{"xml", 400e6, ours("2.0.2"), []string{"xmllint", "--stream", "--noout", "--schema", xsd}, 3},
	} {
		file := filepath.Join(dir, "file."+r.layout)
		if _, err := os.Stat(file); err != nil {
			if err := command([]string{gen, "-layout", r.layout, "-bytes", strconv.FormatInt(int64(r.bytes*scale), 10), "-o", file}); err != nil {
				return err
			}
		}
		if err := r.measure(file); err != nil {
			return err
		}
	}
	return nil
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func command(args []string) error {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	return nil
}

const runs = 5

// A result is what one process did.
type result struct {
	seconds        float64
	peak           float64 // MB
	valid, invalid int     // records; -1 if it does not count them
}

// measure lets both programs judge the file in turns and prints a line.
func (r round) measure(file string) (err error) {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	var ours, theirs []result
	for range runs {
		for _, side := range []struct {
			args []string
			list *[]result
		}{{r.ours, &ours}, {r.theirs, &theirs}} {
			got, err := judge(side.args, file)
			if err != nil {
				return err
			}
			*side.list = append(*side.list, got)
		}
	}
	a, b, mb := median(ours), median(theirs), float64(info.Size())/1e6
	verdicts := "agree"
	if a.invalid != b.invalid {
		verdicts = fmt.Sprintf("DIFFER: %d and %d invalid", a.invalid, b.invalid)
	} else if b.valid >= 0 && a.valid != b.valid {
		verdicts = fmt.Sprintf("DIFFER: %d and %d valid", a.valid, b.valid)
	}
	peer := filepath.Base(r.theirs[0])
	if peer == "node" {
		peer = "ajv"
		if slices.Contains(r.theirs, "--all") {
			peer = "ajv, all errors"
		}
	}
	if verdicts != "agree" {
		defer func() { err = fmt.Errorf("%s by %s: %s", r.layout, peer, verdicts) }()
	}
	fmt.Printf("| %s, %s | %.0f | %.0f (%.0f) | %.1f (%.0f) | %.1f | %.0f | %s |\n",
		r.layout, peer, mb, mb/a.seconds, a.peak, mb/b.seconds, b.peak, b.seconds/a.seconds, r.wanted, verdicts)
	return nil
}

func median(list []result) result {
	slices.SortFunc(list, func(a, b result) int {
		if a.seconds < b.seconds {
			return -1
		}
		return 1
	})
	m := list[len(list)/2]
	for _, r := range list {
		m.peak = max(m.peak, r.peak)
	}
	return m
}

// refusedXML finds the records that xmllint refuses: each may have several
// messages, of the line on which it stands.
var refusedXML = regexp.MustCompile(`:(\d+): .*Schemas validity error`)

// judge runs a program on the file and reads what it found.
func judge(args []string, file string) (result, error) {
	// What a program says goes to files: held here, it would count as its memory.
	out, err := os.CreateTemp("", "bench")
	if err != nil {
		return result{}, err
	}
	defer os.Remove(out.Name()) //nolint:errcheck // of no consequence
	defer out.Close()
	errs, err := os.CreateTemp("", "bench")
	if err != nil {
		return result{}, err
	}
	defer os.Remove(errs.Name()) //nolint:errcheck // of no consequence
	defer errs.Close()
	cmd := exec.Command(args[0], append(slices.Clone(args[1:]), file)...)
	cmd.Stdout, cmd.Stderr = out, errs
	start := time.Now()
	err = cmd.Run()
	got := result{seconds: time.Since(start).Seconds(), valid: -1}
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		return got, err
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		got.peak = float64(usage.Maxrss) / 1e3 // kB on Linux
	}
	if filepath.Base(args[0]) == "xmllint" {
		got.invalid, err = refusedLines(errs.Name())
		return got, err
	}
	last, err := lastLine(out)
	if err != nil {
		return got, err
	}
	var said struct {
		Valid, Invalid int
		Summary        struct{ Valid, Invalid int }
	}
	if err := json.Unmarshal(last, &said); err != nil {
		return got, fmt.Errorf("%v said %q: %w", args, last, err)
	}
	got.valid, got.invalid = said.Valid+said.Summary.Valid, said.Invalid+said.Summary.Invalid
	return got, nil
}

// lastLine reads the last line of a file.
func lastLine(f *os.File) ([]byte, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, 64<<10))
	if _, err := f.ReadAt(b, size-int64(len(b))); err != nil {
		return nil, err
	}
	b = bytes.TrimSpace(b)
	return b[bytes.LastIndexByte(b, '\n')+1:], nil
}

// refusedLines counts the lines of which xmllint refuses something.
func refusedLines(messages string) (int, error) {
	f, err := os.Open(messages)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := map[string]bool{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if m := refusedXML.FindSubmatch(s.Bytes()); m != nil {
			lines[string(m[1])] = true
		}
	}
	return len(lines), s.Err()
}
