// Command maillon runs a node of a federation of public procurement data:
// it publishes pivot files and a DCAT catalogue, follows other nodes and
// consolidates what they publish.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"maillon/catalog/texts"
)

// Exit codes.
const (
	exitBad    = 1 // the data or the state is bad
	exitMisuse = 2 // the command was not understood
)

// errBad ends a command with exit code 1 when what is wrong was already said.
var errBad = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string) int {
	c := &cli{lang: langFlag(args)} // before the commands are built: their help is in that language
	root := c.root()
	root.SetArgs(args)
	err := c.understood(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	return c.end(os.Stderr, err)
}

// langFlag finds --lang in a command line that is not parsed yet.
func langFlag(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv("MAILLON_LANG")
}

// cli holds what all commands share.
type cli struct {
	lang   string
	config string
}

// t is a text in the user's language: --lang, else the locale.
func (c *cli) t(key string, args ...any) string { return texts.T(c.language(), key, args...) }

func (c *cli) language() texts.Lang {
	if c.lang != "" {
		return texts.Parse(c.lang)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if v == "C" || v == "POSIX" || v == "C.UTF-8" {
				return texts.English
			}
			return texts.Parse(v)
		}
	}
	return texts.English
}

// root builds the tree of commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "maillon",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&c.lang, "lang", c.lang, c.t("cli.flag.lang"))
	root.PersistentFlags().StringVarP(&c.config, "config", "c", defaultConfig(), c.t("cli.flag.config"))
	root.AddCommand(
		c.runCommand(), c.demoCommand(), c.validateCommand(), c.convertCommand(), c.dictionaryCommand(), c.templateCommand(), c.publishCommand(), c.publishUdataCommand(), c.backupCommand(), c.restoreCommand(), c.retractCommand("withdraw"), c.retractCommand("redact"),
		c.membersCommand(), c.inviteCommand(), c.joinCommand(), c.rootKeyCommand(), c.sourceCommand(), c.territoryCommand(), c.rebuildCommand(), c.statusCommand(), c.verifyCommand(), c.versionCommand(),
	)
	root.AddCommand(c.toolboxCommand(), c.queryCommand(), c.configCommand())
	root.AddCommand(c.initCommand(), c.tokenCommand(), c.passwordCommand(), c.doctorCommand(), c.manCommand())
	root.AddCommand(c.sireneCommand(), c.scdlCommand(), c.compareCommand(), c.lettersCommand())
	root.AddCommand(c.settleCommand(), c.exportCommand())
	c.helpCommand(root)
	root.InitDefaultCompletionCmd()
	c.describe(root)
	return root
}

// describe gives every command its words and turns wrong flags and arguments
// into misuse.
func (c *cli) describe(cmd *cobra.Command) {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	key := "cli." + strings.ReplaceAll(path, " ", ".")
	if !texts.Has(key + ".short") {
		key = "cli." + cmd.Name()
	}
	if texts.Has(key + ".short") { // the shells under completion speak for themselves
		cmd.Short, cmd.Long = c.t(key+".short"), c.t(key+".short")
	}
	if texts.Has(key + ".long") {
		cmd.Long = c.t(key + ".long")
	}
	cmd.InitDefaultHelpFlag() // before arguments are looked at: it takes no value
	cmd.Flags().Lookup("help").Usage = c.t("cli.flag.help")
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &misuseError{cmd.CommandPath(), err} })
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if check(cmd, args) != nil {
				return &misuseError{cmd.CommandPath(), errors.New(c.t("cli.arguments", cmd.UseLine()))}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		c.describe(sub)
	}
}

// systemConfig is the configuration of a node that a package installed.
const systemConfig = "/etc/maillon/maillon.yaml"

// defaultConfig is MAILLON_CONFIG, else the file of this folder, else that of the
// package, where one is installed.
func defaultConfig() string {
	if v := os.Getenv("MAILLON_CONFIG"); v != "" {
		return v
	}
	if _, err := os.Stat("maillon.yaml"); err == nil {
		return "maillon.yaml"
	}
	if st, err := os.Stat(filepath.Dir(systemConfig)); err == nil && st.IsDir() {
		return systemConfig
	}
	return "maillon.yaml"
}
