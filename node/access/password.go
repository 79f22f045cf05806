package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// MinPassword is the fewest characters a password may have.
const MinPassword = 12

// Cost of a password: argon2id with 19 MiB, two passes, one thread, the least that
// OWASP recommends: a small machine answers in a tenth of a second.
const (
	argonMemory  = 19 << 10 // KiB
	argonPasses  = 2
	argonThreads = 1
	saltSize     = 16
	sumSize      = 32
	maxPassword  = 1024 // bytes
)

// How often a password may be tried: a person never meets this limit.
const (
	mostTries = 10
	tryAgain  = 6 * time.Second // after which one more may be tried
)

// Errors of passwords.
var (
	ErrNoPassword = errors.New("no password is set: set one with maillon password")
	ErrWrong      = errors.New("the password is wrong")
	ErrTooMany    = errors.New("too many wrong passwords: wait a minute")
)

// SetPassword replaces the administrator's password; sessions opened with the old
// one end.
func (b *Book) SetPassword(password string) error {
	h, err := hashPassword(password)
	if err != nil {
		return err
	}
	return b.change(func(c *content) error {
		c.Password = h
		return nil
	})
}

// HasPassword reports whether a password is set.
func (b *Book) HasPassword() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.load() == nil && b.have.Password != ""
}

// Login checks the administrator's password and gives a token that stands for it,
// until the password changes or lasts is over. One password is checked at a time.
func (b *Book) Login(password string, lasts time.Duration) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.load(); err != nil {
		return "", err
	}
	if b.have.Password == "" {
		return "", ErrNoPassword
	}
	now := b.now()
	if !b.tries.allow(now) {
		return "", ErrTooMany
	}
	if !matches(b.have.Password, password) {
		return "", ErrWrong
	}
	b.tries = tries{}
	for key, g := range b.grants {
		if now.After(g.until) {
			delete(b.grants, key)
		}
	}
	secret := prefix + random()
	b.grants[hash(secret)] = grant{b.have.Password, now.Add(lasts)}
	return secret, nil
}

// A grant is a session opened with a password, by the hash of its token.
type grant struct {
	password string // the hash of that time
	until    time.Time
}

// Administrator is the name of whoever has the password.
const Administrator = "admin"

func (b *Book) granted(hash string) (Token, bool) {
	g, ok := b.grants[hash]
	if !ok || g.password != b.have.Password || b.now().After(g.until) {
		return Token{}, false
	}
	return Token{Name: Administrator, Scopes: []Scope{Admin}, Expires: g.until}, true
}

// tries counts wrong passwords; they are forgotten one by one.
type tries struct {
	n    int
	last time.Time
}

func (t *tries) allow(now time.Time) bool {
	if forgotten := int(now.Sub(t.last) / tryAgain); forgotten > 0 {
		t.n, t.last = max(0, t.n-forgotten), now
	}
	if t.n >= mostTries {
		return false
	}
	t.n++
	return true
}

// hashPassword gives salt and hash in the form of the PHC string format.
func hashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < MinPassword || len(password) > maxPassword {
		return "", fmt.Errorf("the password has %d characters, want %d or more: four words in a row are easy to keep", n, MinPassword)
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	sum := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonThreads, sumSize)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads, enc(salt), enc(sum)), nil
}

// matches compares in constant time. A hash of unreasonable cost matches nothing.
func matches(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || len(password) > maxPassword {
		return false
	}
	var version, memory, passes, threads uint32
	if n, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &threads); n != 4 || err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || err2 != nil || version != argon2.Version || len(want) < 16 || len(want) > 64 || memory > 64<<10 || passes == 0 || passes > 4 || threads == 0 || threads > 4 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
