package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"maillon/catalog/entry"
	"maillon/catalog/pivot"
	"maillon/store/storetest"
)

// TestVectorsOfTheDocument makes the journal of docs/journal.md, "Test
// vector", and looks for each of its bytes there.
func TestVectorsOfTheDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/journal.md")
	if err != nil {
		t.Fatal(err)
	}
	k := newKey(t, self, 1)
	rec := pivot.Record{Kind: pivot.Marche, Form: pivot.Flat, Raw: []byte(`{"id":"2026-01"}`), Buyer: self, ID: "2026-01"}
	src := entry.Source{Deposit: "d1", Series: "main", Pointer: "/marches/0", Form: pivot.Flat}
	e, err := entry.NewPut(strings.NewReader("0123456789abcdef"), rec, src, noon)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, storetest.Memory(), k)
	commit(t, l, k, e)
	wantInDoc(t, doc, l, e)
	commit(t, l, k, redaction(t, 0))
	wantInDoc(t, doc, l, redaction(t, 0))
}

func wantInDoc(t *testing.T, doc []byte, l *Log, last entry.Entry) {
	t.Helper()
	leaf := tlog.RecordHash(last.Header)
	lines := append(strings.Split(strings.TrimSpace(string(l.Checkpoint())), "\n"), string(last.Header), "leaf hash "+hex.EncodeToString(leaf[:]))
	if l.Size() == 1 {
		_, key, err := get(t, l, "key", false)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(string(key)))
	}
	w := l.Size()
	bodies := fetch(t, l, fmt.Sprintf("bodies/000.p/%d", w), false)
	bundle := fetch(t, l, fmt.Sprintf("tile/entries/000.p/%d", w), false)
	lines = append(lines, "bodies/000.p/"+fmt.Sprint(w)+" "+hex.EncodeToString(bodies), fmt.Sprintf("tile/entries/000.p/%d begins %s", w, hex.EncodeToString(bundle[:8])))
	for _, line := range lines {
		if line != "" && !bytes.Contains(doc, []byte(line)) {
			t.Errorf("docs/journal.md lacks %s", line)
		}
	}
	if r := l.Root(); !bytes.Contains(doc, []byte(base64.StdEncoding.EncodeToString(r[:]))) {
		t.Errorf("docs/journal.md lacks the root")
	}
}
