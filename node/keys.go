package node

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/mod/sumdb/note"

	"maillon/federation"
	"maillon/store"
	"maillon/store/journal"
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
		if err := renameio.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			return k, fmt.Errorf("keep the node's key: %w", err)
		}
		raw, k.fresh = []byte(secret), true
	case err != nil:
		return k, fmt.Errorf("read the node's key: %w", err)
	}
	if k.signer, k.text, err = federation.NewSigner(strings.TrimSpace(string(raw)), node, 0); err != nil {
		return k, fmt.Errorf("%s: %w", path, err)
	}
	k.verifier, err = verifierOf(k.text, node, 0)
	return k, err
}

// verifierOf reads a node's public key, checks that it is that node's, and
// keeps its text so that a journal can serve it.
func verifierOf(text, node string, epoch int) (note.Verifier, error) {
	if _, err := federation.NewVerifier(text, node, epoch); err != nil {
		return nil, err
	}
	return journal.NewVerifier(text)
}

// loadTokens reads the tokens of a file, one a line, made with one fresh
// token at the first start. Lines that begin with # are comments.
func loadTokens(path string) ([]string, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var b [24]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		token := hex.EncodeToString(b[:])
		if err := renameio.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
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
