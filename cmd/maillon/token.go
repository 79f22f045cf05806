package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/node"
	"maillon/node/access"
)

// book is the node's file of password and tokens. The running node sees what
// changes in it; none need run.
func (c *cli) book() (*access.Book, node.Config, error) {
	cfg, err := c.load()
	if err != nil {
		return nil, cfg, err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, cfg, err
	}
	return access.Open(filepath.Join(cfg.Data, access.FileName), time.Now), cfg, nil
}

// tokenCommand gives, lists and takes back tokens.
func (c *cli) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Args: cobra.NoArgs}
	cmd.AddCommand(c.tokenCreate(), c.tokenList(), c.tokenRevoke())
	return cmd
}

func (c *cli) tokenCreate() *cobra.Command {
	var scopes []string
	var expires string
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "create NAME",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			lasts, err := parseDays(expires)
			if err != nil {
				return &misuseError{cmd.CommandPath(), err}
			}
			var list []access.Scope
			for _, s := range scopes {
				if err := c.oneOf(cmd, s, strings.Split(scopeNames(access.Scopes), ",")...); err != nil {
					return err
				}
				list = append(list, access.Scope(s))
			}
			book, _, err := c.book()
			if err != nil {
				return err
			}
			secret, err := book.Create(args[0], list, lasts)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"name": args[0], "token": secret})
			}
			_, _ = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.token.made", args[0], strings.Join(scopes, ", ")))
			_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&scopes, "scope", []string{string(access.Deposit)}, c.t("cli.token.flag.scope"))
	f.StringVar(&expires, "expires", "365d", c.t("cli.token.flag.expires"))
	f.BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// parseDays reads 365d, 12h or never (0).
func parseDays(s string) (time.Duration, error) {
	if s == "never" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is not a duration (write 365d, 12h or never)", s)
}

func (c *cli) tokenList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			book, _, err := c.book()
			if err != nil {
				return err
			}
			list, err := book.List()
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"items": list})
			}
			for _, t := range list {
				state := c.t("cli.token.forever")
				switch {
				case t.Over(time.Now()):
					state = c.t("cli.token.over", t.Expires.Format(time.DateOnly))
				case !t.Expires.IsZero():
					state = c.t("cli.token.until", t.Expires.Format(time.DateOnly))
				}
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-30s %-20s %s  %s\n", t.Name, scopeNames(t.Scopes), t.Created.Format(time.DateOnly), state); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func scopeNames(list []access.Scope) string {
	var names []string
	for _, s := range list {
		names = append(names, string(s))
	}
	return strings.Join(names, ",")
}

func (c *cli) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use:  "revoke NAME",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			book, _, err := c.book()
			if err != nil {
				return err
			}
			if err := book.Revoke(args[0]); errors.Is(err, access.ErrUnknown) {
				return &hintedError{err, "cli.hint.tokens", nil}
			} else if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.token.revoked", args[0]))
			return err
		},
	}
}

// passwordCommand sets the administrator's password, whatever it was.
func (c *cli) passwordCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:  "password",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			book, cfg, err := c.book()
			if err != nil {
				return err
			}
			password := ""
			if file != "" {
				password, err = readPassword(file)
			} else {
				password, err = c.newPassword(cmd)
			}
			if err != nil {
				return err
			}
			if err := book.SetPassword(password); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.password.done", "http://"+dialable(cfg.Admin)+"/bureau"))
			return err
		},
	}
	cmd.Flags().StringVar(&file, "password-file", "", c.t("cli.init.flag.password"))
	return cmd
}

// readPassword reads the first line of a file.
func readPassword(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimRight(line, "\r"), nil
}

// newPassword asks at the terminal, twice.
func (c *cli) newPassword(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New(c.t("cli.password.noterminal"))
	}
	var typed [2]string
	for n, key := range []string{"cli.password.ask", "cli.password.again"} {
		_, _ = fmt.Fprint(cmd.ErrOrStderr(), c.t(key, access.MinPassword)+" ")
		raw, err := term.ReadPassword(int(in.Fd()))
		_, _ = fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", err
		}
		typed[n] = string(raw)
	}
	if typed[0] != typed[1] {
		return "", errors.New(c.t("cli.password.differ"))
	}
	return typed[0], nil
}
