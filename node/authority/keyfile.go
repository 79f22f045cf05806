package authority

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"maillon/federation"
	"maillon/store/whole"
)

// WorkFactor makes guessing a passphrase dear: 2^18 blocks of scrypt, about a
// second and 256 MiB.
const WorkFactor = 18

// MinPassphrase is the shortest passphrase taken, in bytes.
const MinPassphrase = 12

// ErrPassphrase: the passphrase is not the one of the key file.
var ErrPassphrase = errors.New("the passphrase does not open the authority's key")

// CreateKey makes an authority key, a hub's or for "" a root's, and keeps it
// in a new file under a passphrase, in the age format (`age --decrypt` opens it).
func CreateKey(path, node, passphrase string) (*federation.Authority, error) {
	return CreateKeyAt(path, node, passphrase, WorkFactor)
}

// CreateKeyAt is [CreateKey] with another work factor, for tests: 2^work blocks.
func CreateKeyAt(path, node, passphrase string, work int) (*federation.Authority, error) {
	if len(passphrase) < MinPassphrase {
		return nil, fmt.Errorf("the passphrase has %d bytes, want at least %d: a few words will do", len(passphrase), MinPassphrase)
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s is there already: it is not overwritten", path)
	}
	secret, _, err := federation.GenerateAuthority(node)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(secret, passphrase, work)
	if err != nil {
		return nil, fmt.Errorf("encrypt the authority's key: %w", err)
	}
	if err := whole.WriteFile(path, sealed, 0o600); err != nil {
		return nil, fmt.Errorf("keep the authority's key: %w", err)
	}
	return federation.NewAuthority(secret)
}

func seal(secret, passphrase string, work int) ([]byte, error) {
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
	if _, err := io.WriteString(w, secret+"\n"); err != nil {
		return nil, err
	}
	if err := errors.Join(w.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 16 << 10

// OpenKey reads a key file that [CreateKey] made.
func OpenKey(path, passphrase string) (*federation.Authority, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the authority's key: %w", err)
	}
	secret, err := open(raw, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	a, err := federation.NewAuthority(strings.TrimSpace(secret))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

func open(raw []byte, passphrase string) (string, error) {
	if len(raw) > maxKeyFile {
		return "", fmt.Errorf("%d bytes, at most %d: this is no key file", len(raw), maxKeyFile)
	}
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return "", ErrPassphrase // an empty one
	}
	id.SetMaxWorkFactor(WorkFactor + 2)
	r, err := age.Decrypt(armor.NewReader(bytes.NewReader(raw)), id)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return "", ErrPassphrase
	}
	if err != nil {
		return "", fmt.Errorf("this is no key file of maillon, or it is damaged (put it back from your backup): %w", err)
	}
	secret, err := io.ReadAll(io.LimitReader(r, maxKeyFile))
	return string(secret), err
}

// ReadPassphrase reads a file that holds a passphrase in its first line.
func ReadPassphrase(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("passphrase: %s can be read by others: chmod 600 %s", path, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	return strings.TrimRight(line, "\r"), nil
}
