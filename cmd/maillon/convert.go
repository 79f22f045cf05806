package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/mapping"
	"maillon/catalog/pivot/ocds"
	"maillon/store/whole"
)

// A convertFormat is a layout that `maillon convert` writes.
type convertFormat struct {
	gen    pivot.Generation // of the contracts it can hold; 0: both
	schema pivot.Version    // the official schema of the file; "" if there is none
	unique bool             // which refuses a file with the same record twice
	write  func(io.Writer, iter.Seq[pivot.Contract]) error

	// complete writes contracts with what is known of them, instead of write.
	complete func(io.Writer, iter.Seq[pivot.Complete]) error
}

// convertFormats are the layouts by the name that --to takes.
var convertFormats = map[string]convertFormat{
	"json-2.0.4": convertLegal(pivot.Gen2, pivot.V204, false, pivot.WriteJSON),
	"json-2.0.3": convertLegal(pivot.Gen2, pivot.V203, true, pivot.WriteJSON),
	"xml-2.0.2":  convertLegal(pivot.Gen2, pivot.V202, false, pivot.WriteXML),
	"json-1.5.0": convertLegal(pivot.Gen1, pivot.V150, true, pivot.WriteJSON),
	"xml-1.5.0":  convertLegal(pivot.Gen1, pivot.V150, false, pivot.WriteXML),
	"csv":        {write: pivot.WriteCSV},
	"ocds":       {}, // has options of its own
	"csv-flat":   {write: flat.WriteCSV},
	"parquet":    {write: flat.WriteParquet},
	"light":      {}, // has an option of its own
	"ndjson":     {write: convertLines},
	"complet":    {complete: pivot.WriteComplet},
}

func convertLegal(
	g pivot.Generation, v pivot.Version, unique bool, write func(io.Writer, pivot.Generation, iter.Seq[pivot.Contract]) error,
) convertFormat {
	return convertFormat{gen: g, schema: v, unique: unique, write: func(w io.Writer, contracts iter.Seq[pivot.Contract]) error { return write(w, g, contracts) }}
}

// convertLines writes a contract a line, all fields, as the files étendu do.
func convertLines(w io.Writer, contracts iter.Seq[pivot.Contract]) error {
	return pivot.WriteComplet(w, func(yield func(pivot.Complete) bool) {
		for c := range contracts {
			if !yield(pivot.Complete{Contract: c}) {
				return
			}
		}
	})
}

// A conversion is one run of `maillon convert`.
type conversion struct {
	convertFormat
	files      []string
	mapping    *mapping.Mapping // of the files, if they are exports of other software
	conforming bool             // leave out what the schema of the file refuses

	seen                      map[uint64]bool // hashes of the records written, if they must be unique
	seed                      maphash.Seed
	err                       error // that ended the reading
	written, other, left, bad int   // records: in the file, of another generation, not conforming, unreadable
}

func (c *cli) convertCommand() *cobra.Command {
	var to, out, by string
	var conforming bool
	var year int
	release := ocds.Options{Published: time.Now().UTC().Truncate(time.Second)}
	names := slices.Sorted(maps.Keys(convertFormats))
	cmd := &cobra.Command{
		Use:  "convert --to FORMAT FILE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			format, known := convertFormats[to]
			if !known {
				return &misuseError{cmd.CommandPath(), fmt.Errorf("--to %q: use one of %s", to, strings.Join(names, " "))}
			}
			if to == "ocds" {
				format.write = func(w io.Writer, all iter.Seq[pivot.Contract]) error { return ocds.Write(w, release, all) }
			}
			if to == "light" {
				format.write = func(w io.Writer, all iter.Seq[pivot.Contract]) error { return flat.WriteLight(w, year, all) }
			}
			conv := &conversion{convertFormat: format, files: args, conforming: conforming}
			var err error
			if conv.mapping, err = readMapping(by); err != nil {
				return err
			}
			if err := conv.run(cmd.OutOrStdout(), out); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.convert.summary", conv.written, conv.other, conv.left, conv.bad))
			if conv.other+conv.left+conv.bad > 0 {
				return errBad
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", c.t("cli.convert.flag.to", strings.Join(names, ", ")))
	cmd.Flags().StringVarP(&out, "output", "o", "", c.t("cli.convert.flag.output"))
	cmd.Flags().StringVar(&by, "map", "", c.t("cli.convert.flag.map"))
	cmd.Flags().StringVar(&release.Prefix, "ocid-prefix", ocds.DefaultPrefix, c.t("cli.convert.flag.prefix"))
	cmd.Flags().StringVar(&release.URI, "uri", "urn:maillon:ocds", c.t("cli.convert.flag.uri"))
	cmd.Flags().StringVar(&release.Publisher.Name, "publisher", "maillon", c.t("cli.convert.flag.publisher"))
	cmd.Flags().IntVar(&year, "year", 0, c.t("cli.convert.flag.year"))
	cmd.Flags().BoolVar(&conforming, "conforming", false, c.t("cli.convert.flag.conforming"))
	return cmd
}

// run writes to a file, which appears whole or not at all, or to stdout.
func (v *conversion) run(stdout io.Writer, out string) error {
	if out == "" {
		return v.to(stdout)
	}
	f, err := whole.Create(out, 0o644)
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // what matters is the error of the writing
	if err := v.to(f); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

func (v *conversion) to(w io.Writer) error {
	write := v.complete
	if write == nil {
		write = func(w io.Writer, all iter.Seq[pivot.Complete]) error {
			return v.write(w, func(yield func(pivot.Contract) bool) {
				for c := range all {
					if !yield(c.Contract) {
						return
					}
				}
			})
		}
	}
	if err := write(w, v.contracts); err != nil {
		return err
	}
	return v.err
}

// contracts reads the files from the beginning, as often as it is asked to.
func (v *conversion) contracts(yield func(pivot.Complete) bool) {
	v.written, v.other, v.left, v.bad = 0, 0, 0, 0
	v.seen, v.seed = map[uint64]bool{}, maphash.MakeSeed()
	for _, name := range v.files {
		more, err := v.file(name, yield)
		if err != nil {
			v.err = fmt.Errorf("%s: %w", name, err)
		}
		if err != nil || !more {
			return
		}
	}
}

func (v *conversion) file(name string, yield func(pivot.Complete) bool) (more bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	in := mapped(f, v.mapping)
	defer in.Close() //nolint:errcheck // it is only read
	for item, err := range pivot.NewReader(in, pivot.Limits{}).Items() {
		if err != nil {
			return false, mappingError(err)
		}
		if len(item.Problems) > 0 {
			v.bad++
			continue
		}
		contract, repairs := pivot.Normalise(item.Record)
		if v.gen != 0 && contract.Generation != v.gen {
			v.other++
			continue
		}
		if ok, err := v.accepted(contract); err != nil {
			return false, err
		} else if !ok {
			v.left++
			continue
		}
		v.written++
		all := pivot.Complete{Contract: contract, Repairs: repairs}
		if v.complete != nil {
			if all, err = completed(item.Record, all); err != nil {
				return false, err
			}
		}
		if !yield(all) {
			return false, nil
		}
	}
	return true, nil
}

// completed adds what the rules say of a record.
func completed(rec pivot.Record, c pivot.Complete) (pivot.Complete, error) {
	verdict := pivot.Judge(rec)
	hash, err := pivot.HashOf(rec.Raw)
	if err != nil {
		return c, err
	}
	c.State, c.Schema, c.Problems = verdict.State, verdict.Version, verdict.Problems
	c.Address, c.Hash = rec.Buyer+"/"+rec.ID, hash.String()
	return c, nil
}

// accepted reports whether the schema of the file accepts the contract as it
// will be written, if that is asked for.
func (v *conversion) accepted(c pivot.Contract) (bool, error) {
	if !v.conforming || v.schema == "" {
		return true, nil
	}
	var b bytes.Buffer
	if err := v.write(&b, slices.Values([]pivot.Contract{c})); err != nil {
		return false, err
	}
	if v.unique {
		hash := maphash.Bytes(v.seed, b.Bytes())
		if v.seen[hash] {
			return false, nil
		}
		v.seen[hash] = true
	}
	for item, err := range pivot.NewReader(&b, pivot.Limits{}).Items() {
		if err != nil {
			return false, errors.Join(errors.New("what was written does not read back"), err)
		}
		return len(item.Problems) == 0 && pivot.JudgeBy(item.Record, v.schema).Errors() == 0, nil
	}
	return false, nil
}

// readMapping reads the mapping in a file; none for "".
func readMapping(name string) (*mapping.Mapping, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := mapping.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// mapped reads a file by a mapping, if there is one.
func mapped(file io.Reader, m *mapping.Mapping) io.ReadCloser {
	if m == nil {
		return io.NopCloser(file)
	}
	return m.Reader(file)
}

// mappingError is what is wrong with an export, where that is why it could not be
// read.
func mappingError(err error) error {
	if bad, ok := errors.AsType[*mapping.ExportError](err); ok {
		return bad
	}
	return err
}
