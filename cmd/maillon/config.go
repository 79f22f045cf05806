package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"maillon/node"
)

// configCommand looks at the configuration without starting anything.
func (c *cli) configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Args: cobra.NoArgs}
	cmd.AddCommand(c.configCheck(), c.configShow())
	return cmd
}

// configCheck says whether a node would start with the configuration.
func (c *cli) configCheck() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "check",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			stray := node.UnknownVariables(os.Environ())
			if asJSON {
				return c.configVerdict(cmd, err, stray)
			}
			for _, v := range stray {
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.config.stray", v))
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.config.fine", c.config, cfg.Name, cfg.ID.String(), cfg.URL))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) configVerdict(cmd *cobra.Command, wrong error, stray []string) error {
	verdict := struct {
		File  string   `json:"file"`
		Fine  bool     `json:"fine"`
		Error string   `json:"error,omitempty"`
		Stray []string `json:"unknownVariables,omitempty"`
	}{File: c.config, Fine: wrong == nil, Stray: stray}
	if wrong != nil {
		verdict.Error = wrong.Error()
	}
	if err := json.NewEncoder(cmd.OutOrStdout()).Encode(verdict); err != nil {
		return err
	}
	if wrong != nil {
		return errBad
	}
	return nil
}

// configShow prints what is in force, environment and defaults included.
func (c *cli) configShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "show",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			out, err := node.ShowConfig(c.config, os.LookupEnv, asJSON)
			if errors.Is(err, fs.ErrNotExist) {
				return c.noConfig()
			}
			if err != nil {
				return fmt.Errorf("%s: %w", c.config, err)
			}
			_, err = cmd.OutOrStdout().Write(out)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}
