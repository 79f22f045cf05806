package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"maillon/node/api"
	"maillon/node/api/openapi"
)

// A querying is the flags that every command under query has.
type querying struct {
	url           string
	all           bool
	asJSON, asCSV bool
	columns       []string
}

// queryCommand asks any node what its API answers. Its commands are the readings of
// the API, their flags the parameters of the address: nothing is said twice.
func (c *cli) queryCommand() *cobra.Command {
	var q querying
	cmd := &cobra.Command{Use: "query", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	f := cmd.PersistentFlags()
	f.StringVar(&q.url, "url", "", c.t("cli.query.flag.url"))
	f.BoolVar(&q.all, "all", false, c.t("cli.query.flag.all"))
	f.BoolVar(&q.asJSON, "json", false, c.t("cli.query.flag.json"))
	f.BoolVar(&q.asCSV, "csv", false, c.t("cli.query.flag.csv"))
	f.StringSliceVar(&q.columns, "columns", nil, c.t("cli.query.flag.columns"))
	for _, o := range api.Readings() {
		if len(o.Answer[0].Media) > 0 && o.Answer[0].Media[0] == "application/json" {
			cmd.AddCommand(c.readingCommand(o, &q))
		}
	}
	return cmd
}

// commandName is the name of an operation without its verb: listContracts is contracts.
func commandName(o openapi.Operation) string {
	name := strings.TrimPrefix(strings.TrimPrefix(o.ID, "list"), "get")
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func (c *cli) readingCommand(o openapi.Operation, q *querying) *cobra.Command {
	use, parts, flags := commandName(o), []string{}, map[string]*[]string{}
	cmd := &cobra.Command{Short: o.Summary(c.language()), Long: o.Summary(c.language()) + "\n" + o.More(c.language())}
	for _, p := range o.Params {
		switch {
		case o.InPath(p.Name):
			parts = append(parts, p.Name)
			use += " " + strings.ToUpper(p.Name)
		case p.Name == "lang": // is that of all commands
		default:
			words := o.ParamText(c.language(), p.Name)
			if p.Enum != nil {
				words += " (" + strings.Join(p.Enum, ", ") + ")"
			}
			flags[p.Name] = cmd.Flags().StringArray(p.Name, nil, words)
		}
	}
	cmd.Use, cmd.Args = use, cobra.ExactArgs(len(parts))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		v := url.Values{}
		for i, name := range parts {
			v.Set(name, args[i])
		}
		for name, values := range flags {
			v[name] = *values
		}
		v.Set("lang", string(c.language()))
		return c.query(cmd, o, *q, v)
	}
	return cmd
}

// query asks, page after page if all are wanted, and prints what comes.
func (c *cli) query(cmd *cobra.Command, o openapi.Operation, q querying, v url.Values) error {
	if q.asJSON && q.asCSV {
		return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.query.both"))}
	}
	base := strings.TrimRight(q.url, "/")
	if base == "" {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		base = "http://" + dialable(cfg.Listen)
	}
	print := printerOf(cmd.OutOrStdout(), o, q)
	for {
		address, missing := o.Address(v)
		if missing != "" {
			return &misuseError{cmd.CommandPath(), fmt.Errorf("%s: %s", missing, o.ParamText(c.language(), missing))}
		}
		raw, err := remote{base: base}.ask(cmd.Context(), http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		var page struct {
			Next string `json:"next"`
		}
		_ = json.Unmarshal(raw, &page) // an answer that is no object has no next page
		if err := print(raw); err != nil {
			return err
		}
		if _, pages := o.Param("after"); !q.all || !pages || page.Next == "" || page.Next == v.Get("after") {
			return nil
		}
		v.Set("after", page.Next)
	}
}

// printerOf prints answers as the flags ask: as they came, as CSV, or in columns.
func printerOf(w io.Writer, o openapi.Operation, q querying) func(raw []byte) error {
	if q.asJSON {
		return func(raw []byte) error { _, err := w.Write(raw); return err }
	}
	t := &queryTable{w: w, columns: q.columns, csv: q.asCSV}
	if t.columns == nil && !q.asCSV {
		t.columns = usualColumns[o.ID]
	}
	return t.print
}

// usualColumns are those that fit on a screen and tell most.
var usualColumns = map[string][]string{
	"listContracts": {"dateNotification", "montant", "buyerName", "objet", "address"},
	"listDatasets":  {"identifier", "title.fr", "score", "modified", "page"},
	"listNodes":     {"id", "level", "name", "state", "mirrored", "url"},
	"listRules":     {"id", "severity", "text"},
}
