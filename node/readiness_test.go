package node

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"maillon/catalog/texts"
	"maillon/node/doctor"
)

// Whatever keeps a node from serving or signing is told, with a text in both languages
// and a command.
func TestANodeSaysWhatItWaitsFor(t *testing.T) {
	full, room := &doctor.Disk{Free: 1 << 20, Total: 1 << 40}, &doctor.Disk{Free: 1 << 39, Total: 1 << 40}
	for name, c := range map[string]struct {
		s    standing
		want string
	}{
		"ready":                {standing{Views: true, Files: true, Editions: true, Disk: room}, ""},
		"views":                {standing{Ahead: 60, Total: 100, Disk: room}, "views! [40 40 100]"},
		"views of nothing":     {standing{}, "views! [100 0 0]"},
		"a journal that grows": {standing{Ahead: 120, Total: 100}, "views! [0 0 100]"},
		"files":                {standing{Views: true, Editions: true}, "files! []"},
		"editions":             {standing{Views: true, Files: true}, "editions! []"},
		"tail not recovered":   {standing{Views: true, Files: true, Editions: true, Head: errors.New("ask")}, "journal [ask]"},
		"clock":                {standing{Views: true, Files: true, Editions: true, Head: errors.New("ask"), Clock: errors.New("late")}, "clock [late]"},
		"disk, then views":     {standing{Ahead: 1, Total: 2, Disk: full}, "disk [], views! [50 1 2]"},
	} {
		var got []string
		for _, w := range c.s.waits() {
			mark := ""
			if w.Blocks {
				mark = "!"
			}
			got = append(got, fmt.Sprint(w.Code, mark, " ", w.Args))
			if f := w.Finding(); f.Mend == "" || strings.HasPrefix(f.Text(texts.French), "doctor.") || strings.Contains(f.Text(texts.English), "{") {
				t.Errorf("%s: %s has the text %q and the command %q", name, w.Code, f.Text(texts.English), f.Mend)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: waits for %q, want %q", name, s, c.want)
		}
	}
}
