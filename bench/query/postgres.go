package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed schema.sql
var schemaSQL string

//go:embed indexes.sql
var indexesSQL string

// beside measures the other engines that are there.
func beside(ctx context.Context, o options, ours engine) error {
	errs := []error{}
	for _, one := range []struct {
		name string
		ask  func(context.Context, options) (engine, error)
	}{{"PostgreSQL", askPostgres}, {"DuckDB", askDuckDB}} {
		e, err := one.ask(ctx, o)
		if errors.Is(err, errAbsent) {
			fmt.Printf("\nSKIPPED: %s is not measured: %v\n", one.name, err)
			continue
		}
		if err == nil {
			err = compare(ours, e)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

var errAbsent = errors.New("it is not there")

// A cluster is a PostgreSQL of its own.
type cluster struct {
	bin, dir string
	as       *syscall.Credential // nil: whoever runs this is unprivileged
}

// findPostgres finds Debian's binaries, the newest.
func findPostgres() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("%w (Debian: postgresql)", errAbsent)
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func openCluster(o options) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	c := &cluster{bin: bin, dir: filepath.Join(o.dir, "pg")}
	if err := os.Mkdir(c.dir, 0o700); err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return c, nil
	}
	who, err := user.Lookup("postgres") // the server refuses to be run by root
	if err != nil {
		return nil, fmt.Errorf("%w: no user postgres to run it", errAbsent)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	c.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return c, os.Chown(c.dir, uid, gid)
}

// run runs a program of PostgreSQL's.
func (c *cluster) run(ctx context.Context, input, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	cmd.Env = []string{"PATH=" + c.bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "PGHOST=" + c.dir, "PGDATABASE=postgres", "PGUSER=bench"}
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return out.String(), nil
}

// tuned is what a machine with room for all the data is told.
const tuned = "-k . -h '' -c shared_buffers=1GB -c work_mem=128MB -c maintenance_work_mem=512MB -c effective_cache_size=4GB -c jit=off" +
	" -c max_parallel_workers_per_gather=1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_wal_size=4GB -c random_page_cost=1.1"

func (c *cluster) start(ctx context.Context) error {
	data := filepath.Join(c.dir, "data")
	if _, err := c.run(ctx, "", "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"); err != nil {
		return err
	}
	_, err := c.run(ctx, "", "pg_ctl", "-D", data, "-w", "-t", "60", "-l", filepath.Join(c.dir, "log"), "-o", strings.Replace(tuned, "-k .", "-k "+c.dir, 1), "start")
	return err
}

func (c *cluster) stop() error {
	_, err := c.run(context.Background(), "", "pg_ctl", "-D", filepath.Join(c.dir, "data"), "-m", "immediate", "-w", "stop")
	return err
}

func (c *cluster) psql(ctx context.Context, sql string) (string, error) {
	return c.run(ctx, sql, "psql", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-f", "-")
}

// askPostgres loads the tables and asks every question: once for the answer, which
// warms it, then by pgbench, whose times are those of the server.
func askPostgres(ctx context.Context, o options) (e engine, err error) {
	e.name = "postgres"
	c, err := openCluster(o)
	if err != nil {
		return e, err
	}
	if err := c.start(ctx); err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	start := time.Now()
	load := fmt.Sprintf("%s\n\\copy contracts from '%s' csv\n\\copy suppliers from '%s' csv\n%s", schemaSQL,
		filepath.Join(o.dir, "contracts.csv"), filepath.Join(o.dir, "suppliers.csv"), indexesSQL)
	if _, err := c.psql(ctx, load); err != nil {
		return e, err
	}
	fmt.Printf("\nPostgreSQL: loaded and indexed in %.0f s\n", time.Since(start).Seconds())
	for _, q := range questions {
		out, err := c.psql(ctx, q.postgres()+";")
		if err != nil {
			return e, fmt.Errorf("%s: %w", q.name, err)
		}
		e.answers = append(e.answers, answerOfRows(out))
		took, err := c.bench(ctx, q, o)
		if err != nil {
			return e, fmt.Errorf("%s: %w", q.name, err)
		}
		e.took = append(e.took, took)
	}
	return e, nil
}

var latency = regexp.MustCompile(`latency average = ([0-9.]+) ms`)

func (c *cluster) bench(ctx context.Context, q question, o options) (time.Duration, error) {
	script := filepath.Join(o.dir, "question.sql")
	if err := os.WriteFile(script, []byte(strings.ReplaceAll(q.postgres(), ":", `\:`)+";\n"), 0o644); err != nil {
		return 0, err
	}
	out, err := c.run(ctx, "", "pgbench", "-n", "-c", "1", "-t", "4", "-f", script)
	if err != nil {
		return 0, err
	}
	m := latency.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench says no latency: %s", out)
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return time.Duration(n * float64(time.Millisecond)), err
}

// answerOfRows reads lines of facet, code and number.
func answerOfRows(out string) answer {
	var a answer
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\x1f")
		if len(f) != 3 {
			continue
		}
		n, _ := strconv.Atoi(f[2])
		top := slices.ContainsFunc(compared, func(c comparedFacet) bool { return string(c.facet) == f[0] && c.top })
		a = append(a, lineOf(f[0], f[1], n, top))
	}
	slices.Sort(a)
	return a
}
