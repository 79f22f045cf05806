package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"maillon/catalog/entry"
	"maillon/node"
)

// settleCommand decides between sources that contradict each other.
func (c *cli) settleCommand() *cobra.Command {
	var ask node.DecisionAsk
	var void bool
	cmd := &cobra.Command{
		Use:  "settle show|same|apart|settled ADDRESS…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.checkSettle(cmd, args, ask, void); err != nil {
				return err
			}
			r, err := c.admin()
			if err != nil {
				return err
			}
			path, body := "/admin/v1/decisions", any(&ask)
			ask.What, ask.Contracts = args[0], args[1:]
			if void {
				path, body = "/admin/v1/decisions/"+args[0]+"/void", map[string]string{"reason": ask.Reason}
			}
			raw, err := json.Marshal(body)
			if err != nil {
				return err
			}
			answer, err := r.ask(cmd.Context(), http.MethodPost, path, bytes.NewReader(raw))
			if err != nil {
				return err
			}
			var made struct{ Key string }
			if err := json.Unmarshal(answer, &made); err != nil {
				return err
			}
			said := "cli.settle.done"
			if void {
				said = "cli.settle.voided"
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t(said, made.Key))
			return err
		},
	}
	cmd.Flags().StringVar(&ask.Reason, "reason", "", c.t("cli.settle.flag.reason"))
	cmd.Flags().StringVar(&ask.Shown, "record", "", c.t("cli.settle.flag.record"))
	cmd.Flags().BoolVar(&void, "void", false, c.t("cli.settle.flag.void"))
	return cmd
}

// checkSettle reports what the node would refuse of any decision.
func (c *cli) checkSettle(cmd *cobra.Command, args []string, ask node.DecisionAsk, void bool) error {
	wrong := ""
	switch {
	case ask.Reason == "":
		wrong = "cli.members.noreason"
	case void:
		return nil // what is to be undone is known to the node
	case len(args) < 2:
		wrong = "cli.settle.which"
	case args[0] == entry.DecideShow && ask.Shown == "":
		wrong = "cli.settle.norecord"
	default:
		return c.oneOf(cmd, args[0], entry.DecideShow, entry.DecideSame, entry.DecideApart, entry.DecideSettled)
	}
	return &misuseError{cmd.CommandPath(), errors.New(c.t(wrong))}
}
