// Command duckdb answers the questions of bench/query by DuckDB. It has a module of its
// own because it needs cgo, which the program does without. It reads the schema and the
// questions as JSON, and writes the answers and their times.
package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

type answer struct {
	Rows []string
	Took time.Duration
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	var in struct {
		Schema    string
		Questions []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return err
	}
	defer db.Close()
	start := time.Now()
	for _, s := range []string{
		"set threads = 2", in.Schema,
		fmt.Sprintf("copy contracts from '%s' (header false)", filepath.Join(dir, "contracts.csv")),
		fmt.Sprintf("copy suppliers from '%s' (header false)", filepath.Join(dir, "suppliers.csv")),
	} {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%.60s: %w", s, err)
		}
	}
	fmt.Fprintf(os.Stderr, "\nDuckDB: loaded in %.0f s\n", time.Since(start).Seconds())
	var out []answer
	for _, q := range in.Questions {
		a, err := ask(db, q)
		if err != nil {
			return fmt.Errorf("%.200s: %w", q, err)
		}
		out = append(out, a)
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// ask asks once to warm up, then takes the median of five.
func ask(db *sql.DB, q string) (a answer, err error) {
	var took []time.Duration
	for i := range 6 {
		start := time.Now()
		rows, err := db.Query(q)
		if err != nil {
			return a, err
		}
		a.Rows = nil
		for rows.Next() {
			var facet, code string
			var n int
			if err := rows.Scan(&facet, &code, &n); err != nil {
				return a, err
			}
			a.Rows = append(a.Rows, fmt.Sprintf("%s\x1f%s\x1f%d", facet, code, n))
		}
		if err := rows.Close(); err != nil {
			return a, err
		}
		if i > 0 {
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	a.Took = took[len(took)/2]
	return a, nil
}
