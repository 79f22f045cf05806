package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/catalog/compare"
	"maillon/node/api"
)

// compareCommand says what a node lacks of what was published until now.
func (c *cli) compareCommand() *cobra.Command {
	var base string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "compare FILE|URL…", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if base == "" {
				cfg, err := c.load()
				if err != nil {
					return err
				}
				base = "http://" + dialable(cfg.Listen)
			}
			bad := false
			for _, name := range args {
				got, err := compareOne(cmd.Context(), remote{base: strings.TrimRight(base, "/")}, name)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				bad = bad || got.Error != "" || got.States[compare.Lacking]+got.States[compare.Unreadable] > 0
				if err := c.printCompared(cmd, got, asJSON); err != nil {
					return err
				}
			}
			if bad {
				return errBad
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&base, "node", "", c.t("cli.compare.flag.node"))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func compareOne(ctx context.Context, r remote, name string) (got api.CompareJSON, err error) {
	in, err := openAnywhere(ctx, name)
	if err != nil {
		return got, err
	}
	defer in.Close()
	raw, err := r.ask(ctx, http.MethodPost, "/api/v1/compare?name="+url.QueryEscape(last(name)), in)
	if err != nil {
		return got, err
	}
	return got, json.Unmarshal(raw, &got)
}

// fetchWait bounds the wait for the first byte of an address.
const fetchWait = time.Minute

// openAnywhere opens a file, or what an address answers. The address is one that the
// person at the keyboard typed: it may be private.
func openAnywhere(ctx context.Context, name string) (io.ReadCloser, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		return os.Open(name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	way := http.DefaultTransport.(*http.Transport).Clone()
	way.ResponseHeaderTimeout = fetchWait
	res, err := (&http.Client{Transport: way}).Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the address answers %s", res.Status), res.Body.Close())
	}
	return res.Body, nil
}

// last is the end of a path or address.
func last(name string) string {
	name = strings.TrimRight(name, "/")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return name[:min(len(name), 200)]
}

func (c *cli) printCompared(cmd *cobra.Command, got api.CompareJSON, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(got)
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, c.t("cli.compare.summary", got.File, got.Records, got.Buyers))
	for _, s := range compare.States() {
		if n := got.States[s]; n > 0 {
			fmt.Fprintln(&b, c.t("cli.compare.count", n, c.t("compare.state."+string(s))))
		}
	}
	for _, one := range got.Items {
		if one.State == compare.More || one.State == compare.Superseded {
			continue // nothing is to be done about these
		}
		fmt.Fprintln(&b, strings.TrimRight(c.t("cli.compare.item", c.t("compare.state."+string(one.State)), one.Buyer+"/"+one.ID, one.Pointer, strings.Join(one.Differs, ", ")), " "))
	}
	if got.Cut {
		fmt.Fprintln(&b, c.t("cli.compare.cut"))
	}
	switch {
	case got.Error != "":
		fmt.Fprintln(&b, "  "+got.Error)
	case got.States[compare.Lacking]+got.States[compare.Unreadable] == 0:
		fmt.Fprintln(&b, c.t("cli.compare.complete"))
	}
	_, err := cmd.OutOrStdout().Write(b.Bytes())
	return err
}
