// Command gen makes the embedded list of package cpv from a table of the
// nomenclature: a line per code, the code and its English name parted by "|",
// after a header. The same input gives the same bytes.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	from := flag.String("from", "cpv_2008.csv", "table of codes and names, parted by |")
	to := flag.String("to", "catalog/cpv/data/cpv.txt.gz", "file to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	table, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	list, err := lines(table)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	var b bytes.Buffer
	zip, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := zip.Write([]byte(strings.Join(list, ""))); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return os.WriteFile(to, b.Bytes(), 0o644)
}

// lines gives "code name\n" for each code, sorted.
func lines(table []byte) ([]string, error) {
	var list []string
	in := bufio.NewScanner(bytes.NewReader(table))
	for n := 1; in.Scan(); n++ {
		code, name, found := strings.Cut(in.Text(), "|")
		if n == 1 {
			continue
		}
		if !found || len(code) != 8 || strings.Trim(code, "0123456789") != "" || name == "" {
			return nil, fmt.Errorf("line %d: %q is no code of eight digits, | and a name", n, in.Text())
		}
		list = append(list, code+" "+strings.TrimSpace(name)+"\n")
	}
	slices.Sort(list)
	return slices.Compact(list), in.Err()
}
