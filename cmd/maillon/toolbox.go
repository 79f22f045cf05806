package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"maillon/node/toolbox"
)

// toolboxCommand helps to fill the boîte à outils of a territory.
func (c *cli) toolboxCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "toolbox"}
	cmd.AddCommand(
		&cobra.Command{Use: "init DIR", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			written, left, err := writeDefaults(args[0])
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), c.t("cli.toolbox.init.done", args[0], written, left))
			}
			return err
		}},
		&cobra.Command{Use: "check DIR", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return c.checkToolbox(cmd, args[0])
		}},
	)
	return cmd
}

// writeDefaults copies the program's files into dir, but those that are there.
func writeDefaults(dir string) (written, left int, err error) {
	defaults := toolbox.Defaults()
	err = fs.WalkDir(defaults, ".", func(name string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o755))
		}
		raw, err := fs.ReadFile(defaults, name)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			left++
			return nil
		}
		if err != nil {
			return err
		}
		written++
		_, err = f.Write(raw)
		return errors.Join(err, f.Close())
	})
	return written, left, err
}

func (c *cli) checkToolbox(cmd *cobra.Command, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	content := toolbox.Read(root.FS(), toolbox.Options{})
	out := cmd.OutOrStdout()
	for _, p := range content.Problems {
		fmt.Fprintf(out, "%s: %s\n", p.Where(), p.Text(c.language()))
	}
	if len(content.Problems) > 0 {
		return errBad // it is said above
	}
	fmt.Fprintln(out, c.t("cli.toolbox.check.fine", dir, len(content.Pages), len(content.Stories), len(content.Contacts), len(content.Events), len(content.Calls)))
	return nil
}
