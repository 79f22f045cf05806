package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"maillon/node/alerts"
	"maillon/node/mail"
)

// lettersCommand sends members the letters on their publication.
func (c *cli) lettersCommand() *cobra.Command {
	var dry, asJSON bool
	cmd := &cobra.Command{Use: "letters", Args: cobra.NoArgs}
	send := &cobra.Command{
		Use: "send", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]bool{"dry": dry})
			if err != nil {
				return err
			}
			raw, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/letters", bytes.NewReader(body))
			if err != nil {
				return err
			}
			if asJSON {
				_, err = cmd.OutOrStdout().Write(append(bytes.TrimSpace(raw), '\n'))
				return err
			}
			var answer struct {
				Items []alerts.Letter
				Queue mail.Status
			}
			if err := json.Unmarshal(raw, &answer); err != nil {
				return err
			}
			var b bytes.Buffer
			for _, l := range answer.Items {
				fmt.Fprintln(&b, c.t("cli.letters.one", l.Name, l.SIRET, l.To, l.Faults))
			}
			if dry {
				fmt.Fprintln(&b, c.t("cli.letters.would", len(answer.Items)))
			} else {
				fmt.Fprintln(&b, c.t("cli.letters.sent", len(answer.Items), answer.Queue.Waiting, answer.Queue.Sent, answer.Queue.Failed))
			}
			_, err = cmd.OutOrStdout().Write(b.Bytes())
			return err
		},
	}
	send.Flags().BoolVar(&dry, "dry-run", false, c.t("cli.letters.flag.dry"))
	send.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	cmd.AddCommand(send)
	return cmd
}
