package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/node/authority"
)

// membersCommand is what a hub's operators do.
func (c *cli) membersCommand() *cobra.Command {
	members := &cobra.Command{Use: "members", Args: cobra.NoArgs}
	members.AddCommand(
		c.membersList(), c.membersAccept(), c.membersSuspend(), c.membersRevoke(), c.membersRenew(),
		c.membersInvitations(), c.membersWithdraw(), c.membersDrafts(), c.membersSign(), c.membersImport(),
		c.membersTrail(), c.membersRefusals(), c.membersOperators(), c.membersRotate(), c.succeedCommand(), c.leaveCommand(),
	)
	return members
}

func (c *cli) membersList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.printNodes(cmd, "/admin/v1/members", asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) membersAccept() *cobra.Command {
	var publishes []string
	cmd := &cobra.Command{
		Use:  "accept NODE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(map[string]any{"publishes": publishes})
			if err != nil {
				return err
			}
			return c.decide(cmd, args, "accept", body, "")
		},
	}
	cmd.Flags().StringSliceVar(&publishes, "publishes", nil, c.t("cli.accept.flag.publishes"))
	return cmd
}

func (c *cli) membersSuspend() *cobra.Command { return c.withReason("suspend") }

func (c *cli) membersRevoke() *cobra.Command { return c.withReason("revoke") }

// withReason is an act on members that needs a public reason.
func (c *cli) withReason(what string) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:  what + " NODE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reason == "" {
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.members.noreason"))}
			}
			return c.decide(cmd, args, what, nil, "?reason="+url.QueryEscape(reason))
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", c.t("cli.retract.flag.reason"))
	return cmd
}

func (c *cli) membersRenew() *cobra.Command {
	return &cobra.Command{
		Use:  "renew NODE…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.decide(cmd, args, "renew", nil, "") },
	}
}

// get asks the admin listener and prints the answer as JSON, or decodes it.
func (c *cli) get(cmd *cobra.Command, path string, asJSON bool, v any) (done bool, err error) {
	r, err := c.admin()
	if err != nil {
		return false, err
	}
	raw, err := r.ask(cmd.Context(), http.MethodGet, path, nil)
	if err != nil {
		return false, err
	}
	if asJSON {
		_, err := cmd.OutOrStdout().Write(raw)
		return true, err
	}
	return false, json.Unmarshal(raw, v)
}

// listing is a command that prints what the admin listener lists.
func listing[T any](c *cli, use, path string, line func(T) string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  use,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list struct{ Items []T }
			if done, err := c.get(cmd, path, asJSON, &list); done || err != nil {
				return err
			}
			for _, item := range list.Items {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), line(item)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) membersInvitations() *cobra.Command {
	type invitation struct {
		Token, Geozone, SIRET, Name, UsedBy string
		Expires                             time.Time
	}
	return listing(c, "invitations", "/admin/v1/invitations", func(v invitation) string {
		state := c.t("cli.invite.open")
		if v.UsedBy != "" {
			state = c.t("cli.invite.used", v.UsedBy)
		} else if time.Now().After(v.Expires) {
			state = c.t("cli.invite.expired")
		}
		return fmt.Sprintf("%s  %-22s %-14s %s  %s  %s", v.Token, v.Geozone, v.SIRET, v.Expires.Format(time.DateOnly), state, v.Name)
	})
}

func (c *cli) membersWithdraw() *cobra.Command {
	return &cobra.Command{
		Use:  "withdraw INVITATION…",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			for _, token := range args {
				if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/invitations/"+url.PathEscape(token)+"/withdraw", nil); err != nil {
					return err
				}
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.members.withdraw.done", token)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// membersDrafts prints what waits for an authority on another machine.
func (c *cli) membersDrafts() *cobra.Command {
	return &cobra.Command{
		Use:  "drafts",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct {
				Count int
				Text  string
			}
			if _, err := c.get(cmd, "/admin/v1/drafts", false, &answer); err != nil {
				return err
			}
			if answer.Count == 0 {
				_, err := fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.members.drafts.none"))
				return err
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), answer.Text)
			return err
		},
	}
}

// membersSign signs drafts where the hub's authority key is.
func (c *cli) membersSign() *cobra.Command { return c.signCommand("authority.key") }

// signCommand signs the drafts of a file with an authority's key.
func (c *cli) signCommand(defaultKey string) *cobra.Command {
	var key, pass, out string
	var days int
	cmd := &cobra.Command{
		Use:  "sign FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			drafts, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			a, err := c.openKey(cmd, key, pass)
			if err != nil {
				return err
			}
			notes, lines, err := authority.SignBatch(a, drafts, time.Now(), time.Duration(days)*24*time.Hour)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			for _, line := range lines {
				if _, err := fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.sign.line", line)); err != nil {
					return err
				}
			}
			return c.output(cmd, out, notes)
		},
	}
	f := cmd.Flags()
	f.StringVar(&key, "key", defaultKey, c.t("cli.flag.key"))
	f.StringVar(&pass, "passphrase-file", "", c.t("cli.flag.passphrase"))
	f.StringVar(&out, "out", "", c.t("cli.flag.out"))
	f.IntVar(&days, "days", 395, c.t("cli.sign.flag.days"))
	return cmd
}

// output writes to a new file, or to standard output.
func (c *cli) output(cmd *cobra.Command, path string, raw []byte) error {
	if path == "" || path == "-" {
		_, err := cmd.OutOrStdout().Write(raw)
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Close())
}

func (c *cli) membersImport() *cobra.Command {
	return &cobra.Command{
		Use:  "import FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			r, err := c.admin()
			if err != nil {
				return err
			}
			answer, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/import", bytes.NewReader(raw))
			if err != nil {
				return err
			}
			var done struct{ Nodes []string }
			if err := json.Unmarshal(answer, &done); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.members.import.done", len(done.Nodes), strings.Join(done.Nodes, " ")))
			return err
		},
	}
}

func (c *cli) membersTrail() *cobra.Command {
	return listing(c, "trail", "/admin/v1/trail", func(a authority.Act) string {
		return fmt.Sprintf("%6d %s %-20s %-20s %s %s", a.Number, a.At.Format(time.RFC3339), a.By, a.What, a.About, a.Detail)
	})
}

func (c *cli) membersRefusals() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "refusals",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct{ Refused map[string]uint64 }
			if done, err := c.get(cmd, "/admin/v1/refusals", asJSON, &answer); done || err != nil {
				return err
			}
			for _, why := range slices.Sorted(maps.Keys(answer.Refused)) {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-16s %d\n", why, answer.Refused[why]); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) membersOperators() *cobra.Command {
	ops := &cobra.Command{Use: "operators", Args: cobra.NoArgs}
	list := listing(c, "list", "/admin/v1/operators", func(o authority.Operator) string {
		return fmt.Sprintf("%-30s %-14s %s", o.Name, o.Role, o.Since.Format(time.DateOnly))
	})
	var role string
	add := &cobra.Command{
		Use:  "add NAME",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			body, err := json.Marshal(map[string]string{"name": args[0], "role": role})
			if err != nil {
				return err
			}
			r, err := c.admin()
			if err != nil {
				return err
			}
			raw, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/operators", bytes.NewReader(body))
			if err != nil {
				return err
			}
			var made struct{ Name, Role, Token string }
			if err := json.Unmarshal(raw, &made); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.members.operators.add.done", made.Name, made.Role, made.Token))
			return err
		},
	}
	add.Flags().StringVar(&role, "role", "registrar", "administrator, registrar, reader")
	remove := &cobra.Command{
		Use:  "remove NAME",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			if _, err := r.ask(cmd.Context(), http.MethodDelete, "/admin/v1/operators/"+url.PathEscape(args[0]), nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.members.operators.remove.done", args[0]))
			return err
		},
	}
	ops.AddCommand(list, add, remove)
	return ops
}

// membersRotate exchanges a key of this node while it runs.
func (c *cli) membersRotate() *cobra.Command {
	return &cobra.Command{
		Use:       "rotate node|authority|pool",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"node", "authority", "pool"},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := c.admin()
			if err != nil {
				return err
			}
			if _, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/rotate/"+args[0], nil); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.members.rotate."+args[0]))
			return err
		},
	}
}
