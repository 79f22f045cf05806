package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"maillon/federation"
	"maillon/node/authority"
)

// inviteCommand makes invitation strings at the running hub.
func (c *cli) inviteCommand() *cobra.Command {
	var ask authority.Ask
	var role, file, out string
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "invite",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ask.Role = federation.Role(role)
			asks := []authority.Ask{ask}
			switch {
			case (ask.Geozone == "") == (file == ""):
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.invite.which"))}
			case file != "":
				var err error
				if asks, err = readAsks(file, ask); err != nil {
					return fmt.Errorf("%s: %w", file, err)
				}
			}
			made, raw, err := c.invite(cmd, asks)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				_, err = cmd.OutOrStdout().Write(raw)
			case file != "":
				err = c.writeInvited(cmd, out, made)
			default:
				v := made[0]
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", v.String)
				_, _ = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.invite.done", v.Geozone, v.Expires.Format(time.DateOnly)))
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&ask.Geozone, "for", "", c.t("cli.invite.flag.for"))
	f.StringVar(&ask.SIRET, "siret", "", c.t("cli.invite.flag.siret"))
	f.StringVar(&ask.Name, "name", "", c.t("cli.invite.flag.name"))
	f.StringVar(&ask.Level, "level", "", c.t("cli.invite.flag.level"))
	f.StringSliceVar(&ask.Publishes, "publishes", nil, c.t("cli.accept.flag.publishes"))
	f.StringVar(&role, "role", "node", c.t("cli.invite.flag.role"))
	f.IntVar(&ask.Days, "days", 14, c.t("cli.invite.flag.days"))
	f.StringVar(&file, "file", "", c.t("cli.invite.flag.file"))
	f.StringVar(&out, "out", "", c.t("cli.flag.out"))
	f.BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

func (c *cli) invite(cmd *cobra.Command, asks []authority.Ask) ([]authority.Invited, []byte, error) {
	body, err := json.Marshal(map[string]any{"items": asks})
	if err != nil {
		return nil, nil, err
	}
	r, err := c.admin()
	if err != nil {
		return nil, nil, err
	}
	raw, err := r.ask(cmd.Context(), http.MethodPost, "/admin/v1/invitations", bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	var made struct{ Items []authority.Invited }
	if err := json.Unmarshal(raw, &made); err != nil || len(made.Items) != len(asks) {
		return nil, nil, fmt.Errorf("the node's answer: %d invitations for %d: %w", len(made.Items), len(asks), errors.Join(err, errBad))
	}
	return made.Items, raw, nil
}

// readAsks reads a CSV whose first line names its columns: for, and any of
// siret, name, level, publishes (parted by spaces), role, days. What a line
// leaves open is as in common.
func readAsks(path string, common authority.Ask) ([]authority.Ask, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(raw))
	if head, _, _ := bytes.Cut(raw, []byte("\n")); bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		r.Comma = ';' // as spreadsheets write it here
	}
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("first line: %w", err)
	}
	var asks []authority.Ask
	for line := 2; ; line++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		ask := common
		for i, cell := range row {
			if err := setAsk(&ask, strings.ToLower(strings.TrimSpace(head[i])), strings.TrimSpace(cell)); err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
		}
		if ask.Geozone == "" {
			return nil, fmt.Errorf("line %d: column for is empty: write a geozone, such as fr:commune:35238", line)
		}
		asks = append(asks, ask)
	}
	if len(asks) == 0 {
		return nil, errors.New("it has no line below the first")
	}
	return asks, nil
}

func setAsk(ask *authority.Ask, column, cell string) (err error) {
	if cell == "" {
		return nil
	}
	switch column {
	case "for", "geozone":
		ask.Geozone = cell
	case "siret":
		ask.SIRET = strings.ReplaceAll(cell, " ", "")
	case "name", "nom":
		ask.Name = cell
	case "level":
		ask.Level = cell
	case "role":
		ask.Role = federation.Role(cell)
	case "publishes":
		ask.Publishes = strings.Fields(cell)
	case "days":
		ask.Days, err = strconv.Atoi(cell)
	default:
		return fmt.Errorf("column %.40q is none of for, siret, name, level, publishes, role, days", column)
	}
	return err
}

// writeInvited writes the invitations as CSV, to hand out.
func (c *cli) writeInvited(cmd *cobra.Command, out string, made []authority.Invited) error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"for", "siret", "name", "invitation", "expires"}}
	for _, v := range made {
		rows = append(rows, []string{v.Geozone, v.SIRET, v.Name, v.String, v.Expires.Format(time.DateOnly)})
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	if err := c.output(cmd, out, b.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.invite.many", len(made)))
	return err
}
