package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"maillon/catalog/sirene"
	"maillon/node"
	"maillon/node/firms"
)

// sireneCommand keeps what a node knows of firms.
func (c *cli) sireneCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "sirene", Args: cobra.NoArgs}
	load := &cobra.Command{
		Use: "import FILE…", Args: cobra.MinimumNArgs(1), Short: c.t("cli.sirene.import.short"), Long: c.t("cli.sirene.import.long"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			met, err := c.met(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			for _, name := range args {
				began := time.Now()
				src, err := firms.Import(cmd.Context(), node.SireneDir(cfg), name, met, began)
				if err != nil {
					return err
				}
				if err := c.printSource(cmd, src, time.Since(began), asJSON); err != nil {
					return err
				}
			}
			return nil
		},
	}
	status := &cobra.Command{
		Use: "status", Args: cobra.NoArgs, Short: c.t("cli.sirene.status.short"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			list := firms.Open(node.SireneDir(cfg), zerolog.New(cmd.ErrOrStderr()), time.Now).Sources()
			if len(list) == 0 && !asJSON {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.sirene.none"))
			}
			for _, src := range list {
				if err == nil {
					err = c.printSource(cmd, src, 0, asJSON)
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

// met asks the running node which numbers its contracts name, or reads them from the
// folder of one that does not run.
func (c *cli) met(ctx context.Context, cfg node.Config) ([]string, error) {
	r, err := c.admin()
	if err == nil {
		var raw []byte
		raw, err = r.ask(ctx, http.MethodGet, "/admin/v1/sirene/met", nil)
		if err == nil {
			return strings.Fields(string(raw)), nil
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
	}
	met, err := node.MetStopped(ctx, cfg)
	return met, neverRan(err)
}

func (c *cli) printSource(cmd *cobra.Command, s sirene.Source, took time.Duration, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(s)
	}
	newest := s.Newest
	if newest == "" {
		newest = "–"
	}
	said := c.t("cli.sirene.kept", s.File, c.t("cli.sirene.kind."+string(s.Kind)), s.Rows, s.Met, s.Kept, newest)
	if s.Malformed > 0 {
		said += " " + c.t("cli.sirene.malformed", s.Malformed)
	}
	if took >= time.Second {
		said += " " + c.t("cli.sirene.took", took.Round(time.Second), int(float64(s.Rows)/took.Seconds()))
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), said)
	return err
}
