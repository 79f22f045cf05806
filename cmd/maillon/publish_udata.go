package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"maillon/node/outlet"
)

// publishUdataCommand brings the datasets on a udata platform up to date.
func (c *cli) publishUdataCommand() *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{
		Use: "publish-udata [WHAT…]",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]any{"what": args, "dry": dry})
			if err != nil {
				return err
			}
			raw, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/publish-udata", bytes.NewReader(body))
			if err != nil {
				return err
			}
			var answer struct{ Items []outlet.Done }
			if err := json.Unmarshal(raw, &answer); err != nil {
				return err
			}
			if asJSON {
				_, err = cmd.OutOrStdout().Write(append(bytes.TrimSpace(raw), '\n'))
			} else {
				err = c.printPublished(cmd, answer.Items, dry)
			}
			for _, d := range answer.Items {
				if err == nil && d.Error != "" {
					err = errBad // it is said above
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, c.t("cli.publish-udata.flag.dry"))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) printPublished(cmd *cobra.Command, items []outlet.Done, dry bool) error {
	var b bytes.Buffer
	if len(items) == 0 {
		fmt.Fprintln(&b, c.t("cli.publish-udata.nothing"))
	}
	for _, d := range items {
		where := d.Page
		if where == "" {
			where = d.Dataset
		}
		switch {
		case d.Error != "":
			fmt.Fprintln(&b, c.t("cli.publish-udata.failed", d.What, d.Error))
		case len(d.Steps) == 0:
			fmt.Fprintln(&b, c.t("cli.publish-udata.same", d.What, where))
		case dry:
			fmt.Fprintln(&b, c.t("cli.publish-udata.would", d.What, len(d.Steps), d.Bytes, where))
		default:
			fmt.Fprintln(&b, c.t("cli.publish-udata.done", d.What, len(d.Steps), d.Bytes, where))
		}
		for _, s := range d.Steps {
			fmt.Fprintln(&b, c.t("cli.publish-udata.step", s.Act, s.Key))
		}
	}
	_, err := cmd.OutOrStdout().Write(b.Bytes())
	return err
}
