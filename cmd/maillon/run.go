package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"maillon/node"
)

func (c *cli) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "run",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			cfg.Now = clock()
			log, level := levelled(cmd.ErrOrStderr(), cfg.Log)
			n, err := node.New(cfg, log)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			go c.reloads(ctx, n, log, level)
			go watchdog(ctx, n.Alive)
			go paceCollector(ctx, n.Rushing)
			context.AfterFunc(ctx, func() { notify("STOPPING=1") })
			notify("READY=1")
			return n.Run(ctx)
		},
	}
}

// reloads reads the configuration again with each SIGHUP, until ctx ends.
func (c *cli) reloads(ctx context.Context, n *node.Node, log zerolog.Logger, level *atomic.Int32) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		}
		cfg, err := c.load()
		var restart []string
		if err == nil {
			level.Store(int32(levelOf(cfg.Log)))
			restart, err = n.Reload(cfg)
		}
		switch {
		case err != nil:
			log.Error().Err(err).Msg("the configuration is not taken: what was in force stays so")
		case len(restart) > 0:
			log.Warn().Strs("sections", restart).Msg("the configuration is read again; these sections want a restart")
		default:
			log.Info().Msg("the configuration is read again")
		}
	}
}

// levelled is [logger] with a level that can be changed.
func levelled(w io.Writer, cfg node.LogConfig) (zerolog.Logger, *atomic.Int32) {
	level := &atomic.Int32{}
	level.Store(int32(levelOf(cfg)))
	log := logger(w, cfg).Level(zerolog.DebugLevel)
	return log.Hook(zerolog.HookFunc(func(e *zerolog.Event, at zerolog.Level, _ string) {
		if int32(at) < level.Load() {
			e.Discard()
		}
	})), level
}

func levelOf(cfg node.LogConfig) zerolog.Level {
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		return zerolog.InfoLevel
	}
	return level
}

// load reads the configuration, and says what to do when there is none.
func (c *cli) load() (node.Config, error) {
	cfg, err := node.LoadConfig(c.config)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, c.noConfig()
	}
	return cfg, err
}

// noConfig says what to do where there is no configuration.
func (c *cli) noConfig() error { return errors.New(c.t("cli.noconfig", c.config)) }

// logger writes to w as the configuration says.
func logger(w io.Writer, cfg node.LogConfig) zerolog.Logger {
	if !cfg.JSON {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.DateTime, NoColor: !colour(w)}
	}
	return zerolog.New(w).Level(levelOf(cfg)).With().Timestamp().Logger()
}

// colour reports whether w is a terminal whose user wants colours.
func colour(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}
