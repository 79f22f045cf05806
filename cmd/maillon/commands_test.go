package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestEveryCommandHasAScript keeps the scripts as wide as the program: each command is
// asked for its help and is led into an error, in words that people type.
func TestEveryCommandHasAScript(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	root := (&cli{lang: "en"}).root()
	helped, failed := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, _, _ := strings.Cut("\n"+string(raw), "\n-- ")
		for line := range strings.Lines(script) {
			words, bad := typed(line)
			if words == nil {
				continue
			}
			cmd, _, err := root.Find(words)
			if err != nil {
				continue // a script about a command that there is none of
			}
			switch help := slices.Contains(words, "--help"); {
			case help && !bad:
				helped[cmd.CommandPath()] = true
			case bad && !help:
				failed[cmd.CommandPath()] = true
			}
		}
	}
	for _, path := range runnable(root) {
		if !helped[path] {
			t.Errorf("no script has: exec %s --help", path)
		}
		if !failed[path] {
			t.Errorf("no script has an error of %s: ! exec %[1]s …, or: exits 2 %[1]s …", path)
		}
	}
}

// typed is what follows maillon on a line of a script, without flags of all commands,
// and whether that is to fail.
func typed(line string) (words []string, bad bool) {
	f := strings.Fields(line)
	switch {
	case len(f) > 2 && f[0] == "exits" && f[2] == "maillon":
		words, bad = f[3:], true
	case len(f) > 2 && f[0] == "!" && f[1] == "exec" && f[2] == "maillon":
		words, bad = f[3:], true
	case len(f) > 1 && f[0] == "exec" && f[1] == "maillon":
		words = f[2:]
	}
	if len(words) > 0 && strings.HasSuffix(words[len(words)-1], "&") {
		return nil, false // it runs in the background until it is stopped
	}
	return words, bad
}

// runnable are the paths of the commands that do something.
func runnable(cmd *cobra.Command) (paths []string) {
	if cmd.Runnable() {
		paths = append(paths, cmd.CommandPath())
	}
	for _, sub := range cmd.Commands() {
		paths = append(paths, runnable(sub)...)
	}
	return paths
}

// TestCommandsInFrench keeps a command or flag from being explained in one language only.
func TestCommandsInFrench(t *testing.T) {
	english, french := (&cli{lang: "en"}).root(), (&cli{lang: "fr"}).root()
	var look func(en, fr *cobra.Command)
	look = func(en, fr *cobra.Command) {
		if own := en.Parent() == nil || en.Parent().Name() != "completion"; own { // those are of cobra
			if en.Short == "" || en.Short == fr.Short || en.Long == fr.Long {
				t.Errorf("%s: en %q, fr %q", en.CommandPath(), en.Short, fr.Short)
			}
			en.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if other := fr.LocalFlags().Lookup(f.Name); f.Usage == "" || f.Usage == other.Usage && !isList(f.Usage) {
					t.Errorf("%s --%s: %q in both", en.CommandPath(), f.Name, f.Usage)
				}
			})
		}
		for i, sub := range en.Commands() {
			look(sub, fr.Commands()[i])
		}
	}
	look(english, french)
}

// isList reports whether a text is nothing but the words that a flag takes.
func isList(usage string) bool { return !strings.Contains(strings.ReplaceAll(usage, ", ", ","), " ") }
