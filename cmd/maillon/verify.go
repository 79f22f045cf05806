package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"maillon/federation/audit"
	"maillon/node"
)

// verifyFlags are the flags of maillon verify.
type verifyFlags struct {
	json, federation, deep bool
	url, key               string
	grace                  time.Duration
}

// verifyCommand checks the node's own store, or with --federation what a
// running node and all it knows serve.
func (c *cli) verifyCommand() *cobra.Command {
	var v verifyFlags
	cmd := &cobra.Command{
		Use:  "verify",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v.federation {
				return c.verifyFederation(cmd, v)
			}
			for _, name := range []string{"url", "deep", "key", "grace"} {
				if cmd.Flags().Changed(name) {
					return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.verify.only", "--"+name))}
				}
			}
			return c.verifyStore(cmd, v.json)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&v.json, "json", false, c.t("cli.flag.json"))
	f.BoolVar(&v.federation, "federation", false, c.t("cli.verify.flag.federation"))
	f.StringVar(&v.url, "url", "", c.t("cli.verify.flag.url"))
	f.StringVar(&v.key, "key", "", c.t("cli.verify.flag.key"))
	f.BoolVar(&v.deep, "deep", false, c.t("cli.verify.flag.deep"))
	f.DurationVar(&v.grace, "grace", 30*time.Second, c.t("cli.verify.flag.grace"))
	return cmd
}

// verifyStore reads the journals of a stopped node again from its store and
// checks every hash and signature.
func (c *cli) verifyStore(cmd *cobra.Command, asJSON bool) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	results, err := node.Verify(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	bad := false
	for _, res := range results {
		bad = bad || res.Error != ""
		if asJSON {
			raw, err := json.Marshal(res)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), string(raw)); err != nil {
				return err
			}
			continue
		}
		word := c.t("cli.verify.fine")
		if res.Error != "" {
			word = res.Error
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.verify.line", res.Node, res.Epoch, res.Size, word)); err != nil {
			return err
		}
	}
	if bad {
		return errBad
	}
	return nil
}

// verifyFederation looks at every journal that a running node knows, wherever
// it is served. It needs no store and no configuration if --url is given.
func (c *cli) verifyFederation(cmd *cobra.Command, v verifyFlags) error {
	if v.url == "" {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		v.url = "http://" + dialable(cfg.Listen)
	}
	base, err := audit.ParseBase(v.url)
	if err != nil {
		return &misuseError{cmd.CommandPath(), fmt.Errorf("--url: %w", err)}
	}
	rep, err := audit.Run(cmd.Context(), audit.Options{
		Client: audit.NewClient(cmd.Context(), base, "maillon-verify/"+node.Version),
		Base:   base, Key: v.key, Deep: v.deep, Grace: v.grace, Now: time.Now,
	})
	if err != nil {
		return err
	}
	if v.json {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		err = enc.Encode(rep)
	} else {
		err = c.printAudit(cmd.OutOrStdout(), rep)
	}
	if err == nil && !rep.OK {
		err = errBad
	}
	return err
}
