package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"maillon/federation"
	"maillon/store"
	"maillon/store/journal"
	"maillon/store/whole"
)

// loadKey reads the node's signing key, or makes it if the node has none and
// has never signed anything. A missing key beside an existing journal is an
// error: a new key would be another node.
func loadKey(path, node string, db store.DB) (nodeKey, error) {
	var k nodeKey
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		known, err := journal.List(db)
		if err != nil {
			return k, err
		}
		for _, j := range known {
			if j.Node == node {
				return k, fmt.Errorf("%s is missing, but this folder holds a journal that was signed with it: put the key back from your backup", path)
			}
		}
		secret, _, err := federation.GenerateKey(node, 0)
		if err != nil {
			return k, err
		}
		if err := whole.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			return k, fmt.Errorf("keep the node's key: %w", err)
		}
		raw, k.fresh = []byte(secret), true
	case err != nil:
		return k, fmt.Errorf("read the node's key: %w", err)
	}
	signer, text, err := federation.NewSigner(strings.TrimSpace(string(raw)), node, 0)
	if err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	past, err := pastKeys(path)
	if err != nil {
		return k, err
	}
	k.signer = federation.NewLiveSigner(signer, text)
	k.verifier, err = federation.NewRing(node, 0, append([]string{text}, past...)...)
	return k, err
}

// text is the verifier key, as others know it.
func (k nodeKey) text() string {
	_, text := k.signer.Key()
	return text
}

// pastKeys reads the public keys that this node signed with before, the
// latest first, from the file beside the key.
func pastKeys(path string) ([]string, error) {
	raw, err := os.ReadFile(path + ".past")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the node's past keys: %w", err)
	}
	return strings.Fields(string(raw)), nil
}

// replaceKey makes secret the node's key from now on. The past keys are
// written first: with the old secret gone, nothing else would tell of it.
func replaceKey(path, node string, k nodeKey, secret string) error {
	signer, text, err := federation.NewSigner(secret, node, 0)
	if err != nil {
		return err
	}
	past := slices.DeleteFunc(k.verifier.Texts(), func(old string) bool { return old == text })
	if err := whole.WriteFile(path+".past", []byte(strings.Join(past, "\n")+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep the node's past keys: %w", err)
	}
	if err := whole.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return fmt.Errorf("keep the node's key: %w", err)
	}
	// Others verify with the ring at once; what is signed next is by the new key.
	if err := k.verifier.Set(append([]string{text}, past...)...); err != nil {
		return err
	}
	k.signer.Replace(signer, text)
	return nil
}

// verifierOf reads a node's public keys, the present one first, and checks
// that they are that node's.
func verifierOf(text, node string, epoch int, past ...string) (*federation.Ring, error) {
	keys := []string{text}
	for _, p := range slices.Backward(past) { // oldest first, as a hub states them
		keys = append(keys, p)
	}
	return federation.NewRing(node, epoch, keys...)
}

// loadTokens reads the tokens of a file, one a line, made with one fresh
// token at the first start. Lines that begin with # are comments.
func loadTokens(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var b [24]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		token := hex.EncodeToString(b[:])
		if err := whole.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("keep a token: %w", err)
		}
		return []string{token}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	var tokens []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			tokens = append(tokens, line)
		}
	}
	if len(tokens) == 0 {
		return nil, fmt.Errorf("%s holds no token: write one a line, or delete the file to have one made", path)
	}
	return tokens, nil
}
