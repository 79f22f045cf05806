package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"maillon/node"
)

// versionCommand tells which program this is, and which stores it writes.
func (c *cli) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "version",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			commit, changed := commit()
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{
					"version": node.Version, "commit": commit, "changed": changed, "layout": node.StoreLayout(), "go": runtime.Version(),
				})
			}
			if changed {
				commit += "+"
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.version.said", node.Version, commit, node.StoreLayout(), runtime.Version()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, c.t("cli.flag.json"))
	return cmd
}

// commit is that which the program was built from, and whether files had changed since.
func commit() (hash string, changed bool) {
	hash = "?"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return hash, false
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			hash = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	return hash, changed
}

// manCommand writes the manual page, from the commands themselves.
func (c *cli) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b strings.Builder
			fmt.Fprintf(&b, ".TH MAILLON 1 \"\" \"maillon %s\"\n.SH %s\nmaillon \\- %s\n", node.Version, c.t("cli.man.name"), roff(cmd.Root().Short))
			fmt.Fprintf(&b, ".SH %s\n%s\n", c.t("cli.man.commands"), roff(cmd.Root().Long))
			manOf(&b, cmd.Root())
			fmt.Fprintf(&b, ".SH %s\n.TP\n/etc/maillon/maillon.yaml\n%s\n.TP\n/var/lib/maillon\n%s\n", c.t("cli.man.files"), roff(c.t("cli.man.config")), roff(c.t("cli.man.data")))
			_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
			return err
		},
	}
}

func manOf(b *strings.Builder, cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		if sub.Runnable() {
			fmt.Fprintf(b, ".SS %s\n%s\n", roff(sub.UseLine()), roff(sub.Long))
			if usage := sub.LocalFlags().FlagUsages(); usage != "" {
				fmt.Fprintf(b, ".nf\n%s.fi\n", roff(usage))
			}
		}
		manOf(b, sub)
	}
}

// roff keeps a text from being read as commands of the formatter.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if l != "" && (l[0] == '.' || l[0] == '\'') {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
