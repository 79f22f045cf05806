package federation

import (
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestARingKnowsWhatItsKeyReplaced(t *testing.T) {
	old, fresh := keyFrom(t, rennes, 0, 1), keyFrom(t, rennes, 0, 2)
	r, err := NewRing(rennes, 0, old.text)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Set(fresh.text, keyFrom(t, brest, 0, 1).text); err == nil || r.KeyText() != old.text {
		t.Errorf("another node's key is taken: %v", err)
	}
	if err := r.Set(fresh.text, old.text); err != nil {
		t.Fatal(err)
	}
	if r.KeyText() != fresh.text || len(r.Keys()) != 2 || r.Name() != old.signer.Name() {
		t.Errorf("%v", r.Texts())
	}
	live := NewLiveSigner(old.signer, old.text)
	for _, k := range []testKey{old, fresh} {
		live.Replace(k.signer, k.text)
		raw, err := note.Sign(&note.Note{Text: "x\n"}, live)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := note.Open(raw, note.VerifierList(r.Keys()...)); err != nil {
			t.Error(err)
		}
		_, err = note.Open(raw, note.VerifierList(r))
		if (err == nil) != (k.text == fresh.text) {
			t.Errorf("as a verifier it is the present key's: %v", err)
		}
	}
}
