// Command gen writes a file of made-up contracts in the layout of 2.0.4, large
// enough to measure with. The same seed gives the same bytes.
//
//	go run ./bench/gen -layout official|ndjson|xml -bytes 400000000 -seed 1 -o FILE
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"

	"maillon/bench/gen/made"
	"maillon/catalog/pivot"
)

func main() {
	layout := flag.String("layout", "official", "official, ndjson or xml")
	size := flag.Int64("bytes", 40_000_000, "size of the file, about")
	seed := flag.Uint64("seed", 1, "of the random numbers")
	buyer := flag.String("buyer", "", "SIRET of the buyer of all contracts; without it most have one of their own")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := write(*out, *layout, *size, *seed, *buyer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(name, layout string, size int64, seed uint64, buyer string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := generate(w, layout, size, seed, buyer); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// generate writes as many contracts as make a file of about size bytes.
func generate(w io.Writer, layout string, size int64, seed uint64, buyer string) error {
	contracts := func(each int64) iter.Seq[pivot.Contract] { return of(buyer, made.Contracts(seed, size/each)) }
	switch layout {
	case "official":
		return pivot.WriteJSON(w, pivot.Gen2, contracts(perJSON))
	case "xml":
		return pivot.WriteXML(w, pivot.Gen2, contracts(perXML))
	case "ndjson":
		var b bytes.Buffer
		for c := range contracts(perJSON) {
			if err := made.Line(w, &b, c); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("layout %q: use official, ndjson or xml", layout)
}

// of gives contracts a buyer, if one is named.
func of(buyer string, list iter.Seq[pivot.Contract]) iter.Seq[pivot.Contract] {
	if buyer == "" {
		return list
	}
	return func(yield func(pivot.Contract) bool) {
		for c := range list {
			c.Buyer.ID = buyer
			if !yield(c) {
				return
			}
		}
	}
}

// Bytes of a contract, on average.
const (
	perJSON = 1193
	perXML  = 2060
)
