package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/node"
)

func (c *cli) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "run",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			cfg.Now = clock()
			n, err := node.New(cfg, logger(cmd.ErrOrStderr(), cfg.Log))
			if err != nil {
				return err
			}
			return n.Run(cmd.Context())
		},
	}
}

// load reads the configuration, and says what to do when there is none.
func (c *cli) load() (node.Config, error) {
	cfg, err := node.LoadConfig(c.config)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, c.noConfig()
	}
	return cfg, err
}

// noConfig says what to do where there is no configuration.
func (c *cli) noConfig() error { return errors.New(c.t("cli.noconfig", c.config)) }

// logger writes to w as the configuration says.
func logger(w io.Writer, cfg node.LogConfig) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if !cfg.JSON {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !colour(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// colour reports whether w is a terminal whose user wants colours.
func colour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "version",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "maillon", node.Version)
			return err
		},
	}
}
