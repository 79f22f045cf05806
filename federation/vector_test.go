package federation

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

// The vectors of docs/protocol.md are what this package makes and reads.
func TestVectorsOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	k := keyFrom(t, rennes, 0, 1)
	signed, err := Sign(k.signer, k.announcement(t))
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	join, request := joinRequest(t)
	asked, err := SignRequest(request, join.signer)
	if err != nil {
		t.Fatal(err)
	}
	_, invitation := invite(t)
	key, r, o := reported(t)
	report, err := SignReport(r, key.signer)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := SignOutcome(o, key.signer)
	if err != nil {
		t.Fatal(err)
	}
	_, inPool, _ := pass(t)
	for name, want := range map[string]string{
		"key": k.text, "announcement": string(signed),
		"chain":           string(JoinChain(h.notes(t))),
		"revocation list": string(list(t, h.region, 1, revoke("00000000000000ff", "")).Note()),
		"request":         string(asked), "report": string(report), "outcome": string(outcome), "invitation": invitation, "pass": hex.EncodeToString(inPool),
	} {
		if block := indent(want); !strings.Contains(string(raw), "\n\n"+block+"\n") {
			t.Errorf("docs/protocol.md does not show this %s:\n%s", name, block)
		}
	}
}

// The digest of a book that holds nothing but that announcement has one
// bucket that is not zero.
func TestDigestVectorOfTheProtocol(t *testing.T) {
	raw, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	k := keyFrom(t, rennes, 0, 1)
	var b Book
	b.Merge(k.sign(t, k.announcement(t)))
	d := b.Digest(noon)
	diff := d.Differ(&Digest{})
	if len(diff) != 1 || diff[0] != BucketOf(rennes) {
		t.Fatalf("buckets %x", diff)
	}
	want := fmt.Sprintf("\n\n    %02x  %016x\n", diff[0], d[diff[0]])
	if !strings.Contains(string(raw), want) {
		t.Errorf("docs/protocol.md does not show%s", want)
	}
}

// indent writes text as a block of Markdown.
func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	if !strings.HasSuffix(text, "\n") {
		b.WriteString("\n")
	}
	return b.String()
}
