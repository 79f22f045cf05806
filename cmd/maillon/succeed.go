package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"maillon/catalog/entry"
)

// succeedCommand states that a body goes on as another.
func (c *cli) succeedCommand() *cobra.Command {
	var s entry.Succession
	cmd := &cobra.Command{
		Use:  "succeed OLD NEW",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.From, s.To = args[0], args[1]
			if err := s.Check(); err != nil {
				return &misuseError{cmd.CommandPath(), err}
			}
			body, err := json.Marshal(s)
			if err != nil {
				return err
			}
			r, err := c.admin()
			if err != nil {
				return err
			}
			if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/successions", bytes.NewReader(body)); err != nil {
				return err
			}
			said := "cli.succeed.done"
			if s.Void {
				said = "cli.succeed.voided"
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t(said, s.From, s.To, s.On))
			return err
		},
	}
	cmd.Flags().StringVar(&s.On, "on", "", c.t("cli.succeed.flag.on"))
	cmd.Flags().StringVar(&s.Why, "why", entry.WhyMerger, c.t("cli.succeed.flag.why"))
	cmd.Flags().StringVar(&s.Reason, "reason", "", c.t("cli.succeed.flag.reason"))
	cmd.Flags().BoolVar(&s.Void, "void", false, c.t("cli.succeed.flag.void"))
	return cmd
}

// leaveCommand makes the node say that it is gone.
func (c *cli) leaveCommand() *cobra.Command {
	var back bool
	cmd := &cobra.Command{
		Use:  "leave",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			body, err := json.Marshal(map[string]bool{"back": back})
			if err != nil {
				return err
			}
			if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/presence", bytes.NewReader(body)); err != nil {
				return err
			}
			said := "cli.leave.done"
			if back {
				said = "cli.leave.back"
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t(said))
			return err
		},
	}
	cmd.Flags().BoolVar(&back, "return", false, c.t("cli.leave.flag.return"))
	return cmd
}
