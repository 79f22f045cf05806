package federation

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestGeneratedKeySignsForItsNodeOnly(t *testing.T) {
	secret, text, err := GenerateKey(rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, same, err := NewSigner(secret, rennes, 0)
	if err != nil || same != text || s.Name() != "maillon/"+rennes+"/0" {
		t.Fatalf("%v, %q, want %q", err, same, text)
	}
	v, err := NewVerifier(text, rennes, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := note.Sign(&note.Note{Text: "x\n"}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(raw, note.VerifierList(v)); err != nil {
		t.Error(err)
	}
	if k, ok := v.(interface{ KeyText() string }); !ok || k.KeyText() != text {
		t.Error("the verifier does not give its text back")
	}
	if _, _, err := NewSigner(secret, brest, 0); err == nil || !strings.Contains(err.Error(), "belongs to another node") {
		t.Errorf("signer for another node: %v", err)
	}
	if _, _, err := NewSigner(secret, rennes, 1); err == nil {
		t.Error("signer for another epoch")
	}
	if _, err := NewVerifier(text, rennes, 1); err == nil {
		t.Error("verifier for another epoch")
	}
	for _, bad := range []string{"", "x", secret[:len(secret)-4], text} {
		if _, _, err := NewSigner(bad, rennes, 0); err == nil {
			t.Errorf("secret %.20q accepted", bad)
		}
	}
	if _, _, err := GenerateKey("x", 0); err == nil {
		t.Error("key for a node that is none")
	}
}

func TestKeyNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"maillon/21350238800019/0":     true,
		"maillon/21350238800019-2/17":  true,
		"maillon/21350238800019/9999":  true,
		"maillon/21350238800019/10000": false,
		"maillon/21350238800019/01":    false,
		"maillon/21350238800019/-1":    false,
		"maillon/21350238800019/+1":    false,
		"maillon/21350238800019/":      false,
		"maillon/21350238800019":       false,
		"maillon/21350238800019/0/0":   false,
		"maillon/21350238800018/0":     false, // check digit
		"Maillon/21350238800019/0":     false,
		"":                             false,
	} {
		node, epoch, err := ParseKeyName(name)
		if (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
		if err == nil && KeyName(node, epoch) != name {
			t.Errorf("%q reads as %q, %d", name, node, epoch)
		}
	}
}
