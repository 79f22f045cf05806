package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"maillon/node"
	"maillon/node/plain"
)

// exportCommand writes what a node shows as plain files, for those who only have web
// space.
func (c *cli) exportCommand() *cobra.Command {
	var site, base string
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "export --site DIR",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if site == "" {
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.export.where"))}
			}
			cfg, err := c.load()
			if err != nil {
				return err
			}
			begun := time.Now()
			rep, err := c.receiveSite(cmd.Context(), cfg, site, base, cmd.ErrOrStderr())
			if err != nil {
				return c.exportError(err)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(rep)
			}
			return c.sayExport(cmd.OutOrStdout(), cfg, site, base, rep, time.Since(begun))
		},
	}
	cmd.Flags().StringVar(&site, "site", "", c.t("cli.export.flag.site"))
	_ = cmd.MarkFlagDirname("site") // for completion; the flag is there
	cmd.Flags().StringVar(&base, "base", "", c.t("cli.export.flag.base"))
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// receiveSite lets the running node, or the data of a stopped one, send the files, and
// writes them.
func (c *cli) receiveSite(ctx context.Context, cfg node.Config, dir, base string, said io.Writer) (plain.Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		err := c.sendSite(ctx, cfg, base, w)
		_ = w.CloseWithError(err) // it never fails
		sent <- err
	}()
	told := time.Now()
	rep, err := plain.Receive(ctx, dir, r, func(rep plain.Report) {
		if time.Since(told) > 2*time.Second {
			told = time.Now()
			fmt.Fprintln(said, c.t("cli.export.progress", rep.Files, rep.Written))
		}
	})
	if err == nil {
		_, err = io.Copy(io.Discard, r) // the last line of the stream
	}
	_ = r.CloseWithError(err)
	cancel()
	if failed := <-sent; failed != nil && errors.Is(err, plain.ErrCut) {
		return rep, failed // says why
	}
	return rep, err
}

func (c *cli) sendSite(ctx context.Context, cfg node.Config, base string, w io.Writer) error {
	r, err := c.admin()
	if errors.Is(err, fs.ErrNotExist) { // no token: it has not run yet, or was moved
		return neverRan(node.SiteStopped(ctx, cfg, base, w))
	}
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/admin/v1/site?base="+url.QueryEscape(base), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return neverRan(node.SiteStopped(ctx, cfg, base, w))
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", r.base, res.Status)
	}
	_, err = io.Copy(w, res.Body)
	return err
}

// exportError adds what to do.
func (c *cli) exportError(err error) error {
	if errors.Is(err, plain.ErrForeign) {
		return &hintedError{err, "cli.hint.export.foreign", nil}
	}
	if errors.Is(err, os.ErrPermission) {
		return &hintedError{err, "cli.hint.owner", nil}
	}
	return err
}

// sayExport says what was written, and what to do with it.
func (c *cli) sayExport(w io.Writer, cfg node.Config, dir, base string, rep plain.Report, took time.Duration) error {
	if base == "" {
		base = cfg.Public()
	}
	lines := []string{c.t("cli.export.done", dir, rep.Files, megabytes(rep.Bytes), rep.Written, rep.Deleted, int(took.Seconds()+0.5))}
	if rep.LeftOut > 0 {
		lines = append(lines, c.t("cli.export.left", rep.LeftOut))
	}
	lines = append(lines, c.t("cli.export.upload", dir, base))
	if u, err := url.Parse(base); err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1") {
		lines = append(lines, c.t("cli.export.local"))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// megabytes writes a size for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
