package federation

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/note"
)

// Errors of notes that are no announcements: charters, revocation lists and
// requests. Each is wrapped with what was found.
var (
	ErrBadNote      = errors.New("not a note of this kind")
	ErrBadSignature = errors.New("signature does not verify")
)

func badNote(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrBadNote, fmt.Errorf(format, args...))
}

// writeNote signs a note of two lines: its kind, and v as JSON. Each signer
// adds one signature, in order.
func writeNote(kind string, v any, signers ...note.Signer) ([]byte, error) {
	text, err := noteText(kind, v)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, signers...)
}

func noteText(kind string, v any) (string, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return "", badNote("%w", err)
	}
	return kind + "\n" + string(line) + "\n", nil
}

// readText reads the two lines of a note of at most most bytes into v. It
// verifies nothing.
func readText(raw []byte, kind string, most int, v any) error {
	if len(raw) > most {
		return badNote("%d bytes, at most %d", len(raw), most)
	}
	text, _, ok := bytes.Cut(raw, []byte("\n\n"))
	head, line, _ := strings.Cut(string(text), "\n")
	switch {
	case !ok:
		return badNote("no signature block")
	case head != kind:
		return badNote("first line %q, want %q", cut(head), kind)
	case strings.Contains(line, "\n"):
		return badNote("more than one line after the first")
	}
	// Strict: no duplicate or differently capitalised names, no invalid UTF-8.
	if err := json.Unmarshal([]byte(line), v); err != nil {
		return badNote("%w", err)
	}
	return nil
}

// checkSignatures verifies that raw is signed by exactly these keys, in this
// order, and is written in the one way there is: otherwise whoever passes a
// note on could make another one of the same meaning.
func checkSignatures(raw []byte, by ...note.Verifier) error {
	n, err := note.Open(raw, note.VerifierList(by...))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	if len(n.Sigs) != len(by) || len(n.UnverifiedSigs) > 0 {
		return badNote("%d signatures, want %d", len(n.Sigs)+len(n.UnverifiedSigs), len(by))
	}
	want := n.Text + "\n"
	for i, s := range n.Sigs {
		sig, err := base64.StdEncoding.Strict().DecodeString(s.Base64)
		if err != nil || s.Name != by[i].Name() || s.Hash != by[i].KeyHash() {
			return badNote("its signatures are not in order")
		}
		want += "— " + s.Name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"
	}
	if string(raw) != want {
		return badNote("it is not written in its one form")
	}
	return nil
}
