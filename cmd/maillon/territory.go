package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"maillon/catalog/territory"
	"maillon/catalog/territory/outline"
)

// territoryCommand keeps what a node knows of places beside the embedded code.
func (c *cli) territoryCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "territory", Args: cobra.NoArgs}
	level := ""
	load := &cobra.Command{
		Use:   "import FILE…",
		Args:  cobra.MinimumNArgs(1),
		Short: c.t("cli.territory.import.short"),
		Long:  c.t("cli.territory.import.long"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if level != "" {
				if _, err := territory.ParseLevel(level); err != nil {
					return &misuseError{cmd.CommandPath(), err}
				}
			}
			cfg, err := c.load()
			if err != nil {
				return err
			}
			for _, name := range args {
				said, err := c.importOutlines(filepath.Join(cfg.Data, outlineDir), name, territory.Level(level))
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), said); err != nil {
					return err
				}
			}
			return nil
		},
	}
	load.Flags().StringVar(&level, "level", "", c.t("cli.territory.flag.level"))
	cmd.AddCommand(load)
	return cmd
}

// outlineDir is the folder of outlines in a node's data.
const outlineDir = "outlines"

// importOutlines reads one file and keeps it in dir in place of what was there of
// its level. A running node sees the new one at the next picture.
func (c *cli) importOutlines(dir, name string, level territory.Level) (said string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	set, unknown, err := outline.Read(f, level)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	out, err := os.CreateTemp(dir, "import-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(out.Name()))
		}
	}()
	if err := errors.Join(outline.Write(out, set), out.Close()); err != nil {
		return "", err
	}
	if err := os.Rename(out.Name(), filepath.Join(dir, outline.FileName(set.Level))); err != nil {
		return "", err
	}
	return c.t("cli.territory.import.done", name, len(set.Shapes), c.t("level."+string(set.Level)), unknown), nil
}
