package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"maillon/catalog/scdl"
	"maillon/node"
	"maillon/node/finances"
)

// scdlCommand keeps the budgets and grants that a node shows beside contracts.
func (c *cli) scdlCommand() *cobra.Command {
	var asJSON, skip bool
	cmd := &cobra.Command{Use: "scdl", Args: cobra.NoArgs}
	load := &cobra.Command{
		Use: "import FILE…", Args: cobra.MinimumNArgs(1), Short: c.t("cli.scdl.import.short"), Long: c.t("cli.scdl.import.long"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			for _, name := range args {
				src, err := finances.Import(cmd.Context(), node.FinancesDir(cfg), name, skip, time.Now())
				if bad, ok := errors.AsType[*scdl.Problems](err); ok {
					for _, p := range bad.First {
						fmt.Fprintln(cmd.ErrOrStderr(), name+":", p) // the error counts them
					}
				}
				if err != nil {
					return err
				}
				if err := c.printLedger(cmd, src, asJSON); err != nil {
					return err
				}
			}
			return nil
		},
	}
	load.Flags().BoolVar(&skip, "skip-bad", false, c.t("cli.scdl.flag.skip"))
	status := &cobra.Command{
		Use: "status", Args: cobra.NoArgs, Short: c.t("cli.scdl.status.short"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			list := finances.Open(node.FinancesDir(cfg), zerolog.New(cmd.ErrOrStderr()), time.Now).Sources()
			if len(list) == 0 && !asJSON {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.scdl.none"))
			}
			for _, src := range list {
				if err == nil {
					err = c.printLedger(cmd, src, asJSON)
				}
			}
			return err
		},
	}
	for _, sub := range []*cobra.Command{load, status} {
		sub.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	}
	cmd.AddCommand(load, status)
	return cmd
}

func (c *cli) printLedger(cmd *cobra.Command, s scdl.Source, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.scdl.kept", s.File, c.t("cli.scdl.kind."+string(s.Kind)), s.Lines, s.Left, s.Others, s.Kept))
	return err
}
