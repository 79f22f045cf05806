package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/federation/follow"
	"maillon/node"
)

// joinCommand does all that joining takes.
func (c *cli) joinCommand() *cobra.Command {
	var o node.JoinOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "join INVITATION",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Invitation = strings.Join(args, "") // a mail may have cut it in two
			o.Config = c.config
			j, err := node.JoinHub(cmd.Context(), o)
			if err != nil {
				return c.explainJoin(cmd, err)
			}
			if asJSON {
				raw, err := json.Marshal(j)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), string(raw))
				return err
			}
			return c.printJoined(cmd, j)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", "data", c.t("cli.join.flag.data"))
	f.StringVar(&o.SIRET, "siret", "", c.t("cli.join.flag.siret"))
	f.StringVar(&o.Name, "name", "", c.t("cli.join.flag.name"))
	f.StringVar(&o.URL, "url", "", c.t("cli.join.flag.url"))
	f.StringVar(&o.Listen, "listen", "localhost:8080", c.t("cli.join.flag.listen"))
	f.StringVar(&o.Gossip, "gossip", "0.0.0.0:7946", c.t("cli.join.flag.gossip"))
	f.BoolVar(&o.Light, "light", false, c.t("cli.join.flag.light"))
	f.BoolVar(&o.NewKey, "new-key", false, c.t("cli.join.flag.newkey"))
	f.StringVar(&o.PassphraseFile, "passphrase-file", "", c.t("cli.join.flag.passphrase"))
	f.BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// explainJoin says in plain words why joining failed, and what to do.
func (c *cli) explainJoin(cmd *cobra.Command, err error) error {
	key, detail := "", ""
	if p, ok := errors.AsType[*follow.ProblemError](err); ok {
		key, detail = "join."+p.Type, p.Detail
	}
	for is, name := range map[error]string{federation.ErrInviteMistyped: "join.invitation-mistyped", node.ErrNoSIRET: "join.no-siret", node.ErrOtherHub: "join.other-hub"} {
		if errors.Is(err, is) {
			key, detail = name, err.Error()
		}
	}
	if key == "" || !texts.Has(key) {
		return err
	}
	if _, werr := fmt.Fprintln(cmd.ErrOrStderr(), c.t(key)); werr != nil {
		return werr
	}
	_, _ = fmt.Fprintln(cmd.ErrOrStderr(), c.t("join.detail", detail))
	return errBad
}

func (c *cli) printJoined(cmd *cobra.Command, j *node.Joined) error {
	lines := []string{
		c.t("join.done", j.Name, j.Node, j.HubName, j.Expires),
		c.t("join.mode." + j.Mode),
	}
	if j.Mode == "light" && j.Dial != nil {
		lines = append(lines, c.t("join.dial", j.Dial.Address, j.Dial.Error))
	}
	if j.Existing {
		lines = append(lines, c.t("join.existing", j.Config, j.Config+".join"))
	} else {
		lines = append(lines, c.t("join.config", j.Config))
	}
	lines = append(lines, c.t("join.next", j.Config))
	if j.Role == string(federation.RoleHub) {
		lines = append(lines, c.t("join.next.hub"))
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.Join(lines, "\n"))
	return err
}
