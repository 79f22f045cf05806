package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"maillon/node"
	"maillon/node/doctor"
)

// doctorCommand says whether the node is well, and what to type if it is not.
func (c *cli) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "doctor",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			facts, err := c.facts(cmd)
			if errors.Is(err, fs.ErrPermission) {
				return errors.New(c.t("cli.doctor.noaccess", err))
			}
			if err != nil {
				return err
			}
			findings := doctor.Examine(facts)
			if asJSON {
				err = c.findingsJSON(cmd, facts, findings)
			} else {
				err = c.printFindings(cmd, findings)
			}
			if err == nil && !doctor.Well(findings) {
				err = errBad
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// facts asks the running node, or looks at the data of a stopped one.
func (c *cli) facts(cmd *cobra.Command) (f doctor.Facts, err error) {
	cfg, err := c.load()
	if err != nil {
		return f, err
	}
	config, err := filepath.Abs(c.config)
	if err != nil {
		return f, err
	}
	defer func() { f.Config = config }()
	r, err := c.admin()
	if err == nil {
		var raw []byte
		if raw, err = r.ask(cmd.Context(), http.MethodGet, "/admin/v1/doctor", nil); err == nil {
			return f, json.Unmarshal(raw, &f)
		}
	}
	if _, down := errors.AsType[*net.OpError](err); !down && !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	return node.StoppedFacts(cmd.Context(), cfg)
}

var marks = map[doctor.Grade]string{doctor.Fine: "✓", doctor.Watch: "!", doctor.Wrong: "✗"}

func (c *cli) printFindings(cmd *cobra.Command, findings []doctor.Finding) error {
	out := cmd.OutOrStdout()
	count := map[doctor.Grade]int{}
	for _, f := range findings {
		count[f.Grade]++
		if _, err := fmt.Fprintf(out, "%s %s : %s\n", marks[f.Grade], f.Name(c.language()), f.Text(c.language())); err != nil {
			return err
		}
		if f.Mend != "" {
			if _, err := fmt.Fprintf(out, "    %s\n", f.Mend); err != nil {
				return err
			}
		}
	}
	key := "cli.doctor.well"
	args := []any{}
	switch {
	case count[doctor.Wrong] > 0:
		key, args = "cli.doctor.ill", []any{count[doctor.Wrong], count[doctor.Watch]}
	case count[doctor.Watch] > 0:
		key, args = "cli.doctor.watch", []any{count[doctor.Watch]}
	}
	_, err := fmt.Fprintln(out, c.t(key, args...))
	return err
}

func (c *cli) findingsJSON(cmd *cobra.Command, facts doctor.Facts, findings []doctor.Finding) error {
	type line struct {
		doctor.Finding
		Text string `json:"text"`
	}
	out := struct {
		Well     bool         `json:"well"`
		Findings []line       `json:"findings"`
		Facts    doctor.Facts `json:"facts"`
	}{Well: doctor.Well(findings), Facts: facts}
	for _, f := range findings {
		out.Findings = append(out.Findings, line{f, f.Text(c.language())})
	}
	return json.NewEncoder(cmd.OutOrStdout()).Encode(out)
}
