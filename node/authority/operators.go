package authority

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"maillon/store"
)

// Role is what an operator may do. Each may do what those after it may.
type Role string

// The roles.
const (
	Administrator Role = "administrator" // everything, operators included
	Registrar     Role = "registrar"     // invite, accept, suspend, revoke, renew
	Reader        Role = "reader"        // look
	Self          Role = "self"          // the program, or a member that acts for itself
)

// ParseRole checks that s names a role that a person can have.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case Administrator, Registrar, Reader:
		return r, nil
	}
	return "", fmt.Errorf("role %q, want administrator, registrar or reader", s)
}

// May reports whether the role includes least.
func (r Role) May(least Role) bool {
	rank := map[Role]int{Reader: 1, Registrar: 2, Administrator: 3}
	return rank[r] >= rank[least] && rank[r] > 0
}

// An Operator is a person who acts for the hub.
type Operator struct {
	Name  string    `json:"name"`
	Role  Role      `json:"role"`
	Since time.Time `json:"since,omitzero"`
	Hash  string    `json:"hash,omitempty"` // hexadecimal SHA-256 of the token
}

const maxOperators = 200

// AddOperator makes an operator, or gives one that exists another role and
// token. The token is returned once and kept as a hash.
func (f *Office) AddOperator(by Operator, name string, role Role) (token string, err error) {
	if _, err := ParseRole(string(role)); err != nil {
		return "", err
	}
	if name == "" || len(name) > 60 || strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return unicode.Is(unicode.C, r) }) {
		return "", fmt.Errorf("name %.60q, want 1 to 60 bytes without control characters", name)
	}
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	token = hex.EncodeToString(b[:])
	err = f.db.Update(func(tx store.Tx) error {
		ops := tx.Bucket(bucket, "operators")
		n := 0
		for range ops.Ascend(nil) {
			n++
		}
		if n >= maxOperators && ops.Get([]byte(name)) == nil {
			return fmt.Errorf("%d operators, at most %d", n, maxOperators)
		}
		if err := putJSON(ops, name, Operator{Name: name, Role: role, Since: seconds(f.now()), Hash: hashToken(token)}); err != nil {
			return err
		}
		return f.record(tx, by, "operator-add", name, string(role))
	})
	return token, err
}

// RemoveOperator makes an operator's token worthless.
func (f *Office) RemoveOperator(by Operator, name string) error {
	return f.db.Update(func(tx store.Tx) error {
		ops := tx.Bucket(bucket, "operators")
		if name == "" || ops.Get([]byte(name)) == nil {
			return fmt.Errorf("operator %.60q: %w", name, store.ErrNotFound)
		}
		if err := ops.Delete([]byte(name)); err != nil {
			return err
		}
		return f.record(tx, by, "operator-remove", name, "")
	})
}

// Operators lists the operators, without the hashes of their tokens.
func (f *Office) Operators() ([]Operator, error) {
	all, err := f.operators()
	for i := range all {
		all[i].Hash = ""
	}
	return all, err
}

func (f *Office) operators() (out []Operator, err error) {
	err = f.db.View(func(tx store.Tx) error {
		for _, raw := range tx.Bucket(bucket, "operators").Ascend(nil) {
			var o Operator
			if err := json.Unmarshal(raw, &o); err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

// Operator finds who has a token. It takes as long whoever it is.
func (f *Office) Operator(token string) (who Operator, ok bool, err error) {
	all, err := f.operators()
	got := hashToken(token)
	for _, o := range all {
		if subtle.ConstantTimeCompare([]byte(got), []byte(o.Hash)) == 1 {
			who, ok = o, true
		}
	}
	return who, ok, err
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// An Act is one line of the trail.
type Act struct {
	Number uint64    `json:"number"` // from 1, without gaps
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Role   Role      `json:"role"`
	What   string    `json:"what"`
	About  string    `json:"about,omitempty"` // a node, a territory, an operator
	Detail string    `json:"detail,omitempty"`
}

// Record writes an act that was done elsewhere, such as an acceptance by hand.
func (f *Office) Record(by Operator, what, about, detail string) error {
	return f.db.Update(func(tx store.Tx) error { return f.record(tx, by, what, about, detail) })
}

// record adds a line to the trail in the transaction of what it tells.
func (f *Office) record(tx store.Tx, by Operator, what, about, detail string) error {
	if by.Name == "" {
		return errors.New("nobody acts without a name")
	}
	b := tx.Bucket(bucket, "trail")
	n := uint64(1)
	for key := range b.Descend(nil) {
		n = binary.BigEndian.Uint64(key) + 1
		break
	}
	raw, err := json.Marshal(Act{Number: n, At: seconds(f.now()), By: by.Name, Role: by.Role, What: what, About: about, Detail: detail})
	if err != nil {
		return err
	}
	return b.Put(binary.BigEndian.AppendUint64(nil, n), raw)
}

// Trail lists acts, the newest first, those before number before (0: all), at
// most most of them.
func (f *Office) Trail(before uint64, most int) (out []Act, err error) {
	err = f.db.View(func(tx store.Tx) error {
		var from []byte
		if before == 1 {
			return nil
		}
		if before > 1 {
			from = binary.BigEndian.AppendUint64(nil, before-1)
		}
		for _, raw := range tx.Bucket(bucket, "trail").Descend(from) {
			if len(out) >= most {
				break
			}
			var a Act
			if err := json.Unmarshal(raw, &a); err != nil {
				return err
			}
			out = append(out, a)
		}
		return nil
	})
	return out, err
}
