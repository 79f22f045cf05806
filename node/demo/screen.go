package demo

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"maillon/catalog/texts"
	"maillon/node/deposit"
)

// A screen tells what happens: lines, or on a terminal a table that is drawn
// over again.
type screen struct {
	o        Options
	members  []*member
	start    time.Time
	deposits []*deposited
	drawn    int    // lines of the table on the terminal
	last     string // the table as last printed
}

// A deposited is one file on its way.
type deposited struct {
	on     *member
	name   string
	report *deposit.Report
	held   int           // of its records, how many the nation holds
	took   time.Duration // until the nation held all
}

func (d *deposited) done() bool { return d.held >= d.report.Counts.Appended }

func (s *screen) t(key string, args ...any) string { return texts.T(s.o.Lang, key, args...) }

func (s *screen) line(key string, args ...any) {
	_, _ = fmt.Fprintln(s.o.Out, s.t(key, args...))
}

func (s *screen) welcome() {
	s.line("demo.welcome")
	for _, m := range s.members {
		_, _ = fmt.Fprintf(s.o.Out, "  %-34s %s\n", m.url(), m.cfg.Name)
	}
	s.line("demo.data", s.o.Data)
}

// deposit publishes one file on one node and says what became of it.
func (s *screen) deposit(ctx context.Context, m *member, name string, open func() (io.ReadCloser, error)) error {
	f, err := open()
	if err != nil {
		return err
	}
	defer f.Close()
	rep, err := post(ctx, m, name, f)
	if err != nil {
		return fmt.Errorf("deposit %s on %s: %w", name, m.cfg.Name, err)
	}
	n := rep.Counts
	base := filepath.Base(name)
	switch rep.Outcome {
	case deposit.Rejected:
		why := ""
		if rep.Problem != nil {
			why = s.t("rule."+rep.Problem.Rule+".text", rep.Problem.Found, rep.Problem.Expected)
		}
		s.line("demo.rejected", base, m.cfg.Name, why)
	default:
		s.line("demo.deposited", base, m.cfg.Name, n.Records, n.Conforming, n.ToCorrect, n.Refused, n.Appended)
	}
	s.deposits = append(s.deposits, &deposited{on: m, name: base, report: rep})
	return nil
}

// climb follows the deposits until the nation holds them all, or time is up.
func (s *screen) climb(ctx context.Context) error {
	deadline := time.NewTimer(s.o.Timeout)
	defer deadline.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		all, err := s.look()
		if err != nil {
			return err
		}
		s.draw()
		if all {
			return s.arrived(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-deadline.C:
			s.missing()
			return ErrMissing
		case <-tick.C:
		}
	}
}

// look asks the nation how much of each deposit it holds.
func (s *screen) look() (all bool, err error) {
	all = true
	for _, d := range s.deposits {
		if d.took == 0 {
			if d.held, err = top(s.members).node.Holds(d.report.ID); err != nil {
				return false, err
			}
			if d.done() {
				d.took = time.Since(s.start)
			}
		}
		all = all && d.done()
	}
	return all, nil
}

// draw shows how far each journal has come.
func (s *screen) draw() {
	var b strings.Builder
	fmt.Fprintf(&b, "%-46s %9s %9s %9s\n", s.t("demo.column.node"), s.t("demo.column.journal"), s.t("level.region"), s.t("level.national"))
	for _, m := range s.members {
		id := m.cfg.ID.String()
		fmt.Fprintf(&b, "%-46s %9d %9s %9s\n", m.cfg.Name, m.node.JournalSize(), s.held(s.members[1], id), s.held(top(s.members), id))
	}
	table := b.String()
	if table == s.last {
		return
	}
	s.last = table
	if s.o.Live && s.drawn > 0 {
		_, _ = fmt.Fprintf(s.o.Out, "\x1b[%dA\x1b[J", s.drawn)
	}
	if s.o.Live {
		_, _ = io.WriteString(s.o.Out, table)
		s.drawn = strings.Count(table, "\n")
	}
}

// held is how much of a node's journal another one holds.
func (s *screen) held(by *member, id string) string {
	if by.cfg.ID.String() == id {
		return "·"
	}
	return fmt.Sprint(by.node.Mirrored(id))
}

// arrived sums up, and unless asked to end waits with the federation running.
func (s *screen) arrived(ctx context.Context) error {
	if !s.o.Live {
		_, _ = io.WriteString(s.o.Out, s.last)
	}
	var slowest time.Duration
	for _, d := range s.deposits {
		slowest = max(slowest, d.took)
	}
	sum, err := top(s.members).node.Summary()
	if err != nil {
		return err
	}
	s.line("demo.arrived", slowest.Round(10*time.Millisecond), sum.Contracts, sum.Records, sum.Conforming, sum.ToCorrect)
	switch at := top(s.members).url() + "/api/v1/conflicts"; sum.Conflicts {
	case 0:
	case 1:
		s.line("demo.conflicts.one", at)
	default:
		s.line("demo.conflicts.many", sum.Conflicts, at)
	}
	if s.o.arrived != nil {
		if err := s.o.arrived(top(s.members).url()); err != nil {
			return err
		}
	}
	if s.o.Once {
		return nil
	}
	s.line("demo.visit", top(s.members).url())
	<-ctx.Done()
	return nil
}

// missing lists what the nation does not hold.
func (s *screen) missing() {
	for _, d := range s.deposits {
		if !d.done() {
			s.line("demo.missing", d.name, d.on.cfg.Name, d.report.Counts.Appended-d.held, d.report.Counts.Appended)
		}
	}
}
