package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// misuseError is a command line that was not understood.
type misuseError struct {
	command string
	err     error
}

func (e *misuseError) Error() string { return e.err.Error() }
func (e *misuseError) Unwrap() error { return e.err }

// A hintedError is an error of the state, with the text that says what to do.
type hintedError struct {
	err  error
	hint string // key of the text
	args []any
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// end says what ended a command and how to go on, and gives the exit code.
func (c *cli) end(w io.Writer, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errBad):
		return exitBad
	}
	_, _ = fmt.Fprintln(w, c.t("cli.error", err))
	if misuse, ok := errors.AsType[*misuseError](err); ok {
		_, _ = fmt.Fprintln(w, c.t("cli.hint.help", misuse.command))
		return exitMisuse
	}
	if hinted, ok := errors.AsType[*hintedError](err); ok {
		_, _ = fmt.Fprintln(w, c.t("cli.hint", c.t(hinted.hint, hinted.args...)))
	}
	return exitBad
}

// understood refuses the name of a command that there is none of. Left alone, cobra
// shows the help of the group above and calls that success.
func (c *cli) understood(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil // a shell asks: that command is added later
	}
	cmd, rest, err := root.Find(args)
	if cmd.Runnable() || cmd.ParseFlags(rest) != nil {
		return err // wrong flags are told when the command runs
	}
	if asked, _ := cmd.Flags().GetBool("help"); asked || cmd.Flags().NArg() == 0 {
		return nil
	}
	return c.unknown(cmd, cmd.Flags().Arg(0))
}

// unknown is the error of a word that names no command of a group.
func (c *cli) unknown(group *cobra.Command, word string) error {
	const typo = 2 // letters
	group.SuggestionsMinimumDistance = typo
	said := c.t("cli.unknown", word, group.CommandPath())
	if near := group.SuggestionsFor(word); len(near) > 0 {
		said += c.t("cli.unknown.near", strings.Join(near, ", "))
	}
	return &misuseError{group.CommandPath(), errors.New(said)}
}

// helpCommand makes the help command tell of words that name no command.
func (c *cli) helpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "help" {
			continue
		}
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return c.unknown(about, rest[0])
			}
			return about.Help()
		}
	}
}

// oneOf reports what is none of the words that a command takes.
func (c *cli) oneOf(cmd *cobra.Command, word string, words ...string) error {
	for _, w := range words {
		if w == word {
			return nil
		}
	}
	return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.oneof", word, strings.Join(words, ", ")))}
}
