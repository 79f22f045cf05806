package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// MinPassphrase is the shortest passphrase taken, in bytes.
const MinPassphrase = 12

// ErrPassphrase: the passphrase is not the one that the keys were encrypted with.
var ErrPassphrase = errors.New("the passphrase is not the one of this file")

// Limits of a file of keys.
const (
	maxKeys    = 1 << 20
	workFactor = 18
)

// IsSecret reports whether a file of the data folder is a secret key, or goes
// with one: the keys it replaced or is to be replaced by, the node's charter.
func IsSecret(name string) bool {
	switch filepath.Ext(name) {
	case ".key", ".past", ".next", ".token", ".pass", ".passphrase":
		return true
	}
	return name == "charter.txt"
}

// SealKeys encrypts the secret keys that lie in a data folder.
func SealKeys(dir, passphrase string) ([]byte, error) { return sealKeys(dir, passphrase, workFactor) }

func sealKeys(dir, passphrase string, work int) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("the passphrase has %d characters, want %d or more: five words in a row are easy to keep", len(passphrase), MinPassphrase)
	}
	keys := map[string][]byte{}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if e.Type().IsRegular() && IsSecret(e.Name()) {
			if keys[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
				return nil, err
			}
		}
	}
	raw, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	to.SetWorkFactor(work)
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	w, err := age.Encrypt(armored, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(raw); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// OpenKeys decrypts what [SealKeys] made: contents by file name.
func OpenKeys(raw []byte, passphrase string) (map[string][]byte, error) {
	if len(raw) > 2*maxKeys {
		return nil, fmt.Errorf("%d bytes: this is no file of keys", len(raw))
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, ErrPassphrase // an empty one
	}
	id.SetMaxWorkFactor(workFactor + 2)
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(raw)), id)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, ErrPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("this is no file of keys of maillon, or it is damaged: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxKeys))
	if err != nil {
		return nil, fmt.Errorf("this file of keys is damaged: %w", err)
	}
	var keys map[string][]byte
	if err := json.Unmarshal(plain, &keys); err != nil {
		return nil, fmt.Errorf("this is no file of keys of maillon: %w", err)
	}
	for name := range keys {
		if !IsSecret(name) || filepath.Base(name) != name || strings.ContainsAny(name, `/\`) || !fs.ValidPath(name) {
			return nil, fmt.Errorf("this file of keys holds one named %.80q", name)
		}
	}
	return keys, nil
}

// WriteKeys writes keys into a folder, for its owner alone.
func WriteKeys(dir string, keys map[string][]byte) error {
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), keys[name], 0o600); err != nil {
			return err
		}
	}
	return nil
}
