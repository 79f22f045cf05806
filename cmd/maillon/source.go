package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

// sourceCommand speaks to the node about the foreign catalogues that it harvests.
func (c *cli) sourceCommand() *cobra.Command {
	source := &cobra.Command{Use: "source", Args: cobra.NoArgs, Long: c.t("cli.source.long")}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Args: cobra.NoArgs, Short: c.t("cli.source.list.short"),
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listSources(cmd, asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))

	var ask struct {
		URL          string `json:"url"`
		Every        string `json:"every,omitempty"`
		Grace        string `json:"grace,omitempty"`
		MaxDeletions string `json:"maxDeletions,omitempty"`
		Files        bool   `json:"files"`
	}
	add := &cobra.Command{
		Use: "add URL", Args: cobra.ExactArgs(1), Short: c.t("cli.source.add.short"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			ask.URL = args[0]
			body, err := json.Marshal(ask)
			if err != nil {
				return err
			}
			raw, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/sources", bytes.NewReader(body))
			if err != nil {
				return err
			}
			var s struct{ ID string }
			if err := json.Unmarshal(raw, &s); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.source.add.done", ask.URL, s.ID))
			return err
		},
	}
	add.Flags().StringVar(&ask.Every, "every", "", c.t("cli.source.flag.every"))
	add.Flags().StringVar(&ask.Grace, "grace", "", c.t("cli.source.flag.grace"))
	add.Flags().StringVar(&ask.MaxDeletions, "max-deletions", "", c.t("cli.source.flag.share"))
	add.Flags().BoolVar(&ask.Files, "files", true, c.t("cli.source.flag.files"))
	source.AddCommand(list, add)
	for _, act := range []string{"visit", "confirm", "remove"} {
		source.AddCommand(&cobra.Command{
			Use: act + " ID…", Args: cobra.MinimumNArgs(1), Short: c.t("cli.source." + act + ".short"),
			RunE: func(cmd *cobra.Command, args []string) error { return c.actOnSources(cmd, act, args) },
		})
	}
	return source
}

func (c *cli) actOnSources(cmd *cobra.Command, act string, ids []string) error {
	r, err := c.admin()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/sources/"+url.PathEscape(id)+"/"+act, nil); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.source."+act+".done", id)); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) listSources(cmd *cobra.Command, asJSON bool) error {
	r, err := c.admin()
	if err != nil {
		return err
	}
	raw, err := r.ask(cmd.Context(), http.MethodGet, "/admin/v1/sources", nil)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := cmd.OutOrStdout().Write(raw)
		return err
	}
	var list struct {
		Items []struct {
			ID, URL, Error                 string
			Datasets, Missing, Held, Pivot int
		}
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if len(list.Items) == 0 {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.source.none"))
		return err
	}
	for _, s := range list.Items {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s %6d %4d %4d %4d  %s %s\n", s.ID, s.Datasets, s.Pivot, s.Missing, s.Held, s.URL, s.Error); err != nil {
			return err
		}
	}
	return nil
}
