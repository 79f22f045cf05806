package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/node"
)

// A remote is the running node that a command speaks to.
type remote struct {
	base  string
	token string
}

// public finds the node's public listener and a deposit token.
func (c *cli) public(base, tokenFile string) (remote, error) {
	if base != "" {
		token, err := readToken(tokenFile)
		return remote{strings.TrimRight(base, "/"), token}, err
	}
	cfg, err := c.load()
	if err != nil {
		return remote{}, err
	}
	if tokenFile == "" {
		tokenFile = cfg.Deposits.TokenFile
	}
	token, err := readToken(tokenFile)
	return remote{"http://" + dialable(cfg.Listen), token}, err
}

// admin finds the node's admin listener.
func (c *cli) admin() (remote, error) {
	cfg, err := c.load()
	if err != nil {
		return remote{}, err
	}
	token, err := readToken(filepath.Join(cfg.Data, "admin.token"))
	return remote{"http://" + dialable(cfg.Admin), token}, err
}

// dialable turns the address of a listener into one to dial.
func dialable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func readToken(path string) (string, error) {
	if t := os.Getenv("MAILLON_TOKEN"); t != "" {
		return t, nil
	}
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &hintedError{fmt.Errorf("token: %w", err), "cli.hint.token", nil}
	case errors.Is(err, fs.ErrPermission):
		return "", &hintedError{fmt.Errorf("token: %w", err), "cli.hint.owner", nil}
	case err != nil:
		return "", fmt.Errorf("token: %w", err)
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line, nil
		}
	}
	return "", nil
}

// maxAnswer bounds what a command reads of an answer.
const maxAnswer = 64 << 20

// ask sends a request and returns the answer's body. Statuses of 400 and
// more are errors, in the words of the problem document, except those in fine.
func (r remote) ask(ctx context.Context, method, path string, body io.Reader, fine ...int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return nil, err
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &hintedError{err, "cli.hint.down", []any{r.base}}
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 400 {
		return raw, nil
	}
	for _, s := range fine {
		if res.StatusCode == s {
			return raw, nil
		}
	}
	var p struct{ Title, Detail string }
	if json.Unmarshal(raw, &p) == nil && p.Title != "" {
		return nil, fmt.Errorf("%s: %s", p.Title, p.Detail)
	}
	return nil, fmt.Errorf("%s %s: %s", method, path, res.Status)
}

func (c *cli) publishCommand() *cobra.Command {
	var base, tokenFile, series, mode string
	var force, asJSON bool
	cmd := &cobra.Command{
		Use:  "publish FILE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.public(base, tokenFile)
			if err != nil {
				return err
			}
			q := url.Values{"series": {series}, "mode": {mode}, "force": {strconv.FormatBool(force)}, "lang": {string(c.language())}}
			bad := false
			for _, file := range args {
				rejected, err := c.publish(cmd, r, q, file, asJSON)
				if err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
				bad = bad || rejected
			}
			if bad {
				return errBad
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&base, "node", "", c.t("cli.publish.flag.node"))
	f.StringVar(&tokenFile, "token-file", "", c.t("cli.publish.flag.token"))
	f.StringVar(&series, "series", "", c.t("cli.publish.flag.series"))
	f.StringVar(&mode, "mode", "merge", c.t("cli.publish.flag.mode"))
	f.BoolVar(&force, "force", false, c.t("cli.publish.flag.force"))
	f.BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// publish sends one file and prints its report.
func (c *cli) publish(cmd *cobra.Command, r remote, q url.Values, file string, asJSON bool) (rejected bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	q.Set("name", filepath.Base(file))
	raw, err := r.ask(cmd.Context(), http.MethodPost, "/api/v1/deposits?"+q.Encode(), f, http.StatusUnprocessableEntity)
	if err != nil {
		return false, err
	}
	var rep struct {
		ID, Outcome string
		Problem     *struct{ Text, Hint string }
		Counts      struct{ Records, Conforming, ToCorrect, Refused, Appended, Known int }
	}
	if err := json.Unmarshal(raw, &rep); err != nil {
		return false, fmt.Errorf("the node's answer: %w", err)
	}
	rejected = rep.Outcome == "rejected"
	out := cmd.OutOrStdout()
	if asJSON {
		_, err = out.Write(raw)
		return rejected, err
	}
	if rejected && rep.Problem != nil {
		_, err = fmt.Fprintln(out, c.t("cli.publish.rejected", file, rep.Problem.Text, rep.Problem.Hint))
		return rejected, err
	}
	n := rep.Counts
	_, err = fmt.Fprintln(out, c.t("cli.publish.done", file, n.Records, n.Conforming, n.ToCorrect, n.Refused, n.Appended, n.Known))
	if err == nil && n.ToCorrect+n.Refused > 0 {
		_, err = fmt.Fprintln(out, c.t("cli.publish.report", r.base+"/depots/"+rep.ID))
	}
	return rejected, err
}

func (c *cli) retractCommand(op string) *cobra.Command {
	var base, tokenFile, reason string
	cmd := &cobra.Command{
		Use:  op + " ENTRY",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.members.noreason"))}
			}
			r, err := c.public(base, tokenFile)
			if err != nil {
				return err
			}
			q := url.Values{"op": {op}, "entry": {args[0]}, "reason": {reason}}
			if _, err := r.ask(cmd.Context(), http.MethodPost, "/api/v1/retractions?"+q.Encode(), nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli."+op+".done", args[0]))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&base, "node", "", c.t("cli.publish.flag.node"))
	f.StringVar(&tokenFile, "token-file", "", c.t("cli.publish.flag.token"))
	f.StringVar(&reason, "reason", "", c.t("cli.retract.flag.reason"))
	return cmd
}

// decide takes an operator's decision on each node.
func (c *cli) decide(cmd *cobra.Command, nodes []string, what string, body []byte, query string) error {
	r, err := c.admin()
	if err != nil {
		return err
	}
	for _, id := range nodes {
		if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/members/"+url.PathEscape(id)+"/"+what+query, bytes.NewReader(body)); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli."+what+".done", id)); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) printNodes(cmd *cobra.Command, path string, asJSON bool) error {
	r, err := c.admin()
	if err != nil {
		return err
	}
	raw, err := r.ask(cmd.Context(), http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if asJSON {
		_, err := cmd.OutOrStdout().Write(raw)
		return err
	}
	var nodes struct {
		Items []struct {
			ID, State, Level, Geozone, Name, Error string
			Announced, Mirrored                    uint64
		}
	}
	if err := json.Unmarshal(raw, &nodes); err != nil {
		return err
	}
	for _, n := range nodes.Items {
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-18s %-10s %-12s %-20s %8d/%-8d %s %s\n", n.ID, n.State, n.Level, n.Geozone, n.Mirrored, n.Announced, n.Name, n.Error); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "status",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.printNodes(cmd, "/admin/v1/members", asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// rebuildCommand makes the views anew: in the running node, or, when none
// answers, in the data folder itself.
func (c *cli) rebuildCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "rebuild",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			start := time.Now()
			r, err := c.admin()
			if err == nil {
				_, err = r.ask(cmd.Context(), http.MethodPost, "/admin/v1/rebuild", nil)
			}
			if _, down := errors.AsType[*net.OpError](err); down || errors.Is(err, os.ErrNotExist) {
				err = rebuildOffline(cmd, cfg)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.rebuild.done", time.Since(start).Round(time.Millisecond)))
			return err
		},
	}
}

func rebuildOffline(cmd *cobra.Command, cfg node.Config) (err error) {
	n, err := node.New(cfg, logger(cmd.ErrOrStderr(), cfg.Log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return n.Rebuild(cmd.Context())
}
