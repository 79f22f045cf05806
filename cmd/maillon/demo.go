package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/node"
	"maillon/node/demo"
)

func (c *cli) demoCommand() *cobra.Command {
	o := demo.Options{}
	var verbose bool
	cmd := &cobra.Command{
		Use:  "demo",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range o.Pivots { // before seven nodes start
				if _, err := os.Stat(name); err != nil {
					return fmt.Errorf("--pivot: %w", err)
				}
			}
			o.Out, o.Lang = cmd.OutOrStdout(), c.language()
			o.Live = o.Out == io.Writer(os.Stdout) && term.IsTerminal(int(os.Stdout.Fd())) && !verbose
			o.Log = zerolog.Nop()
			if verbose {
				o.Log = logger(cmd.ErrOrStderr(), node.LogConfig{Level: "info"})
			}
			err := demo.Run(cmd.Context(), o)
			if errors.Is(err, demo.ErrMissing) {
				return errBad // what is missing was said
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Port, "port", 8080, c.t("cli.demo.flag.port"))
	f.StringVar(&o.Data, "data", "", c.t("cli.demo.flag.data"))
	f.StringArrayVar(&o.Pivots, "pivot", nil, c.t("cli.demo.flag.pivot"))
	f.BoolVar(&o.Once, "once", false, c.t("cli.demo.flag.once"))
	f.DurationVar(&o.Timeout, "timeout", 2*time.Minute, c.t("cli.demo.flag.timeout"))
	f.BoolVarP(&verbose, "verbose", "v", false, c.t("cli.demo.flag.verbose"))
	return cmd
}
