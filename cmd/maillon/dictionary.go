package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/guide"
	"maillon/store/whole"
)

func (c *cli) dictionaryCommand() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:  "dictionary [FIELD]",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			switch {
			case to == "markdown":
				return guide.WriteMarkdown(w, c.language())
			case to == "json":
				e := json.NewEncoder(w)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(map[pivot.Kind][]pivot.Field{
					pivot.Marche: pivot.Dictionary(pivot.Marche), pivot.Concession: pivot.Dictionary(pivot.Concession),
				})
			case to == "table-schema":
				schema, err := flat.TableSchema(c.language())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(w, "%s\n", schema)
				return err
			case to != "text":
				return &misuseError{cmd.CommandPath(), fmt.Errorf("--to %q: use one of text markdown json table-schema", to)}
			}
			field := ""
			if len(args) > 0 {
				field = strings.Trim(args[0], "/")
			}
			if !c.dictionary(w, field) {
				return &misuseError{cmd.CommandPath(), fmt.Errorf("no field is called %q", field)}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "text", "text, markdown, json, table-schema")
	return cmd
}

// dictionary prints the fields whose path or name is field, all for "".
func (c *cli) dictionary(w io.Writer, field string) (found bool) {
	for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
		for _, r := range guide.Rows(kind, c.language()) {
			name := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
			if field != "" && r.Path != field && name != field {
				continue
			}
			found = true
			fmt.Fprintf(w, "%s %s (%s)\n  %s\n  %s\n", kind, r.Path, r.Current, r.Text, r.Type)
			if field == "" {
				continue
			}
			for _, word := range r.Words {
				fmt.Fprintf(w, "    %s\n", word)
			}
			if r.Example != "" {
				fmt.Fprintf(w, "  %s %s\n", c.t("web.dictionary.example"), r.Example)
			}
			for _, h := range r.History {
				fmt.Fprintf(w, "  %s : %s\n", h.Versions, h.Text)
			}
		}
	}
	return found
}

func (c *cli) templateCommand() *cobra.Command {
	var out, kind string
	cmd := &cobra.Command{
		Use:  "template -o FILE",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b bytes.Buffer
			switch strings.ToLower(filepath.Ext(out)) {
			case ".xlsx":
				if err := guide.WriteTemplateXLSX(&b, c.language()); err != nil {
					return err
				}
			case ".csv":
				k := pivot.Kind(kind)
				if k != pivot.Marche && k != pivot.Concession {
					return &misuseError{cmd.CommandPath(), fmt.Errorf("--kind %q: use marche or contrat-concession", kind)}
				}
				if err := guide.WriteTemplateCSV(&b, k); err != nil {
					return err
				}
			default:
				return &misuseError{cmd.CommandPath(), fmt.Errorf("--output %q: a name that ends in .xlsx or .csv", out)}
			}
			return whole.WriteFile(out, b.Bytes(), 0o644)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "modele-marches.xlsx", c.t("cli.template.flag.output"))
	cmd.Flags().StringVar(&kind, "kind", string(pivot.Marche), c.t("cli.template.flag.kind"))
	return cmd
}
