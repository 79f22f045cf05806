package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/federation"
	"maillon/node"
	"maillon/node/authority"
)

// rootKeyCommand keeps the national root: a key on a machine of its own.
func (c *cli) rootKeyCommand() *cobra.Command {
	root := &cobra.Command{Use: "root", Args: cobra.NoArgs}
	root.AddCommand(c.rootInit(), c.rootShow(), c.signCommand("root.key"), c.rootRequest(), c.rootRevoke())
	return root
}

func (c *cli) rootInit() *cobra.Command {
	var key, pass string
	cmd := &cobra.Command{
		Use:  "init",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phrase, err := c.passphrase(cmd, pass, true)
			if err != nil {
				return err
			}
			a, err := authority.CreateKey(key, "", phrase)
			if err != nil {
				return err
			}
			if err := os.WriteFile(key+".pub", []byte(a.Key()+"\n"), 0o644); err != nil { // public
				return err
			}
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), a.Key()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.root.init.done", key))
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "root.key", c.t("cli.flag.key"))
	cmd.Flags().StringVar(&pass, "passphrase-file", "", c.t("cli.flag.passphrase"))
	return cmd
}

func (c *cli) rootShow() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:  "show",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, err := os.ReadFile(key + ".pub")
			if err != nil {
				return &hintedError{err, "cli.hint.key", nil}
			}
			text := strings.TrimSpace(string(raw))
			if err := federation.CheckIssuer(text); err != nil {
				return fmt.Errorf("%s.pub: %w", key, err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&key, "key", "root.key", c.t("cli.flag.key"))
	return cmd
}

// rootRequest prints the charter that this hub asks the root, or the level
// above, to sign; it makes the hub's authority key if it has none.
func (c *cli) rootRequest() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:  "request",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if err := c.makeAuthority(cmd, cfg); err != nil {
				return err
			}
			draft, err := c.ownDraft(cmd, cfg)
			if err != nil {
				return err
			}
			if err := c.output(cmd, out, draft); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.root.request.done"))
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", c.t("cli.flag.out"))
	return cmd
}

// ownDraft asks the running node, or opens its data if it does not run.
func (c *cli) ownDraft(cmd *cobra.Command, cfg node.Config) ([]byte, error) {
	r, err := c.admin()
	if err == nil {
		var raw []byte
		if raw, err = r.ask(cmd.Context(), http.MethodGet, "/admin/v1/own-draft", nil); err == nil {
			return raw, nil
		}
	}
	if _, down := errors.AsType[*net.OpError](err); !down && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	n, err := node.New(cfg, logger(cmd.ErrOrStderr(), cfg.Log))
	if err != nil {
		return nil, err
	}
	draft, err := n.OwnDraft()
	return draft, errors.Join(err, n.Close())
}

// makeAuthority makes the hub's authority key where the configuration wants it.
func (c *cli) makeAuthority(cmd *cobra.Command, cfg node.Config) error {
	h := cfg.Federation.Hub
	if h == nil || h.Authority == nil {
		return errors.New(c.t("cli.root.request.nohub"))
	}
	if h.Authority.KeyFile == "" {
		return nil // it is elsewhere
	}
	if _, err := os.Stat(h.Authority.KeyFile); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	pass, err := authority.ReadPassphrase(h.Authority.PassphraseFile)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	if _, err := authority.CreateKey(h.Authority.KeyFile, cfg.ID.String(), pass); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.ErrOrStderr(), c.t("cli.root.request.made", h.Authority.KeyFile))
	return err
}

// rootRevoke makes the next version of the root's revocation list.
func (c *cli) rootRevoke() *cobra.Command {
	var key, pass, list, reason string
	var days int
	cmd := &cobra.Command{
		Use:  "revoke [SERIAL|KEY]…",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && reason == "" {
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.members.noreason"))}
			}
			a, err := c.openKey(cmd, key, pass)
			if err != nil {
				return err
			}
			now := time.Now().UTC().Truncate(time.Second)
			next := federation.RevocationList{Version: 1, At: now, Expires: now.AddDate(0, 0, days)}
			if raw, err := os.ReadFile(list); err == nil {
				old, err := federation.OpenRevocations(raw, now)
				if err != nil {
					return fmt.Errorf("%s: %w", list, err)
				}
				next.Version, next.Entries = old.Version+1, old.Entries
			} else if !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			for _, arg := range args {
				e := federation.Revocation{At: now, Reason: reason, Serial: arg}
				if strings.Contains(arg, "+") {
					e.Serial, e.Key = "", arg
				}
				next.Entries = append(next.Entries, e)
			}
			raw, err := a.Revocations(next)
			if err != nil {
				return err
			}
			if err := os.WriteFile(list, raw, 0o644); err != nil { // public
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.root.revoke.done", list, next.Version, len(next.Entries)))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&key, "key", "root.key", c.t("cli.flag.key"))
	f.StringVar(&pass, "passphrase-file", "", c.t("cli.flag.passphrase"))
	f.StringVar(&list, "list", "root.revocations", c.t("cli.root.revoke.flag.list"))
	f.StringVar(&reason, "reason", "", c.t("cli.retract.flag.reason"))
	f.IntVar(&days, "days", 365, c.t("cli.root.revoke.flag.days"))
	return cmd
}

// openKey opens an authority's key file.
func (c *cli) openKey(cmd *cobra.Command, key, passFile string) (*federation.Authority, error) {
	if _, err := os.Stat(key); err != nil {
		return nil, &hintedError{err, "cli.hint.key", nil}
	}
	phrase, err := c.passphrase(cmd, passFile, false)
	if err != nil {
		return nil, err
	}
	return authority.OpenKey(key, phrase)
}

// passphrase reads a passphrase from a file, else asks for it at the terminal,
// twice if it is a new one.
func (c *cli) passphrase(cmd *cobra.Command, file string, fresh bool) (string, error) {
	if file != "" {
		return authority.ReadPassphrase(file)
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", errors.New(c.t("cli.passphrase.none"))
	}
	ask := func(key string) (string, error) {
		_, _ = fmt.Fprint(cmd.ErrOrStderr(), c.t(key)+" ")
		raw, err := term.ReadPassword(int(in.Fd()))
		_, _ = fmt.Fprintln(cmd.ErrOrStderr())
		return string(raw), err
	}
	first, err := ask("cli.passphrase.ask")
	if err != nil || !fresh {
		return first, err
	}
	again, err := ask("cli.passphrase.again")
	if err == nil && again != first {
		err = errors.New(c.t("cli.passphrase.differ"))
	}
	return first, err
}
