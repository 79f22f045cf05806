package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"maillon/node"
	"maillon/node/authority"
	"maillon/node/backup"
	"maillon/store/whole"
)

// backupCommand writes an archive of the node, running or stopped.
func (c *cli) backupCommand() *cobra.Command {
	var keys, passphrase string
	cmd := &cobra.Command{
		Use:  "backup FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if keys != "" {
				if err := sealKeys(cfg, keys, passphrase); err != nil {
					return err
				}
			}
			if err := node.WriteArchive(cmd.Context(), args[0], c.archive(cfg)); err != nil {
				return err
			}
			said := "cli.backup.done"
			if keys == "" {
				said = "cli.backup.nokeys"
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t(said, args[0], keys))
			return err
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", c.t("cli.backup.flag.keys"))
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", c.t("cli.backup.flag.passphrase"))
	return cmd
}

func sealKeys(cfg node.Config, path, passphrase string) error {
	phrase, err := authority.ReadPassphrase(passphrase)
	if err != nil {
		return err
	}
	raw, err := backup.SealKeys(cfg.Data, phrase)
	if err != nil {
		return err
	}
	return whole.WriteFile(path, raw, 0o600)
}

// archive asks the running node, or reads the data of a stopped one.
func (c *cli) archive(cfg node.Config) func(context.Context, io.Writer) error {
	return func(ctx context.Context, w io.Writer) error {
		r, err := c.admin()
		if errors.Is(err, fs.ErrNotExist) { // no token: it has not run yet, or was moved
			return neverRan(node.BackupStopped(ctx, cfg, w))
		}
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"/admin/v1/backup", nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+r.token)
		res, err := http.DefaultClient.Do(req)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return neverRan(node.BackupStopped(ctx, cfg, w))
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
}

// neverRan adds what to do where a stopped node has no data.
func neverRan(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &hintedError{err, "cli.hint.nodata", nil}
	}
	return err
}

// restoreCommand makes an archive the data of a stopped node.
func (c *cli) restoreCommand() *cobra.Command {
	var keys, passphrase string
	var force bool
	cmd := &cobra.Command{
		Use:  "restore FILE",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			var secrets map[string][]byte
			if keys != "" {
				phrase, err := authority.ReadPassphrase(passphrase)
				if err != nil {
					return err
				}
				raw, err := os.ReadFile(keys)
				if err != nil {
					return err
				}
				if secrets, err = backup.OpenKeys(raw, phrase); err != nil {
					return fmt.Errorf("%s: %w", keys, err)
				}
			}
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			m, aside, err := node.RestoreBackup(cmd.Context(), cfg, f, secrets, force)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if aside != "" {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.restore.aside", aside)); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.restore.done", m.At.Format("2006-01-02 15:04 MST"), len(m.Files)))
			return err
		},
	}
	cmd.Flags().StringVar(&keys, "keys", "", c.t("cli.restore.flag.keys"))
	cmd.Flags().StringVar(&passphrase, "passphrase-file", "", c.t("cli.backup.flag.passphrase"))
	cmd.Flags().BoolVar(&force, "force", false, c.t("cli.restore.flag.force"))
	return cmd
}
