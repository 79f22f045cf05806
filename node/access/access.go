// Package access keeps who may do what on one node: the password of its
// administrator and the tokens given to programs and people, in one file of the
// data folder. It holds hashes only: what was given is shown once and cannot be
// read back. The command line changes the file, the running node sees that it
// changed: losing access takes effect with the next request.
//
// The tokens that the node makes for its own command line (admin.token,
// deposit.token) and the operators of a hub's desk are not here.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"maillon/store/whole"
)

// FileName is the file's name in the data folder.
const FileName = "access.token"

// A Scope is something that a token lets its bearer do.
type Scope string

// The scopes.
const (
	Deposit Scope = "deposit" // publish, withdraw, read reports
	Metrics Scope = "metrics" // read /metrics
	Read    Scope = "read"    // look at everything an operator sees
	Admin   Scope = "admin"   // everything
)

// Scopes lists the scopes there are.
var Scopes = []Scope{Deposit, Metrics, Read, Admin}

// A Token is one token, without what its bearer shows.
type Token struct {
	Name    string    `json:"name"`
	Scopes  []Scope   `json:"scopes"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
	Hash    string    `json:"hash,omitempty"`   // hexadecimal SHA-256
}

// May reports whether the token was given for s; admin is given for everything.
func (t Token) May(s Scope) bool {
	return slices.Contains(t.Scopes, s) || slices.Contains(t.Scopes, Admin)
}

// Over reports whether the token has expired.
func (t Token) Over(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }

type content struct {
	Password string  `json:"password,omitempty"` // as [hashPassword] writes it
	Tokens   []Token `json:"tokens,omitempty"`
}

// A Book is the file of one node. All methods may be called from any goroutine.
type Book struct {
	path string
	now  func() time.Time

	mu     sync.Mutex
	have   content
	stamp  stamp
	grants map[string]grant
	tries  tries
}

// stamp tells whether the file is the one that was read.
type stamp struct {
	at   time.Time
	size int64
}

// Limits of a file.
const (
	maxTokens = 1000
	maxFile   = 1 << 20
	prefix    = "maillon_"
)

// Errors of a book.
var (
	ErrUnknown = errors.New("there is no token of that name")
	ErrTaken   = errors.New("there is a token of that name: revoke it first, or choose another name")
)

// Open makes a book of the file at path, which need not exist. now is the clock.
func Open(path string, now func() time.Time) *Book {
	return &Book{path: path, now: now, grants: map[string]grant{}}
}

// load reads the file again if it changed.
func (b *Book) load() error {
	st, err := os.Stat(b.path)
	if errors.Is(err, fs.ErrNotExist) {
		b.have, b.stamp = content{}, stamp{}
		return nil
	}
	if err != nil {
		return err
	}
	seen := stamp{st.ModTime(), st.Size()}
	if seen == b.stamp {
		return nil
	}
	if st.Size() > maxFile {
		return fmt.Errorf("%s has %d bytes: it is none of maillon's", b.path, st.Size())
	}
	raw, err := os.ReadFile(b.path)
	if err != nil {
		return err
	}
	var c content
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("%s is damaged (%w): put it back from a backup, or delete it and give tokens anew", b.path, err)
	}
	b.have, b.stamp = c, seen
	return nil
}

// change loads the file, changes it and writes it, alone.
func (b *Book) change(f func(*content) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	free, err := lock(b.path + ".lock")
	if err != nil {
		return err
	}
	defer free()
	b.stamp = stamp{}
	if err := b.load(); err != nil {
		return err
	}
	c := content{b.have.Password, slices.Clone(b.have.Tokens)}
	if err := f(&c); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := whole.WriteFile(b.path, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	b.stamp = stamp{}
	return likeFolder(b.path)
}

// lock makes a file that nobody else has; one that was left behind is taken over.
func lock(path string) (free func(), err error) {
	for range 100 {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return func() { _ = os.Remove(path) }, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 10*time.Second {
			_ = os.Remove(path)
			continue
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("%s: another command changes the tokens now: try again, or delete that file if none does", path)
}

// Create makes a token and gives what its bearer shows: the only time it can be seen.
// lasts is how long it holds; 0 is for ever.
func (b *Book) Create(name string, scopes []Scope, lasts time.Duration) (secret string, err error) {
	if name == "" || len(name) > 60 || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fmt.Errorf("name %.60q, want 1 to 60 bytes without control characters", name)
	}
	if len(scopes) == 0 {
		return "", errors.New("a token without a scope is good for nothing")
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes, s) {
			return "", fmt.Errorf("scope %.20q, want one of %v", s, Scopes)
		}
	}
	if lasts < 0 {
		return "", errors.New("a token cannot have expired before it is made")
	}
	secret = prefix + random()
	now := b.now().UTC().Truncate(time.Second)
	t := Token{Name: name, Scopes: slices.Compact(slices.Sorted(slices.Values(scopes))), Created: now, Hash: hash(secret)}
	if lasts > 0 {
		t.Expires = now.Add(lasts)
	}
	return secret, b.change(func(c *content) error {
		if slices.ContainsFunc(c.Tokens, func(t Token) bool { return t.Name == name }) {
			return fmt.Errorf("%w (%s)", ErrTaken, name)
		}
		if len(c.Tokens) >= maxTokens {
			return fmt.Errorf("%d tokens, at most %d: revoke those that expired", len(c.Tokens), maxTokens)
		}
		c.Tokens = append(c.Tokens, t)
		return nil
	})
}

// Revoke makes a token worthless.
func (b *Book) Revoke(name string) error {
	return b.change(func(c *content) error {
		n := len(c.Tokens)
		if c.Tokens = slices.DeleteFunc(c.Tokens, func(t Token) bool { return t.Name == name }); len(c.Tokens) == n {
			return fmt.Errorf("%w (%.60s)", ErrUnknown, name)
		}
		return nil
	})
}

// List gives the tokens, oldest first, without their hashes.
func (b *Book) List() ([]Token, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.load(); err != nil {
		return nil, err
	}
	out := slices.Clone(b.have.Tokens)
	for i := range out {
		out[i].Hash = ""
	}
	return out, nil
}

// Who finds the token that secret is, if it holds still. It takes as long whoever it is.
func (b *Book) Who(secret string) (Token, bool) {
	secret = strings.TrimSpace(secret)
	if !strings.HasPrefix(secret, prefix) {
		return Token{}, false
	}
	got := hash(secret)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.load() != nil {
		return Token{}, false // what cannot be read lets nobody in
	}
	if t, ok := b.granted(got); ok {
		return t, true
	}
	var who Token
	found := false
	for _, t := range b.have.Tokens {
		if subtle.ConstantTimeCompare([]byte(got), []byte(t.Hash)) == 1 && !t.Over(b.now()) {
			who, found = t, true
		}
	}
	who.Hash = ""
	return who, found
}

func random() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
